import { setTimeout as sleep } from 'node:timers/promises';
import { Keys, pushJobId, pushQueueName } from '@pushfleet/contract';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boardJobOf } from '../harness/bull-board.ts';
import { publishClip } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { type Publication, type RtmpSink, startRtmpSink } from '../harness/rtmp-sink.ts';
import type { TestProcess } from '../harness/test-process.ts';
import { until } from '../harness/until.ts';

const TIMEOUT_S = 3;
/** A held connection is looked at again this long after the source has stopped. */
const HOLD_MS = 8_000;

/** How a publisher can stop, and what brings the stream back. */
interface Stop {
  readonly how: string;
  stop(publisher: TestProcess): void;
  /** Undefined: somebody has to publish anew. */
  resume?(publisher: TestProcess): void;
}
const stops: Stop[] = [
  { how: 'is killed', stop: (publisher) => publisher.kill('SIGKILL') },
  { how: 'says goodbye', stop: (publisher) => publisher.kill('SIGTERM') },
  {
    how: 'falls silent and stays connected',
    stop: (publisher) => publisher.kill('SIGSTOP'),
    resume: (publisher) => publisher.kill('SIGCONT'),
  },
];

describe('a stream with one push that has `timeout=3` and one that has none', () => {
  let sink: RtmpSink;
  let fleet: Fleet;
  let redis: Redis;
  let publisher: TestProcess;

  beforeAll(async () => {
    sink = await startRtmpSink();
    const url = (name: string) => `rtmp://127.0.0.1:${sink.port}/${name}/${name}`;
    const pushes = `push ${url('held')}; push ${url('let-go')} timeout=${TIMEOUT_S} retry_limit=2;`;
    fleet = await startFleet({ config: `stream studio { input publish://; ${pushes} }` });
    redis = new Redis(fleet.redis.url);
    publisher = publish();
  });
  afterAll(async () => {
    redis?.disconnect();
    await publisher?.stop('SIGKILL');
    await fleet?.stop();
    await sink?.stop();
  });

  const publish = () => publishClip(`${fleet.workers[0]!.rtmpUrl}/live/studio`);
  const newest = (name: string): Publication => sink.of(name).at(-1)!;

  async function idOf(name: string): Promise<string> {
    const push = (await fleet.api.pushes()).find(({ url }) => url.includes(`/${name}/`));
    return push!.id;
  }

  /** What BullMQ counts of a push's job. */
  async function counted(id: string): Promise<{ made: number; stalled: number }> {
    const key = `${new Keys().tag}:${pushQueueName('default')}:${pushJobId(id)}`;
    const [made, stalled] = await redis.hmget(key, 'atm', 'stc');
    return { made: Number(made ?? 0), stalled: Number(stalled ?? 0) };
  }

  async function expectNothingCounted(id: string): Promise<void> {
    expect(await fleet.api.push(id)).toMatchObject({
      failures_in_a_row: 0,
      retries_total: 0,
      errors: {},
      last_error: null,
    });
    expect(await counted(id)).toEqual({ made: 0, stalled: 0 });
    expect(await boardJobOf(fleet.api, id)).toMatchObject({ status: 'active', job: { attempts: 0 } });
    expect((await fleet.api.attempts(id)).filter(({ failed }) => failed)).toEqual([]);
  }

  it.each(stops)('lets go of the one and holds the other when the publisher $how', async ({ how, stop, resume }) => {
    const [held, letGo] = [await idOf('held'), await idOf('let-go')];
    await fleet.api.waitForStatus(held, 'running');
    await fleet.api.waitForStatus(letGo, 'running');
    const [kept, left] = [newest('held'), newest('let-go')];
    const sessions = sink.publications.length;

    stop(publisher);
    const stoppedAt = performance.now();
    await until(() => left.connectionEnd, { what: 'the end of the push with a timeout' });
    const [sinceStop, sinceMedia] = [left.closedAt! - stoppedAt, left.closedAt! - left.lastMediaAt!];
    console.log(
      `the publisher ${how}: end ${Math.round(sinceStop)} ms after that, ${Math.round(sinceMedia)} ms after the last media`,
    );
    expect(sinceStop).toBeGreaterThan((TIMEOUT_S - 1) * 1_000);
    expect(sinceStop).toBeLessThan((TIMEOUT_S + 3) * 1_000);
    expect(left).toMatchObject({ goodbyes: ['FCUnpublish', 'deleteStream'], connectionEnd: 'fin' });
    const waiting = await fleet.api.waitForStatus(letGo, 'waiting');
    expect(waiting).toMatchObject({ connected_at: null, next_retry_at: null, reason: expect.stringMatching(/\w/) });

    await sleep(Math.max(0, stoppedAt + HOLD_MS - performance.now()));
    expect(sink.publications).toHaveLength(sessions);
    expect(kept.closedAt).toBeUndefined();
    expect(await fleet.api.push(held)).toMatchObject({ status: 'stalled', reason: expect.stringContaining('source') });
    expect(await fleet.api.push(letGo)).toMatchObject({ status: 'waiting' });
    for (const id of [held, letGo]) await expectNothingCounted(id);

    const [lastMs, messages, mediaAt] = [kept.lastTimestampMs!, kept.videoMessages, kept.lastMediaAt!];
    if (resume === undefined) {
      await publisher.exited;
      publisher = publish();
    } else resume(publisher);
    await until(() => kept.videoMessages > messages, { what: 'media in the held connection' });
    const [silentMs, gapMs] = [kept.lastMediaAt! - mediaAt, kept.lastTimestampMs! - lastMs];
    console.log(`held: ${Math.round(silentMs)} ms of silence, ${gapMs} ms from the last timestamp to the next`);
    await fleet.api.waitForStatus(held, 'running');
    await fleet.api.waitForStatus(letGo, 'running');
    expect(gapMs).toBeGreaterThan(0);
    await until(() => kept.videoMessages > messages + 50, { what: 'two seconds of media in the held connection' });
    expect(kept.timestampRegressions).toBe(0);
    expect(sink.of('held')).toEqual([kept]);
    expect(newest('let-go')).not.toBe(left);
    expect(sink.publications).toHaveLength(sessions + 1);
    for (const id of [held, letGo]) await expectNothingCounted(id);
    expect(sink.violations).toEqual([]);
  });
});
