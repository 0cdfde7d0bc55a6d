import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { type RtmpSink, startRtmpSink } from '../harness/rtmp-sink.ts';
import { until } from '../harness/until.ts';

const clip = join(import.meta.dirname, '..', '..', '..', 'examples', 'clip.mp4');
/** So many workers in a row may be lost with a push in their hands. */
const LOSSES = 6;

describe('a push that ends each worker which holds it', () => {
  let sink: RtmpSink;
  let fleet: Fleet;

  beforeAll(async () => {
    sink = await startRtmpSink();
    fleet = await startFleet({ workers: 2, config: `stream clip { input file://${clip}; push ${sink.url}/deadly; }` });
  });

  afterAll(async () => {
    await fleet?.stop();
    await sink?.stop();
  });

  const push = async () => (await fleet.api.pushes())[0]!;

  it('is left alone after the sixth, says why and what to do, and runs again when a person restarts it', async () => {
    const lost: string[] = [];
    for (let losses = 0; losses < LOSSES; losses++) {
      let holder = '';
      const isHeldAnew = async () => {
        holder = (await push()).worker ?? '';
        return holder !== '' && !lost.includes(holder) && sink.open().length === 1;
      };
      await until(isHeldAnew, { what: () => `another worker than ${lost} to send, and not ${holder}` });
      const [, spare] = [fleet.worker(holder).kill('SIGKILL'), fleet.addWorker()];
      lost.push(holder);
      await spare;
    }
    const { id } = await push();
    const seen = await fleet.api.waitForStatus(id, 'error');
    expect(sink.publications.length).toBe(LOSSES);
    expect(seen).toMatchObject({ worker: null, last_error: { code: 'worker_lost' } });
    expect(seen.last_error!.message).toMatch(/^The worker was lost while it held the push\. \(6 workers in a row/);
    const journal = (await fleet.api.waitForAttempts(id, LOSSES + 1)).toReversed();
    expect(journal.map(({ cause, failed }) => [cause, failed])).toEqual([
      ...lost.map(() => ['worker_lost', false]),
      ['worker_lost', true],
    ]);
    expect(journal.slice(0, LOSSES).map(({ worker }) => worker)).toEqual(lost);

    await fleet.api.restart(id);
    await fleet.api.waitForStatus(id, 'running');
  });
});
