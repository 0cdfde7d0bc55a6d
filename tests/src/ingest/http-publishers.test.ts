import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLIP, type PublishOptions, publishClip, recordStream, runFfmpeg } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet, type WorkerProcess } from '../harness/fleet.ts';
import { curl, FRAGMENTED, publishWithCurlHttpSink } from '../harness/http-publishers.ts';
import { decodeErrors, frameCount, monotonic, probe } from '../harness/media-judges.ts';
import { type NginxRtmp, startNginxRtmp } from '../harness/nginx-rtmp.ts';
import { TestProcess } from '../harness/test-process.ts';
import { until } from '../harness/until.ts';

const CLIP_FRAMES = { video: 400, audio: 750 };

const once: PublishOptions = { loop: false };
const fragmented: PublishOptions = { ...once, format: 'mp4', output: FRAGMENTED };
const put = ['-method', 'PUT'];
const cases: readonly (readonly [who: string, stream: string, start: (url: string) => TestProcess])[] = [
  ['ffmpeg with MPEG-TS by POST', 'post', (url) => publishClip(`${url}/post/mpegts`, once)],
  ['ffmpeg with MPEG-TS by PUT', 'put', (url) => publishClip(`${url}/live/put/mpegts`, { ...once, output: put })],
  ['ffmpeg with fragmented MP4 at the bare name', 'bare', (url) => publishClip(`${url}/bare`, fragmented)],
  [
    'ffmpeg with fragmented MP4 by PUT',
    'm4s',
    (url) => publishClip(`${url}/m4s/m4s`, { ...fragmented, output: [...FRAGMENTED, ...put] }),
  ],
  [
    'ffmpeg with a login, which it sends when it is asked for it',
    'login',
    (url) => publishClip(`${url.replace('//', '//encoder:open-sesame@')}/login/mpegts`, once),
  ],
  ['GStreamer', 'gst', (url) => publishWithCurlHttpSink(`${url}/gst/mpegts`)],
];
const publishers = new Map<string, TestProcess>();

let nginx: NginxRtmp;
let fleet: Fleet;
let here: WorkerProcess;
let elsewhere: WorkerProcess;
let directory: string;
let ts: string;
let mp4: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pushfleet-http-'));
  ts = join(directory, 'clip.ts');
  await runFfmpeg(['-i', CLIP, '-c', 'copy', '-f', 'mpegts', ts]);
  mp4 = join(directory, 'clip.mp4');
  await runFfmpeg(['-i', CLIP, '-c', 'copy', ...FRAGMENTED, mp4]);
  nginx = await startNginxRtmp();
  const pushed = ['post', 'put', 'bare', 'm4s', 'gst'];
  fleet = await startFleet({
    workers: 2,
    config: `
      ${pushed.map((name) => `stream ${name} { input publish://; push ${nginx.url}/${name} timeout=1; }`).join('\n')}
      stream login { input publish://; password open-sesame; push ${nginx.url}/login timeout=1; }
      stream file { input publish://; }
      stream moving { input publish://; }
      stream guarded { input publish://; password open-sesame; push ${nginx.url}/guarded; }
      stream news/live1 { input publish://; }
      stream film { input file://${CLIP}; }
    `,
  });
  [here, elsewhere] = [fleet.worker('worker-1'), fleet.worker('worker-2')];
  for (const [, stream] of cases) await fleet.api.waitForStatus(await idOf(stream), 'waiting');
  for (const [, stream, start] of cases) publishers.set(stream, start(here.httpUrl));
});

afterAll(async () => {
  await fleet?.stop();
  await nginx?.stop();
  await rm(directory, { recursive: true, force: true });
});

async function idOf(stream: string): Promise<string> {
  return (await fleet.api.pushes({ stream }))[0]!.id;
}

/** Waits for the end of the publication, and until its push has let go of nginx; counts what has arrived there. */
async function arrived(stream: string, publisher: TestProcess): Promise<{ video: number; audio: number }> {
  const { code } = await publisher.exited;
  expect(code, publisher.output).toBe(0);
  await fleet.api.waitForStatus(await idOf(stream), 'waiting');
  await nginx.untilGone(stream);
  const recording = nginx.recording(stream);
  expect(await decodeErrors(recording)).toEqual([]);
  expect((await monotonic(recording)).map(({ nonMonotonic }) => nonMonotonic)).toEqual([0, 0]);
  return frameCount(recording);
}

// At the same time, and while the publishers are under way: each of them looks at a live stream for seconds.
describe.concurrent('a player over HTTP', () => {
  let publisher: TestProcess;
  beforeAll(async () => {
    publisher = publishClip(`${here.httpUrl}/news/live1/mpegts`);
    await until(async () => (await fleet.api.stream('news/live1')).source, { what: 'the publication' });
  });
  afterAll(() => publisher.stop());

  it.each([
    ['MPEG-TS', 'mpegts', 'ts'],
    ['fragmented MP4', 'm4s', 'mp4'],
  ])('of %s gets an unbroken stretch that decodes without a complaint', async (_what, format, ending) => {
    const file = join(directory, `played-${format}.${ending}`);
    await recordStream(`${here.httpUrl}/news/live1/${format}`, file, 5);
    expect(await decodeErrors(file)).toEqual([]);
    expect((await probe(file)).map(({ codec_name }) => codec_name).sort()).toEqual(['aac', 'h264']);
    const times = await monotonic(file);
    console.log(JSON.stringify(times));
    for (const { nonMonotonic, maxGap, packets } of times) {
      expect(nonMonotonic).toBe(0);
      expect(maxGap).toBeLessThan(0.06);
      expect(packets).toBeGreaterThan(100);
    }
  });

  it.each(['mpegts', 'm4s'])('can be ffprobe, at %s', async (format) => {
    const streams = await probe(`${here.httpUrl}/live/news/live1/${format}`);
    expect(streams.map(({ codec_name }) => codec_name).sort()).toEqual(['aac', 'h264']);
  });

  it('is sent to the worker that has the stream', async () => {
    const { statuses, url } = await curl(`${elsewhere.httpUrl}/news/live1/mpegts`, ['-L', '-I']);
    expect(statuses).toEqual([302, 200]);
    expect(url).toBe(`${here.httpUrl}/news/live1/mpegts`);
    expect(await probe(`${elsewhere.httpUrl}/news/live1/m4s`)).toHaveLength(2); // ffprobe follows, too
  });

  it('gets a stream that has to be fetched first', async () => {
    const streams = await probe(`${elsewhere.httpUrl}/film/mpegts`);
    expect(streams.map(({ codec_name }) => codec_name).sort()).toEqual(['aac', 'h264']);
  });
});

describe('a publisher over HTTP', () => {
  it.each(cases)('that is %s loses no frame on the way to the target', async (_who, stream) => {
    const frames = await arrived(stream, publishers.get(stream)!);
    console.log(`${stream}: ${JSON.stringify(frames)}`);
    expect(frames).toEqual(CLIP_FRAMES);
  });

  it('that is curl sends a file faster than real time, and is told what came of it', async () => {
    const { statuses, body } = await curl(`${here.httpUrl}/file/mpegts`, ['-T', ts]);
    expect(statuses).toEqual([100, 200]);
    const { size } = await stat(ts);
    expect(JSON.parse(body)).toMatchObject({ status: 'ended', bytes: size, lastDts: expect.any(Number) });
  });
});

describe('a publisher over HTTP that is refused', () => {
  it.each([
    ['of a stream that does not exist', '/nobody/mpegts', 404],
    ['of a stream with another input', '/film/mpegts', 403],
    ['without the password', '/guarded/mpegts', 401],
    ['with a wrong password', '/guarded/mpegts?password=open-barley', 403],
  ])('%s is told so before it sends, and with or without asking', async (_who, path, status) => {
    const asked = await curl(`${here.httpUrl}${path}`, ['-T', ts]);
    expect(asked.statuses).toEqual([status]);
    const { statuses, body } = await curl(`${here.httpUrl}${path}`, ['-T', ts, '-H', 'Expect:']);
    expect(statuses).toEqual([status]);
    expect(JSON.parse(body)).toMatchObject({ status, detail: expect.stringMatching(/\w/) });
  });

  it('makes ffmpeg fail, which sends at once', async () => {
    expect((await publishClip(`${here.httpUrl}/nobody/mpegts`).exited).code).not.toBe(0);
  });

  it('because of its media is told so', async () => {
    expect((await curl(`${here.httpUrl}/file/mpegts`, ['-T', CLIP])).statuses.at(-1)).toBe(415);
    expect((await curl(`${here.httpUrl}/file/m4s`, ['-T', ts])).statuses.at(-1)).toBe(415);
  });

  it('leaves no password behind, neither the right one nor a wrong one', () => {
    const texts = [here.output, elsewhere.output, fleet.scheduler.output];
    expect(texts.join('\n')).not.toMatch(/open-sesame|open-barley/);
  });
});

describe('a publisher at the wrong worker', () => {
  it('is sent to the one that has the name, which decides', async () => {
    const publisher = publishClip(`${here.httpUrl}/moving/mpegts`);
    await until(async () => (await fleet.api.stream('moving')).source, { what: 'the publication' });
    const { statuses, url } = await curl(`${elsewhere.httpUrl}/moving/mpegts?x=1`, ['-L', '-T', ts]);
    expect(statuses).toEqual([302, 409]);
    expect(url).toBe(`${here.httpUrl}/moving/mpegts?x=1`);
    await publisher.stop();
  });

  it('meets the attempt that it replaces there', async () => {
    await until(async () => (await fleet.api.stream('moving')).source === null, { what: 'the name to be free' });
    const session = (epoch: number) => ['-H', `X-Session: ${epoch}-p1`, '-H', 'Content-Type: video/mp4'];
    const fifo = ['-T', '.']; // standard input, without waiting for it
    const older = new TestProcess('curl-older', 'sh', [
      '-c',
      `(cat "$0"; sleep 30) | exec curl -sS -i ${[...session(5), ...fifo].map((word) => `'${word}'`).join(' ')} "$1"`,
      mp4,
      `${here.httpUrl}/moving/m4s`,
    ]);
    await until(async () => (await fleet.api.stream('moving')).source, { what: 'the older attempt' });
    const newer = await curl(`${elsewhere.httpUrl}/moving/m4s`, ['-L', ...session(6), '-T', mp4]);
    expect(newer.statuses).toEqual([302, 100, 200]);
    await older.waitForLog(/session_outdated/);
    // An attempt that its fleet has given up does not come back, although the name is free.
    const given = await curl(`${here.httpUrl}/moving/m4s`, [...session(5), '-T', mp4]);
    expect(given.statuses).toEqual([409]);
    expect(JSON.parse(given.body)).toMatchObject({ code: 'session_outdated' });
    older.killGroup('SIGKILL');
  });

  it('that is being drained is sent to another', async () => {
    await fleet.api.drain('worker-1');
    await until(async () => (await curl(`${here.httpUrl}/ready`)).statuses[0] === 503, { what: 'worker-1 to drain' });
    const { statuses, url } = await curl(`${here.httpUrl}/moving/mpegts`, ['-L', '-T', ts]);
    expect(statuses).toEqual([302, 100, 200]);
    expect(url).toBe(`${elsewhere.httpUrl}/moving/mpegts`);
  });
});
