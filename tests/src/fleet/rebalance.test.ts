import { afterAll, beforeAll, expect, it } from 'vitest';
import { clipStream } from '../harness/clip-pushes.ts';
import { figures, intervals } from '../harness/figures.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { RtmpSink } from '../harness/rtmp-sink.ts';
import { IS_MEASURED } from '../harness/scenario.ts';
import { until } from '../harness/until.ts';

const PUSHES = IS_MEASURED ? 200 : 12;
const PER_MINUTE = 60;
/** From the moment when the late worker is there. */
const MAX_S = 60;
const SHARE = PUSHES / 3;
const PACE_MS = 60_000 / PER_MINUTE;
const names = Array.from({ length: PUSHES }, (_, n) => `even${n}`);

let sink: RtmpSink;
let fleet: Fleet;

beforeAll(async () => {
  sink = await new RtmpSink(undefined).listen();
  fleet = await startFleet({ workers: 2, workerEnv: { PUSHFLEET_REBALANCE: `${PER_MINUTE}` } });
  await fleet.writeConfig(clipStream(names.map((name) => `${sink.url}/${name}`)));
  await until(async () => (await fleet.api.pushes({ status: 'running' })).length === PUSHES, {
    what: 'all pushes to run',
  });
});

afterAll(async () => {
  await fleet?.stop();
  await sink?.stop();
});

const held = async () => (await fleet.api.workers()).map((worker) => worker.held);

/** All that has ended so far, in the order of their ends. */
async function ended() {
  const attempts = await Promise.all((await fleet.api.pushes()).map(({ id }) => fleet.api.attempts(id)));
  return attempts.flat().sort((a, b) => Date.parse(a.ended_at) - Date.parse(b.ended_at));
}

it('pushes move to a late worker slowly, each ends cleanly, and then nothing moves any more', async () => {
  await fleet.addWorker();
  const since = performance.now();
  // It is over when no worker has done anything in twice the time that one move takes.
  let lastMoveAt = performance.now();
  let moved = 0;
  await until(
    () => {
      const count = sink.publications.length - PUSHES;
      if (count > moved) lastMoveAt = performance.now();
      moved = count;
      return performance.now() - lastMoveAt > 2 * PACE_MS + 3_000;
    },
    { what: () => `the moves to end; there were ${moved}`, timeoutMs: MAX_S * 1_000 + 2 * PACE_MS + 3_000 },
  );
  const shares = await held();
  const moves = await ended();
  const seconds = (lastMoveAt - since) / 1_000;
  console.log(`rebalanced: ${shares.join(' / ')} after ${moves.length} moves in ${seconds.toFixed(1)} s`);
  expect(seconds).toBeLessThan(MAX_S);
  expect(shares.reduce((a, b) => a + b)).toBe(PUSHES);
  for (const count of shares) expect(Math.abs(count - SHARE)).toBeLessThanOrEqual(1);
  // Each went to the late worker and stayed there.
  expect(moves).toHaveLength(shares[2]!);
  for (const move of moves) expect(move).toMatchObject({ cause: 'rebalanced', failed: false });
  expect(moves.map(({ worker }) => worker)).not.toContain('worker-3');
  const pauses = [...Map.groupBy(moves, ({ worker }) => worker).values()].flatMap((its) =>
    intervals(its.map((move) => Date.parse(move.ended_at))),
  );
  const gaps = names.flatMap((name) => sink.gapsMs(name));
  console.log(`pauses between moves of one worker: ${figures(pauses)}; interruptions: ${figures(gaps)}`);
  expect(gaps).toHaveLength(moves.length);
  expect(Math.max(...gaps)).toBeLessThan(IS_MEASURED ? 2_500 : 5_000);
  expect(sink.overlaps('connection')).toEqual([]);
  const left = sink.publications.filter(({ closedAt }) => closedAt !== undefined);
  expect(left.filter(({ goodbyes }) => goodbyes.length === 0)).toEqual([]);
  expect((await fleet.api.pushes()).filter((push) => push.failures_in_a_row > 0 || push.retries_total > 0)).toEqual([]);
});
