import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLIP } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { type RtmpSink, startRtmpSink } from '../harness/rtmp-sink.ts';
import { until } from '../harness/until.ts';
import { type Upload, UploadSink } from '../harness/upload-sink.ts';

/** Of the clip: no segment can be shorter. */
const GOP_S = 2;

describe('the options of an HLS push', () => {
  let web: UploadSink;
  let sink: RtmpSink;
  let fleet: Fleet;

  beforeAll(async () => {
    web = await new UploadSink().listen();
    sink = await startRtmpSink();
    fleet = await startFleet({ config: config(1), workers: 2 });
  });
  afterAll(async () => {
    await fleet?.stop();
    await sink?.stop();
    await web?.stop();
  });

  const config = (segmentDuration: number) => `stream clip {
  input file://${CLIP};
  segment_duration ${segmentDuration};
  segment_count 4;
  push rtmp://127.0.0.1:${sink.port}/live/beside;
}
`;
  const url = (folder: string) => `hls://127.0.0.1:${web.port}/${folder}/`;
  const create = (folder: string, options: object = {}) =>
    fleet.api.createPush({ stream: 'clip', url: url(folder), retry_timeout: 1, ...options });
  const eventsOf = async (id: string) => {
    const { body } = await fleet.api.call('GET', `/api/v1/pushes/${id}/events`);
    return (body as { events: { event: string }[] }).events.map(({ event }) => event);
  };
  const playlists = (folder: string) => web.of(`/${folder}/`, 'm3u8');
  const text = (upload: Upload | undefined) => upload?.body.toString() ?? '';
  const tag = (playlist: string, name: string) => Number(new RegExp(`^#EXT-X-${name}:(\\d+)`, 'm').exec(playlist)?.[1]);
  const longestSegment = (playlist: string) =>
    Math.max(...[...playlist.matchAll(/^#EXTINF:([\d.]+)/gm)].map(([, seconds]) => Number(seconds)));
  const untilPlaylists = (folder: string, count: number) =>
    until(() => playlists(folder).length >= count && playlists(folder), {
      what: `${count} playlists of ${folder}`,
    });
  const untilEnded = (folder: string) =>
    until(() => text(playlists(folder).at(-1)).includes('ENDLIST'), { what: `the end of ${folder}` });
  /** Media sequence numbers as players saw them. */
  const sequences = (folder: string) => playlists(folder).map((upload) => tag(text(upload), 'MEDIA-SEQUENCE'));

  it('reach the target, and the push runs once the target has acknowledged media', async () => {
    web.hold();
    const { id } = await create('first', { headers: { 'X-Api-Key': 'k1', 'User-Agent': 'Mine' } });
    await until(() => web.of('/first/', 'ts').length > 0, { what: 'a segment' });
    await fleet.api.waitForStatus(id, 'stalled'); // the segment has left, and nobody has said a word about it
    expect(await eventsOf(id)).not.toContain('push_started');
    web.release();
    const running = await fleet.api.waitForStatus(id, 'running');
    await until(async () => (await eventsOf(id)).includes('push_started'), { what: 'the event' });
    expect(running).toMatchObject({ failures_in_a_row: 0, dropped_frames: 0, headers: { 'X-Api-Key': '***' } });
    expect(running.frames).toBeGreaterThan(0);
    expect(running.bytes).toBeGreaterThan(0);
    await untilPlaylists('first', 1);
    const seen = web.uploads.filter(({ path }) => path.startsWith('/first/'));
    expect(seen.map(({ headers }) => headers['x-api-key'])).toEqual(seen.map(() => 'k1'));
    await fleet.api.deletePush(id);
    await untilEnded('first');
  });

  it('interrupt the push alone that they concern, and its playlist goes on', async () => {
    const { id } = await create('second', { headers: { 'X-Api-Key': 'old', 'X-Two': '2' } });
    await untilPlaylists('second', 2);
    const beside = sink.of('beside').length;

    await fleet.api.patchPush(id, { headers: { 'X-Api-Key': 'new' } });
    const changed = await until(() => playlists('second').find(({ headers }) => headers['x-api-key'] === 'new'), {
      what: 'the new value',
    });
    expect(changed.headers['x-two']).toBe('2');
    await fleet.api.waitForStatus(id, 'running');

    await fleet.writeConfig(config(3 * GOP_S));
    await until(() => longestSegment(text(playlists('second').at(-1))) > 2.5 * GOP_S, {
      what: 'longer segments',
    });
    expect(await fleet.api.waitForAttempts(id, 2)).toMatchObject([
      { cause: 'updated', failed: false },
      { cause: 'updated', failed: false },
    ]);
    const numbers = sequences('second');
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(playlists('second').filter((upload) => text(upload).includes('ENDLIST'))).toEqual([]);
    expect(sink.of('beside')).toHaveLength(beside);
    expect(sink.open('beside')).toHaveLength(1);

    await fleet.api.pause(id);
    await untilEnded('second');
    await fleet.writeConfig(config(1));
  });

  it('outlive the worker: the next one goes on with the playlist, and nothing was ended', async () => {
    const { id } = await create('third');
    const { worker } = await fleet.api.waitForStatus(id, 'running');
    const before = (await untilPlaylists('third', 2)).length;
    await fleet.api.drain((await fleet.api.workers()).find(({ name }) => name === worker)!.id);
    await until(async () => (await fleet.api.push(id)).worker !== worker, { what: 'another worker' });
    await until(() => text(playlists('third').at(-1)).includes('#EXT-X-DISCONTINUITY'), { what: 'it to go on' });
    await untilPlaylists('third', before + 3);
    const numbers = sequences('third');
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(numbers.at(-1)! - numbers[0]!).toBeLessThan(20); // and not from the clock anew
    expect(playlists('third').filter((upload) => text(upload).includes('ENDLIST'))).toEqual([]);
    await fleet.api.deletePush(id);
    await untilEnded('third');
  });

  it('do not make a target that answers late a dead one: what it missed is counted, the session goes on', async () => {
    const { id } = await create('fourth');
    await fleet.api.waitForStatus(id, 'running');
    await untilPlaylists('fourth', 2);
    web.hold();
    const stalled = await fleet.api.waitForStatus(id, 'stalled');
    expect(stalled.queue_bytes).toBeGreaterThan(0);
    const late = await until(
      async () => {
        const push = await fleet.api.push(id);
        return push.dropped_frames > 0 && push;
      },
      { what: 'segments to be given up' },
    );
    web.release();
    const back = await fleet.api.waitForStatus(id, 'running');
    console.log(`held back: lag ${late.lag_ms} ms, ${late.dropped_frames} frames given up, ${late.queue_bytes} bytes`);
    expect(late.lag_ms).toBeGreaterThan(1_000);
    expect(back).toMatchObject({ failures_in_a_row: 0, retries_total: 0, opened_at: stalled.opened_at });
    expect(back.frames).toBeGreaterThan(0);
  });
});
