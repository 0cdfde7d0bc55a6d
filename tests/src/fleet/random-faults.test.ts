import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Chance } from '../harness/chance.ts';
import type { WorkerProcess } from '../harness/fleet.ts';
import type { Publication } from '../harness/rtmp-sink.ts';
import { Scenario } from '../harness/scenario.ts';
import { until } from '../harness/until.ts';

const ROUNDS = Number(process.env.PUSHFLEET_ROUNDS ?? 10);
/** The same faults each time; others are found with other seeds. */
const SEED = Number(process.env.PUSHFLEET_SEED ?? 20261130);
/** One more in a row, without health between them, would make a push one that ends its workers. */
const LOSSES_IN_A_ROW = 4;
const TEST_TIMEOUT_MS = 120_000 + ROUNDS * 15_000;
/** Its target sees the end of a connection at most so long after its worker was killed. */
const DEATH_IS_SEEN_MS = 1_000;
/** Sessions as long as this have been reported, whatever happened to Redis meanwhile. */
const REPORTED_MS = 8_000;
/** Clocks of one host, and what happens between a target's word and its being heard. */
const CLOCK_MS = 1_000;

describe('anything may happen to 100 pushes', () => {
  const chance = new Chance(SEED);
  let scenario: Scenario;
  /** When workers were killed: of what they have not reported before nobody can tell. */
  const kills: number[] = [];
  /** The mending of the last fault: the next one strikes as soon as it is done, whatever is still on its way. */
  let mending: Promise<unknown> = Promise.resolve();

  beforeAll(async () => {
    scenario = await Scenario.given({ workers: 3, pushes: 100 });
  });

  afterAll(async () => {
    await scenario?.stop();
  });

  const anyWorker = (): WorkerProcess => chance.oneOf(scenario.fleet.workers.filter(({ isRunning }) => isRunning));

  /** Each begins at once and resolves when it is mended. */
  const faults: Readonly<Record<string, () => Promise<unknown>>> = {
    'a worker is killed': async () => {
      kills.push(performance.now());
      anyWorker().kill('SIGKILL');
      await scenario.addWorker();
    },
    'a worker is told to stop': async () => {
      const [leaving] = [anyWorker(), await scenario.addWorker()];
      await leaving.stop();
    },
    'a worker stands still': async () => {
      const worker = anyWorker();
      worker.kill('SIGSTOP');
      await sleep(chance.between(500, 5_000));
      worker.kill('SIGCONT');
    },
    'a worker is cut off from Redis': async () => {
      const worker = anyWorker();
      scenario.cutOff(worker);
      await sleep(chance.between(500, 5_000));
      scenario.reconnect(worker);
    },
    'Redis stands still': async () => {
      scenario.redis.freeze();
      await sleep(chance.between(500, 5_000));
      scenario.redis.thaw();
    },
    'Redis is killed and comes back with its data': async () => {
      await scenario.redis.kill();
      await sleep(chance.between(0, 3_000));
      await scenario.redis.restart();
    },
    'the scheduler is killed': async () => {
      scenario.fleet.scheduler.kill('SIGKILL');
      await scenario.fleet.replaceScheduler();
    },
    'targets drop their publishers': async () => {
      scenario.targetsDrop(scenario.names.filter(() => chance.between(0, 10) < 1));
    },
  };

  it(
    `${ROUNDS} faults in a row, seed ${SEED}: at the end every push runs once, and every attempt is in its journal`,
    async () => {
      const told: string[] = [];
      const startedAt = performance.now();
      const at = (time: number) => `${((time - startedAt) / 1_000).toFixed(2)} s`;
      let losses = 0;
      for (let round = 1; round <= ROUNDS; round++) {
        await mending;
        const name = chance.oneOf(Object.keys(faults));
        if (name.startsWith('a worker') && ++losses % LOSSES_IN_A_ROW === 0) await scenario.healthy();
        const struckAt = performance.now();
        mending = faults[name]!().then(() => told.push(`${name} (${at(struckAt)} to ${at(performance.now())})`));
        await sleep(chance.between(200, 1_500));
      }
      await mending;
      const mendedAt = performance.now();
      await scenario.settled(60_000);
      console.log(`seed ${SEED}: ${told.join(', ')}; settled after ${Math.round(performance.now() - mendedAt)} ms`);
      const meetings = scenario.sink.overlaps('media');
      const met = ([first, second]: (typeof meetings)[number]) =>
        `${first.name}: ${at(second.firstMediaAt!)} to ${at(first.lastMediaAt!)}`;
      expect(meetings.map(met)).toEqual([]);
      expect(scenario.sink.violations).toEqual([]);
      let missing: Publication[] = [];
      const isComplete = async () => {
        missing = await missingInJournals();
        return missing.length === 0;
      };
      await until(isComplete, { what: () => `the journals to know of ${JSON.stringify(missing)}` });
    },
    TEST_TIMEOUT_MS,
  );

  /** Publications that have ended of which no entry speaks, though there is somebody who could tell. */
  async function missingInJournals(): Promise<Publication[]> {
    const missing: Publication[] = [];
    for (const [name, id] of await scenario.idsByName()) {
      const entries = (await scenario.fleet.api.attempts(id)).map(({ started_at, ended_at }) => ({
        from: Date.parse(started_at) - performance.timeOrigin - CLOCK_MS,
        to: Date.parse(ended_at) - performance.timeOrigin + CLOCK_MS,
      }));
      const ended = scenario.sink.of(name).filter((stay) => stay.closedAt !== undefined && !isUnreported(stay));
      missing.push(...ended.filter(({ publishedAt: at }) => !entries.some(({ from, to }) => from < at && at < to)));
    }
    return missing;
  }

  /** It died with its worker before anyone had heard of it. */
  const isUnreported = ({ publishedAt, closedAt }: Publication): boolean =>
    closedAt! - publishedAt < REPORTED_MS &&
    kills.some((kill) => closedAt! >= kill && closedAt! < kill + DEATH_IS_SEEN_MS);
});
