import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLIP, publishClip, recordStream } from '../harness/ffmpeg.ts';
import { figures } from '../harness/figures.ts';
import { type Fleet, startFleet, type WorkerProcess } from '../harness/fleet.ts';
import { HlsPoller, type PolledSegment } from '../harness/hls-poller.ts';
import { decodeErrors, monotonic } from '../harness/media-judges.ts';
import { type NginxDav, startNginxDav } from '../harness/nginx-dav.ts';
import { IS_MEASURED } from '../harness/scenario.ts';
import type { TestProcess } from '../harness/test-process.ts';
import { until } from '../harness/until.ts';

/** Of the clip: segments are as long. */
const GOP_MS = 2000;
const KILLS = 3;
const PLAYED_SECONDS = 26;
/** Death is seen after 2.5 s, then half a second for the way to the target, and up to two groups of pictures until the first segment is whole. */
const MAX_GAP_MS = IS_MEASURED ? 8_000 : 14_000;

/** `studio` is published to a worker that holds no push; of `clip` each worker plays the file by itself. */
const streams = ['studio', 'clip'] as const;
type Stream = (typeof streams)[number];

describe('two workers upload two streams as HLS, and players poll all along', () => {
  let web: NginxDav;
  let fleet: Fleet;
  let encoder: TestProcess;
  let directory: string;
  const pollers = new Map<Stream, HlsPoller>();
  const ids = new Map<Stream, string>();

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pushfleet-takeover-'));
    web = await startNginxDav();
    const push = (stream: Stream) =>
      `segment_duration 2; segment_count 3; push hls://127.0.0.1:${web.port}/full/${stream}/ pool=edge retry_timeout=1;`;
    fleet = await startFleet({
      config: `stream studio { input publish://; ${push('studio')} }\nstream clip { input file://${CLIP}; ${push('clip')} }`,
      env: { PUSHFLEET_CLUSTER_KEY: 'k' },
    });
    encoder = publishClip(`${fleet.worker('worker-1').rtmpUrl}/live/studio`);
    await addHolder();
    await addHolder();
    for (const stream of streams) {
      const push = (await fleet.api.pushes({ stream }))[0]!;
      ids.set(stream, push.id);
      await fleet.api.waitForStatus(push.id, 'running');
      pollers.set(stream, new HlsPoller(playlistOf(stream)));
    }
    for (const stream of streams) await untilSegments(stream, 3);
  });

  afterAll(async () => {
    for (const poller of pollers.values()) await poller.stop();
    await encoder?.stop();
    await fleet?.stop();
    await web?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const playlistOf = (stream: Stream) => `${web.url}/full/${stream}/index.m3u8`;
  const poller = (stream: Stream) => pollers.get(stream)!;
  const push = (stream: Stream) => fleet.api.push(ids.get(stream)!);
  const addHolder = () => fleet.addWorker({ PUSHFLEET_POOL: 'edge' });
  const holderOf = async (stream: Stream): Promise<WorkerProcess> => fleet.worker((await push(stream)).worker!);

  async function heldBy(worker: WorkerProcess): Promise<Stream[]> {
    const holders = await Promise.all(streams.map(holderOf));
    return streams.filter((_, index) => holders[index] === worker);
  }

  const untilSegments = (stream: Stream, count: number) =>
    until(() => poller(stream).segments.length >= count, { what: `${count} segments of ${stream}` });

  /** Epoch of the attempt that made a segment, as its name tells. */
  const epochOf = ({ uri }: PolledSegment) => Number.parseInt(uri.split('-')[0]!, 36);

  /** The first segment of an attempt later than the one before `since`. */
  const nextAttempt = (stream: Stream, since: number): Promise<PolledSegment> => {
    const before = epochOf(poller(stream).segments.findLast(({ listedAt }) => listedAt <= since)!);
    const first = () =>
      poller(stream)
        .listedAfter(since)
        .find((segment) => epochOf(segment) > before);
    return until(first, { what: `another attempt to list a segment of ${stream}` });
  };

  /** Waits until a segment of the stream is half way. */
  async function midSegment(stream: Stream): Promise<void> {
    const known = poller(stream).segments.length;
    await untilSegments(stream, known + 1);
    await sleep(GOP_MS / 2);
  }

  /** From the end of what was listed before a segment to its begin, by their wall clock. */
  const missingMs = (stream: Stream, segment: PolledSegment): number => {
    const { segments } = poller(stream);
    const before = segments[segments.indexOf(segment) - 1]!;
    return segment.startsAtMs - before.startsAtMs - before.durationMs;
  };

  function expectSound(): void {
    for (const stream of streams) expect([stream, ...poller(stream).violations]).toEqual([stream]);
  }

  it(`kill -9 in mid-segment, ${KILLS} times: others go on, and ffmpeg plays over it`, async () => {
    const players = streams.map((stream) => {
      const file = join(directory, `${stream}.ts`);
      return recordStream(playlistOf(stream), file, PLAYED_SECONDS);
    });
    const gaps: Record<Stream, number[]> = { studio: [], clip: [] };
    const missing: Record<Stream, number[]> = { studio: [], clip: [] };
    for (let kill = 0; kill < KILLS; kill++) {
      await midSegment('studio');
      const victim = await holderOf('studio');
      const held = await heldBy(victim);
      const since = performance.now();
      victim.killGroup('SIGKILL');
      for (const stream of held) {
        const segment = await nextAttempt(stream, since);
        gaps[stream].push(segment.listedAt - since);
        missing[stream].push(missingMs(stream, segment));
        expect(segment.isDiscontinuity).toBe(true);
      }
      await addHolder();
    }
    for (const stream of streams) {
      console.log(`${stream}: kill to new segment ${figures(gaps[stream])}, missing ${figures(missing[stream])}`);
      expect(gaps[stream].filter((ms) => ms > MAX_GAP_MS)).toEqual([]);
      expect(poller(stream).playlists.some(({ isEnded }) => isEnded)).toBe(false);
    }
    expect(gaps.studio).toHaveLength(KILLS);
    expect(gaps.clip.length).toBeGreaterThan(0);
    expectSound();
    await Promise.all(players);
    for (const stream of streams) {
      const tracks = await monotonic(join(directory, `${stream}.ts`));
      console.log(`${stream} as ffmpeg has played it: ${JSON.stringify(tracks)}`);
      expect(tracks.map(({ nonMonotonic }) => nonMonotonic)).toEqual([0, 0]);
      expect(await decodeErrors(join(directory, `${stream}.ts`))).toEqual([]);
    }
  });

  it('SIGSTOP: who wakes up as a zombie neither overwrites nor deletes anything', async () => {
    await midSegment('studio');
    const zombie = await holderOf('studio');
    const since = performance.now();
    zombie.kill('SIGSTOP');
    const segment = await nextAttempt('studio', since);
    console.log(`frozen: new segment after ${Math.round(segment.listedAt - since)} ms`);
    expect(await holderOf('studio')).not.toBe(zombie);
    const writes = (await web.writes()).length;
    const woken = performance.now();
    const known = poller('studio').segments.length;
    zombie.kill('SIGCONT');
    await untilSegments('studio', known + 2);
    const epoch = epochOf(segment);
    expect([...new Set(poller('studio').listedAfter(woken).map(epochOf))]).toEqual([epoch]);
    const seen = (await web.writes()).slice(writes).filter(({ path }) => path.includes('/studio/'));
    const late = seen.filter(
      ({ method, path }) => method === 'PUT' && path.endsWith('.ts') && !path.includes(epoch.toString(36)),
    );
    console.log(
      `after waking up: ${late.length} late segments, ${seen.filter(({ method }) => method === 'DELETE').length} deletes`,
    );
    expect(late.length).toBeLessThanOrEqual(1); // what was on its way already, under a name of its own
    expectSound();
    expect((await push('studio')).failures_in_a_row).toBe(0);
  });

  it('SIGSTOP, and Redis is away when the zombie wakes up: it sees at the target that it is not wanted', async () => {
    await addHolder();
    await midSegment('studio');
    const zombie = await holderOf('studio');
    const held = await heldBy(zombie);
    const since = performance.now();
    zombie.kill('SIGSTOP');
    const epochs = (await Promise.all(held.map((stream) => nextAttempt(stream, since)))).map(epochOf);
    fleet.redis.freeze();
    zombie.kill('SIGCONT');
    const woken = performance.now();
    const added = (stream: Stream) => poller(stream).listedAfter(woken);
    const goOn = () => held.every((stream) => added(stream).length >= 3);
    await until(goOn, { what: 'the publications to go on' }).finally(() => fleet.redis.thaw());
    expect(held.map((stream) => [...new Set(added(stream).map(epochOf))])).toEqual(epochs.map((epoch) => [epoch]));
    expectSound();
  });

  it('SIGTERM: handed over without an end, and at most a group of pictures is missing', async () => {
    await midSegment('studio');
    const leaving = await holderOf('studio');
    const since = performance.now();
    await leaving.stop();
    const segment = await nextAttempt('studio', since);
    const missed = missingMs('studio', segment);
    console.log(
      `drain: new segment after ${Math.round(segment.listedAt - since)} ms, ${Math.round(missed)} ms missing`,
    );
    expect(Math.abs(missed)).toBeLessThan(2 * GOP_MS - 100); // by the clocks of two hosts; two groups are twice as much
    expect(poller('studio').playlists.some(({ isEnded }) => isEnded)).toBe(false);
    expectSound();
  });
});
