import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publishEnhanced } from '../harness/enhanced-rtmp.ts';
import { failureReport } from '../harness/failure-report.ts';
import { publishClip, runFfmpeg } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { StatusWatch } from '../harness/status-watch.ts';
import { until } from '../harness/until.ts';
import { UploadSink } from '../harness/upload-sink.ts';

/** MPEG-TS has no place for them; RTMP carries all that we know. */
const cases = [
  { stream: 'av1', video: 'libsvtav1', audio: 'aac', scheme: 'tshttp', says: /tshttp:.* cannot carry video as av1/ },
  { stream: 'flac', video: 'libx264', audio: 'flac', scheme: 'tshttp', says: /tshttp:.* cannot carry audio as flac/ },
  { stream: 'av1-hls', video: 'libsvtav1', audio: 'aac', scheme: 'hls', says: /hls:.* cannot carry video as av1/ },
];

let sink: UploadSink;
let fleet: Fleet;
let watch: StatusWatch;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pushfleet-codecs-'));
  await Promise.all(cases.map(({ stream, video, audio }) => encode(fileOf(stream), video, audio)));
  sink = await new UploadSink().listen();
  const streams = cases.map(
    ({ stream, scheme }) => `stream ${stream} { input publish://; push ${target(scheme, stream)}; }`,
  );
  fleet = await startFleet({ config: streams.join('\n') });
  watch = new StatusWatch(fleet.api);
});

afterAll(async () => {
  await watch?.stop();
  await fleet?.stop();
  await sink?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** One that HLS and MPEG-TS both take. */
const target = (scheme: string, name: string) => `${scheme}://127.0.0.1:${sink.port}/${name}/index.m3u8`;
const fileOf = (stream: string) => join(directory, `${stream}.mp4`);

function encode(file: string, video: string, audio: string): Promise<void> {
  const inputs = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25', '-f', 'lavfi', '-i', 'sine=r=48000'];
  return runFfmpeg([...inputs, '-t', '2', '-c:v', video, '-g', '25', '-c:a', audio, '-strict', '-2', file]);
}

describe.each(cases)('a stream with $video and $audio', ({ stream, says }) => {
  it('ends in an error that names codec and protocol; no connection is made, and it is never said to run', async () => {
    const [{ id } = { id: '' }] = await fleet.api.pushes({ stream });
    watch.add(id);
    const publisher = await publishEnhanced(`${fleet.worker('worker-1').rtmpUrl}/live/${stream}`, fileOf(stream));
    const { api, journal, event, logged, counted } = await failureReport(fleet, watch, id);
    console.log(`${api.code}: "${api.message}"`);
    const failure = { message: expect.stringMatching(says) };
    expect(api).toMatchObject({ code: 'codec_unsupported', ...failure, peer: '' });
    expect(journal).toMatchObject({ cause: 'codec_unsupported', ...failure, connected_at: null, bytes: 0 });
    expect(event).toMatchObject({ event: 'push_error', cause: 'codec_unsupported', ...failure });
    expect(logged).toMatchObject({ msg: 'push_error', cause: 'codec_unsupported', ...failure });
    expect(counted).toEqual({ codec_unsupported: 1 });
    expect((await fleet.api.waitForStatus(id, 'error')).next_retry_at).toBeNull();
    expect(watch.saidRunning(id)).toBe(false);
    expect(sink.connections).toBe(0);
    await publisher.stop();
  });
});

describe('after the encoder has been set right', () => {
  it('a restart lets the push run', async () => {
    const [{ stream } = { stream: '' }] = cases;
    const [push] = await fleet.api.pushes({ stream });
    const live = async () => (await fleet.api.stream(stream)).status === 'running';
    await until(async () => !(await live()), { what: 'the end of the first publisher' });
    const publisher = publishClip(`${fleet.worker('worker-1').rtmpUrl}/live/${stream}`);
    await until(live, { what: 'the second publisher' });
    await fleet.api.restart(push!.id);
    expect(await fleet.api.waitForStatus(push!.id, 'running')).toMatchObject({ last_error: null });
    await publisher.stop();
  });
});

describe('a source that changes its codec while a push runs', () => {
  it('ends the push with the same error instead of leaving the picture out', async () => {
    const { id } = await fleet.api.createPush({ stream: 'flac', url: target('tshttp', 'changing') });
    const changing = '/changing/index.m3u8';
    const url = `${fleet.worker('worker-1').rtmpUrl}/live/flac`;
    const first = publishClip(url);
    await fleet.api.waitForStatus(id, 'running');
    expect(sink.receiving.has(changing)).toBe(true);
    watch.add(id);
    await first.stop();
    const second = await until(() => publishEnhanced(url, fileOf('av1')), { what: 'the second publisher' });
    const push = await fleet.api.waitForStatus(id, 'error');
    expect(push.last_error).toMatchObject({
      code: 'codec_unsupported',
      message: expect.stringMatching(/video as av1/),
    });
    await until(() => !sink.receiving.has(changing), { what: 'the end of the request' });
    await second.stop();
  });
});
