import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { BenchFleet, elapsedS, type Reading } from '../../bench/bench-fleet.ts';
import { exponent } from '../../bench/measure/statistics.ts';
import { tinyStreams } from '../../bench/tiny-streams.ts';
import { startRtmpSink } from '../harness/rtmp-sink.ts';

const [FEW, MANY] = [100, 400];
/** Two reports of each push. */
const WINDOW_MS = 4_000;
/** What the start of the pushes still costs falls from window to window by more than this; what stays does not. */
const STEADY = 0.9;

/**
 * The short form of the benchmark `scale`, with margins that a busy machine keeps: what it is for is to notice when a cost is back that grows
 * with each push.
 */
it('what held pushes cost Redis does not grow faster than their number, and is less than a command a push and second', async () => {
  const sink = await startRtmpSink();
  const fleet = await BenchFleet.start(2);
  onTestFinished(async () => {
    await fleet.stop();
    await sink.stop();
  });
  const empty = await fleet.read();
  const cost = async (pushes: number): Promise<{ before: Reading; callsPerS: number }> => {
    await fleet.configure(tinyStreams({ pushes, target: sink.url }));
    await fleet.untilHeld(pushes, 'running');
    let before = await fleet.read();
    for (let lastPerS = Number.POSITIVE_INFINITY; ; ) {
      await sleep(WINDOW_MS);
      const after = await fleet.read();
      const callsPerS = (after.calls - before.calls) / elapsedS(before, after);
      if (callsPerS > lastPerS * STEADY) return { before, callsPerS: Math.min(callsPerS, lastPerS) };
      [before, lastPerS] = [after, callsPerS];
    }
  };
  const few = await cost(FEW);
  const many = await cost(MANY);
  const perPush = (many.callsPerS - few.callsPerS) / (MANY - FEW);
  const growth = exponent([
    [FEW, few.callsPerS],
    [MANY, many.callsPerS],
  ]);
  const kbPerPush = (many.before.redisBytes - empty.redisBytes) / 1_000 / MANY;
  console.log(
    `commands a push and second ${perPush.toFixed(2)}, exponent ${growth.toFixed(2)}, ${kbPerPush.toFixed(1)} kB a push`,
  );
  expect(perPush).toBeLessThan(1);
  expect(growth).toBeLessThan(1.2);
  expect(kbPerPush).toBeLessThan(15);
});
