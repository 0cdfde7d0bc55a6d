import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, type Observation } from '../harness/fault-table.ts';
import type { WorkerProcess } from '../harness/fleet.ts';
import type { TestRedis } from '../harness/redis.ts';
import { expectOthersUntouched, IS_MEASURED, REPETITIONS, Scenario } from '../harness/scenario.ts';
import { until } from '../harness/until.ts';

/** Longer than it takes until everything runs elsewhere. */
const ABSENCE_MS = IS_MEASURED ? 8_000 : 5_000;
/** Longer than the half second between two beats, and shorter than the silence after which a worker doubts that it is in touch. */
const BEAT_UNDER_WAY_MS = 600;
/** Longer than the 1.2 s after which workers ask one another, and the 0.4 s for the answers. */
const REDIS_IS_MISSED_MS = 2_000;
/** Until media is there again at all targets, and from the waking of a worker to the end of its last connection. What is promised is measured alone on a machine. */
const [RECOVERY_MS, LETS_GO_MS] = IS_MEASURED ? [5_000, 100] : [10_000, 1_000];
const TEST_TIMEOUT_MS = 180_000 * REPETITIONS;

describe('workers fail under 200 pushes', () => {
  let scenario: Scenario;

  beforeAll(async () => {
    scenario = await Scenario.given({ workers: 3, pushes: 200 });
  });

  afterAll(async () => {
    scenario?.report();
    await scenario?.stop();
  });

  /** Media is there again in time, of the half of the pushes within 3 s; one fault alone says nothing of the usual. */
  async function times(fault: () => Promise<Observation>): Promise<void> {
    const seen: Observation[] = [];
    for (let time = 0; time < REPETITIONS; time++) seen.push(await fault());
    for (const one of seen) expectOthersUntouched(one);
    const recoveryMs = seen.flatMap((one) => one.recoveryMs);
    expect(recoveryMs.length).toBeGreaterThan(0);
    expect(at(recoveryMs, 1)).toBeLessThan(RECOVERY_MS);
    if (IS_MEASURED) expect(at(recoveryMs, 0.5)).toBeLessThan(3_000);
  }

  it(
    'a worker dies: its pushes send again from others within seconds',
    () =>
      times(async () => {
        const [victim] = await scenario.workersByLoad();
        const seen = await scenario.fault('kill -9 of a worker', {
          of: [victim!],
          strike: () => victim!.kill('SIGKILL'),
          mend: () => scenario.addWorker(),
        });
        expect(seen.doubled.connection).toEqual([]);
        return seen;
      }),
    TEST_TIMEOUT_MS,
  );

  it(
    'two of three workers die at once: the third one takes all',
    () =>
      times(async () => {
        const victims = (await scenario.workersByLoad()).slice(0, 2);
        const seen = await scenario.fault('kill -9 of two workers of three', {
          of: victims,
          strike: () => {
            for (const victim of victims) victim.kill('SIGKILL');
          },
          mend: async () => {
            await scenario.addWorker();
            await scenario.addWorker();
          },
        });
        expect(seen.doubled.connection).toEqual([]);
        return seen;
      }),
    TEST_TIMEOUT_MS,
  );

  it.each([
    { title: '', name: 'SIGSTOP of a worker', isInMidBeat: false },
    { title: ' while a beat is under way', name: 'SIGSTOP of a worker in mid-beat', isInMidBeat: true },
  ])(
    `a worker stands still for ${ABSENCE_MS / 1_000} s$title: its pushes are taken over, and it lets go as soon as it wakes`,
    ({ name, isInMidBeat }) =>
      times(async () => {
        const [victim] = await scenario.workersByLoad();
        const frozen = await scenario.publicationsOf(victim!);
        let wokenAt = 0;
        const seen = await scenario.fault(`${name} for ${ABSENCE_MS / 1_000} s`, {
          of: [victim!],
          prepare: async () => {
            if (isInMidBeat) await beatUnderWay(scenario, victim!);
          },
          strike: () => {
            victim!.kill('SIGSTOP');
            scenario.reconnect(victim!);
          },
          lastsMs: ABSENCE_MS,
          mend: async () => {
            wokenAt = performance.now();
            victim!.kill('SIGCONT');
            await until(() => frozen.every(({ closedAt }) => closedAt !== undefined), {
              what: 'its connections to close',
            });
          },
        });
        const closingMs = frozen.map(({ closedAt }) => closedAt! - wokenAt);
        const late = frozen.filter(({ lastMediaAt }) => lastMediaAt! > wokenAt).length;
        console.log(
          `woken: the last of ${frozen.length} closed after ${Math.round(at(closingMs, 1)!)} ms; media after that: ${late}`,
        );
        expect(late).toBe(0);
        expect(at(closingMs, 1)).toBeLessThan(LETS_GO_MS);
        return seen;
      }),
    TEST_TIMEOUT_MS,
  );

  it(
    `a worker alone loses Redis for ${ABSENCE_MS / 1_000} s: it closes its pushes before they are taken over`,
    () =>
      times(async () => {
        const [victim] = await scenario.workersByLoad();
        const seen = await scenario.fault(`a worker cut off from Redis for ${ABSENCE_MS / 1_000} s`, {
          of: [victim!],
          strike: () => scenario.cutOff(victim!),
          lastsMs: ABSENCE_MS,
          mend: () => scenario.reconnect(victim!),
        });
        expect(seen.doubled.connection).toEqual([]);
        return seen;
      }),
    TEST_TIMEOUT_MS,
  );

  it(
    'a worker falls asleep while Redis is away, and Redis is back before it wakes: it lets go as well',
    async () => {
      await scenario.healthy();
      const { redis } = scenario;
      const [victim] = await scenario.workersByLoad();
      const frozen = await scenario.publicationsOf(victim!);
      let wokenAt = 0;
      const seen = await scenario.fault('SIGSTOP of a worker while Redis is away', {
        of: [victim!],
        prepare: () => redisIsMissed(redis),
        strike: () => {
          victim!.kill('SIGSTOP');
          redis.thaw();
        },
        mend: () => {
          wokenAt = performance.now();
          victim!.kill('SIGCONT');
        },
      });
      expectOthersUntouched(seen);
      expect(frozen.filter(({ lastMediaAt }) => lastMediaAt! > wokenAt)).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'a worker sleeps while Redis is away, and wakes when it still is: its pushes go on without help',
    async () => {
      const { redis } = scenario;
      const [victim] = await scenario.workersByLoad();
      const frozen = await scenario.publicationsOf(victim!);
      const seen = await scenario.fault('SIGSTOP of a worker for 5 s while Redis is away', {
        of: [victim!],
        prepare: () => redisIsMissed(redis),
        strike: async () => {
          victim!.kill('SIGSTOP');
          await sleep(5_000);
          victim!.kill('SIGCONT');
        },
        mend: () => redis.thaw(),
      });
      expectOthersUntouched(seen);
      expect(frozen.filter(({ closedAt }) => closedAt === undefined)).toEqual([]);
      expect(at(seen.recoveryMs, 1)).toBeLessThan(IS_MEASURED ? 7_000 : 20_000);
    },
    TEST_TIMEOUT_MS,
  );
});

/** The workers have asked one another, and nobody sees it. */
async function redisIsMissed(redis: TestRedis): Promise<void> {
  redis.freeze();
  await sleep(REDIS_IS_MISSED_MS);
}

/** Its answer comes when the worker stands still, so that it is the first thing that the worker reads when it wakes. */
async function beatUnderWay(scenario: Scenario, worker: WorkerProcess): Promise<void> {
  scenario.cutOff(worker);
  await sleep(BEAT_UNDER_WAY_MS);
}
