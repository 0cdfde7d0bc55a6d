import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { RtmpSink } from '../harness/rtmp-sink.ts';
import { until } from '../harness/until.ts';

const PUSHES = 20;
const clip = join(import.meta.dirname, '..', '..', '..', 'examples', 'clip.mp4');
const names = Array.from({ length: PUSHES }, (_, n) => `take${n}`);

/** From the moment of the fault to the first media of the take-over, for each name. */
function recoveryMs(sink: RtmpSink, since: number, moved: readonly string[]): number[] {
  return moved.map(
    (name) => sink.of(name).findLast(({ firstMediaAt }) => firstMediaAt !== undefined)!.firstMediaAt! - since,
  );
}

function figures(ms: readonly number[]): string {
  const sorted = ms.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN);
  return `${ms.length} pushes, p50 ${at(0.5)} ms, max ${at(1)} ms`;
}

describe('two workers hold 20 pushes', () => {
  let sink: RtmpSink;
  let fleet: Fleet;

  beforeAll(async () => {
    sink = await new RtmpSink(undefined).listen();
    const pushes = names.map((name) => `  push ${sink.url}/${name};`).join('\n');
    fleet = await startFleet({ workers: 2 });
    await fleet.writeConfig(`stream clip {\n  input file://${clip};\n${pushes}\n}\n`);
    await allRunning();
  });

  afterAll(async () => {
    await fleet?.stop();
    await sink?.stop();
  });

  /** Resolves when every push runs, at this worker if one is named. */
  function allRunning(worker?: string): Promise<unknown> {
    let last = '';
    return until(
      async () => {
        const pushes = await fleet.api.pushes();
        last = JSON.stringify(
          Object.groupBy(pushes, ({ status, reason, worker: at }) => `${status} ${reason} ${at}`),
          undefined,
          1,
        );
        const running = pushes.filter((push) => push.status === 'running' && (worker ?? push.worker) === push.worker);
        return running.length === PUSHES;
      },
      {
        what: () => `all pushes to run${worker === undefined ? '' : ` at ${worker}`}: ${last.slice(0, 2_000)}`,
      },
    );
  }

  /** Names whose connection was closed after `since`. */
  const moved = (since: number) =>
    names.filter((name) => sink.of(name).some(({ closedAt }) => closedAt !== undefined && closedAt >= since));

  it('both take a fair part of a burst', async () => {
    const shares = async () => {
      const held = (await fleet.api.workers()).map((worker) => worker.held);
      return held.reduce((a, b) => a + b) === PUSHES && held;
    };
    const held = await until(shares, { what: 'the workers to have told what they hold' });
    expect(Math.min(...held)).toBeGreaterThanOrEqual(PUSHES / 4);
  });

  it('SIGTERM: clean ends, everything runs on the other worker, no attempt is counted', async () => {
    const since = performance.now();
    await fleet.worker('worker-1').stop();
    await allRunning('worker-2');
    await until(() => sink.open().length === PUSHES, { what: () => 'every name to be published once' });
    console.log(`drain: ${figures(recoveryMs(sink, since, moved(since)))}`);
    const pushes = await fleet.api.pushes();
    expect(pushes.filter((push) => push.failures_in_a_row > 0 || push.retries_total > 0)).toEqual([]);
    expect(sink.overlaps('connection')).toEqual([]);
    expect(sink.violations).toEqual([]);
  });
});
