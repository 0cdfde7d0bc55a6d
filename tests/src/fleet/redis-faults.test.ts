import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, type Observation } from '../harness/fault-table.ts';
import { expectOthersUntouched, IS_MEASURED, REPETITIONS, RETRY_TIMEOUT_MS, Scenario } from '../harness/scenario.ts';
import { until } from '../harness/until.ts';

const TEST_TIMEOUT_MS = 180_000 * REPETITIONS;
/** Longer than anybody waits before he acts. */
const [STANDSTILL_MS, ABSENCE_MS] = IS_MEASURED ? [20_000, 8_000] : [8_000, 6_000];
/**
 * A retry comes late by this much at most: looks at the queue and the connect. On a machine that has other things to do by more, but still before
 * Redis is back.
 */
const LATE_MS = IS_MEASURED ? 1_500 : 3_500;

describe('what steers the fleet fails under 200 pushes', () => {
  let scenario: Scenario;

  beforeAll(async () => {
    scenario = await Scenario.given({ workers: 3, pushes: 200 });
  });

  afterAll(async () => {
    scenario?.report();
    await scenario?.stop();
  });

  const times = async (fault: () => Promise<Observation>): Promise<void> => {
    for (let time = 0; time < REPETITIONS; time++) {
      const seen = await fault();
      expectOthersUntouched(seen);
      expect(seen.doubled.connection).toEqual([]);
      expectRetriedOnTime(seen);
    }
  };

  /** Not before their time, and not late. */
  function expectRetriedOnTime({ retryMs }: Observation): void {
    expect(retryMs.length).toBeGreaterThan(0);
    expect(Math.min(...retryMs)).toBeGreaterThanOrEqual(RETRY_TIMEOUT_MS - 50);
    expect(at(retryMs, 1)).toBeLessThan(RETRY_TIMEOUT_MS + LATE_MS);
  }

  /** Ten targets close their connections as soon as the fault is there, before anybody can know of it, and ten later on. */
  async function targetsDropMeanwhile(laterMs: number): Promise<void> {
    scenario.targetsDrop(scenario.names.slice(0, 10));
    await sleep(laterMs);
    scenario.targetsDrop(scenario.names.slice(10, 20));
  }

  it(
    `Redis stands still for ${STANDSTILL_MS / 1_000} s: pushes go on, and those that fail are tried again on time`,
    () =>
      times(() =>
        scenario.fault(`SIGSTOP of Redis for ${STANDSTILL_MS / 1_000} s`, {
          strike: async () => {
            scenario.redis.freeze();
            await targetsDropMeanwhile(5_000);
          },
          lastsMs: STANDSTILL_MS,
          mend: () => scenario.redis.thaw(),
        }),
      ),
    TEST_TIMEOUT_MS,
  );

  it(
    'Redis dies and is started again with what it had written: the same',
    () =>
      times(() =>
        scenario.fault(`kill -9 of Redis, back with its data after ${ABSENCE_MS / 1_000} s`, {
          strike: async () => {
            await scenario.redis.kill();
            await targetsDropMeanwhile(2_000);
          },
          lastsMs: ABSENCE_MS,
          mend: () => scenario.redis.restart(),
        }),
      ),
    TEST_TIMEOUT_MS,
  );

  it(
    'Redis dies and is started again with nothing: the same',
    () =>
      times(() =>
        scenario.fault(`kill -9 of Redis, back empty after ${ABSENCE_MS / 1_000} s`, {
          strike: async () => {
            await scenario.redis.kill();
            await targetsDropMeanwhile(2_000);
          },
          lastsMs: ABSENCE_MS,
          mend: () => scenario.redis.restart({ keepData: false }),
        }),
      ),
    TEST_TIMEOUT_MS,
  );

  it(
    'FLUSHALL: the same',
    () =>
      times(() =>
        scenario.fault('FLUSHALL', {
          strike: async () => {
            await scenario.redis.flush();
            await targetsDropMeanwhile(1_000);
          },
        }),
      ),
    TEST_TIMEOUT_MS,
  );

  it(
    'no scheduler is left: pushes go on, retries too, and commands are obeyed once there is one again',
    () =>
      times(async () => {
        const seen = await scenario.fault('kill -9 of all schedulers for 5 s', {
          strike: async () => {
            scenario.fleet.scheduler.kill('SIGKILL');
            await targetsDropMeanwhile(1_000);
          },
          lastsMs: 5_000,
          mend: () => scenario.fleet.replaceScheduler(),
        });
        const [{ id } = { id: '' }] = await scenario.fleet.api.pushes({ limit: '1' });
        const open = () => scenario.sink.open().length;
        await scenario.fleet.api.pause(id);
        await until(() => open() === scenario.names.length - 1, { what: 'the paused push to end' });
        await scenario.fleet.api.resume(id);
        await until(() => open() === scenario.names.length, { what: 'the resumed push to begin' });
        return seen;
      }),
    TEST_TIMEOUT_MS,
  );
});
