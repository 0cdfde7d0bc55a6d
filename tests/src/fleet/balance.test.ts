import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IS_MEASURED, REPETITIONS, Scenario } from '../harness/scenario.ts';
import { until } from '../harness/until.ts';

/** More of them where it is measured, and all hang up within the minute in which the late worker shall have its share. */
const [PUSHES, HANG_UPS_MS] = IS_MEASURED ? [200, 50_000] : [30, 6_000];
const SHARE = PUSHES / 3;
const TEST_TIMEOUT_MS = 180_000 * REPETITIONS;

let scenario: Scenario;

beforeAll(async () => {
  scenario = await Scenario.given({ workers: 2, pushes: PUSHES });
});

afterAll(async () => {
  await scenario?.stop();
});

describe('a worker that comes late', () => {
  it('finds the others at their shares', async () => {
    const shares = await scenario.shares();
    console.log(`two workers: ${shares.join(' / ')}`);
    expect(shares.reduce((a, b) => a + b)).toBe(PUSHES);
    for (const count of shares) expect(Math.abs(count - PUSHES / 2)).toBeLessThanOrEqual(2 + PUSHES * 0.025);
  });

  it(
    'has its share within 15 % after every target has hung up once, and nothing that runs was moved for it',
    async () => {
      for (let time = 1; time <= REPETITIONS; time++) {
        const late = await scenario.addWorker();
        expect((await scenario.shares()).toSorted((a, b) => a - b)[0]).toBe(0);
        const before = scenario.sink.publications.length;
        const since = performance.now();
        for (const [n, name] of scenario.names.entries()) {
          await sleep(Math.max(0, since + (n * HANG_UPS_MS) / PUSHES - performance.now()));
          scenario.targetsDrop([name]);
        }
        await scenario.settled();
        const passedMs = performance.now() - since;
        const shares = await scenario.shares();
        console.log(`late worker, ${(passedMs / 1_000).toFixed(1)} s of retries: ${shares.join(' / ')}`);
        for (const count of shares) expect(Math.abs(count - SHARE)).toBeLessThanOrEqual(SHARE * 0.15);
        expect(passedMs).toBeLessThan(60_000);
        expect(scenario.sink.publications.length - before).toBe(PUSHES);
        expect(scenario.sink.overlaps('connection')).toEqual([]);
        if (time === REPETITIONS) break;
        await late.stop();
        await scenario.settled();
      }
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'is near its share when all are restarted at once: the others have no more than their room beyond the share',
    async () => {
      const before = scenario.sink.publications.length;
      for (const { id } of await scenario.fleet.api.pushes()) await scenario.fleet.api.restart(id);
      await until(() => scenario.sink.publications.length === before + PUSHES, {
        what: 'every push to start anew',
      });
      await scenario.settled();
      const shares = await scenario.shares();
      console.log(`all restarted: ${shares.join(' / ')}`);
      expect(Math.max(...shares)).toBeLessThanOrEqual(Math.ceil(SHARE) + Math.max(1, Math.ceil(SHARE * 0.05)));
    },
    TEST_TIMEOUT_MS,
  );
});
