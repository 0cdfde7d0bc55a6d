import { createCipheriv, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sample } from '../media/sample.ts';
import type { Track } from '../media/track.ts';
import type { DialOptions } from '../publisher/publisher.ts';
import { dial } from '../publisher/testing/dial.ts';
import { run } from '../publisher/testing/programs.ts';
import { type HlsPlayOptions, parseHlsSource, playHls } from './player.ts';
import { Origin } from './testing/origin.ts';

const SECONDS = 3;
const [PICTURES, SOUNDS] = [SECONDS * 25, Math.round((SECONDS * 48_000) / 1024)];

let directory: string;
/** Files of the folder `name` that ffmpeg has made, by name. */
const made = new Map<string, Map<string, Buffer>>();

async function make(name: string, ...options: string[]): Promise<void> {
  const folder = join(directory, name);
  await run('mkdir', folder);
  const input = ['-v', 'error', '-i', join(directory, 'clip.mp4'), '-c', 'copy'];
  await run(
    'ffmpeg',
    ...input,
    '-f',
    'hls',
    '-hls_time',
    '1',
    '-hls_list_size',
    '0',
    ...options,
    join(folder, 'index.m3u8'),
  );
  made.set(name, new Map(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file))])));
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hls-player-'));
  const encoder = [
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-bf',
    '2',
    '-g',
    '25',
    '-pix_fmt',
    'yuv420p',
    '-c:a',
    'aac',
  ];
  const sources = ['-f', 'lavfi', '-i', 'testsrc=s=160x90:r=25', '-f', 'lavfi', '-i', 'sine=r=48000'];
  await run('ffmpeg', '-v', 'error', ...sources, '-t', String(SECONDS), ...encoder, join(directory, 'clip.mp4'));
  const keyInfo = join(directory, 'key-info');
  writeFileSync(join(directory, 'key'), randomBytes(16));
  writeFileSync(keyInfo, `secret.key\n${join(directory, 'key')}\n`);
  await make('ts');
  await make('fmp4', '-hls_segment_type', 'fmp4');
  await make('ranges', '-hls_flags', 'single_file');
  await make('ranges-fmp4', '-hls_segment_type', 'fmp4', '-hls_flags', 'single_file');
  await make('encrypted', '-hls_key_info_file', keyInfo);
  await make('picture', '-an', '-hls_segment_type', 'fmp4');
  await make('sound', '-vn', '-hls_segment_type', 'fmp4');
});
afterAll(() => rm(directory, { recursive: true }));

/** Serves a folder at `/name/`. */
function serve(origin: Origin, name: string): void {
  for (const [file, bytes] of made.get(name) ?? []) origin.files.set(`/${name}/${file}`, bytes);
}

interface Played {
  readonly samples: readonly Sample[];
  readonly tracks: readonly (readonly Track[])[];
  /** From the first sample to the last one. */
  readonly elapsedMs: number;
  /** Of each sample: how much later it came than the first one, by the times that both have. */
  readonly lateMs: readonly number[];
  readonly dialled: readonly DialOptions[];
}

async function play(url: string, options: Partial<HlsPlayOptions> = {}): Promise<Played> {
  const samples: Sample[] = [];
  const tracks: (readonly Track[])[] = [];
  const dialled: DialOptions[] = [];
  const times: number[] = [];
  await playHls({
    target: parseHlsSource(url),
    dial: (dialOptions) => {
      dialled.push(dialOptions);
      return dial(dialOptions);
    },
    events: {
      tracks: (list) => void tracks.push(list),
      sample: (sample) => {
        samples.push(sample);
        times.push(performance.now());
      },
    },
    signal: new AbortController().signal,
    ...options,
  });
  const lateMs = samples.map((sample, index) => times[index]! - times[0]! - (ms(sample) - ms(samples[0]!)));
  return { samples, tracks, dialled, elapsedMs: (times.at(-1) ?? 0) - (times[0] ?? 0), lateMs };
}

/** Nine of ten samples come at the pace of their times: what the machine is late for is made good. */
function expectPaced({ lateMs }: Played, withinMs = 250): void {
  const sorted = lateMs.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)]!;
  expect(at(0.95) - at(0.05)).toBeLessThan(withinMs);
}

const ofKind = (samples: readonly Sample[], kind: Track['kind']) => samples.filter(({ track }) => track.kind === kind);
const ms = ({ dts, track }: Sample) => (dts * 1000) / track.timescale;

function expectWhole(played: Played, rounds = 1): void {
  const { samples, tracks } = played;
  expect(tracks.map((list) => list.map(({ codec }) => codec))).toEqual([['h264', 'aac']]);
  const [pictures, sounds] = [ofKind(samples, 'video'), ofKind(samples, 'audio')];
  expect(pictures).toHaveLength(PICTURES * rounds);
  expect(Math.abs(sounds.length - SOUNDS * rounds)).toBeLessThanOrEqual(3 * rounds);
  for (const list of [pictures, sounds]) {
    const steps = list.slice(1).map((sample, index) => ms(sample) - ms(list[index]!));
    expect(Math.min(...steps)).toBeGreaterThan(0);
    expect(Math.max(...steps)).toBeLessThan(90);
  }
  expect(pictures[0]?.isSync).toBe(true);
  expectPaced(played);
}

describe.concurrent('playHls', () => {
  it.each(['ts', 'fmp4', 'ranges', 'ranges-fmp4', 'encrypted'])('plays every sample in its time: %s', async (name) => {
    await using origin = await Origin.start();
    serve(origin, name);
    origin.files.set(`/${name}/secret.key`, readFileSync(join(directory, 'key')));
    expectWhole(await play(origin.url(`/${name}/index.m3u8`)));
    expect(origin.requestsOf(`/${name}/index.m3u8`)).toBe(1);
    if (name === 'encrypted') expect(origin.requestsOf('/encrypted/secret.key')).toBe(1);
  });

  it('plays the best variant of a multivariant playlist, and its sound from another playlist', async () => {
    await using origin = await Origin.start();
    for (const name of ['picture', 'sound', 'ts']) serve(origin, name);
    origin.files.set(
      '/master.m3u8',
      [
        '#EXTM3U',
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="x",DEFAULT=YES,URI="sound/index.m3u8"',
        '#EXT-X-STREAM-INF:BANDWIDTH=1000',
        'ts/index.m3u8',
        '#EXT-X-STREAM-INF:BANDWIDTH=9000,AUDIO="a"',
        'picture/index.m3u8',
      ].join('\n'),
    );
    expectWhole(await play(origin.url('/master.m3u8')));
    expect(origin.requestsOf('/ts/index.m3u8')).toBe(0);
  });

  it('puts what follows a discontinuity on the same line of time', async () => {
    await using origin = await Origin.start();
    for (const name of ['ts', 'fmp4']) serve(origin, name);
    const listed = (name: string) =>
      String(made.get(name)?.get('index.m3u8'))
        .split('\n')
        .filter((line) => !/^#EXT(M3U|-X-(VERSION|TARGET|MEDIA-SEQ|PLAYLIST|ENDLIST|INDEP))/.test(line) && line !== '')
        .map((line) => line.replace(/^(?!#)/, `/${name}/`).replace('URI="', `URI="/${name}/`));
    const head = ['#EXTM3U', '#EXT-X-VERSION:7', '#EXT-X-TARGETDURATION:1'];
    const list = [...head, ...listed('ts'), '#EXT-X-DISCONTINUITY', ...listed('ts'), '#EXT-X-ENDLIST'];
    origin.files.set('/twice.m3u8', list.join('\n'));
    const played = await play(origin.url('/twice.m3u8'));
    const { samples } = played;
    const pictures = ofKind(samples, 'video');
    expect(pictures).toHaveLength(2 * PICTURES);
    for (const kind of ['video', 'audio'] as const) {
      const times = ofKind(samples, kind).map(ms);
      const steps = times.slice(1).map((time, index) => time - times[index]!);
      expect(Math.min(...steps)).toBeGreaterThan(0);
      expect(Math.max(...steps)).toBeLessThan(160); // reordered pictures of the first part are shown before the second begins
    }
    expectPaced(played);
  });

  it('goes on without a segment that is missing or announced as a gap', async () => {
    await using origin = await Origin.start();
    serve(origin, 'ts');
    const text = String(made.get('ts')?.get('index.m3u8'));
    origin.files.set('/ts/index.m3u8', text.replace(/(#EXTINF[^\n]*\n)index1.ts/, '#EXT-X-GAP\n$1index1.ts'));
    const { samples, tracks } = await play(origin.url('/ts/index.m3u8'));
    expect(ofKind(samples, 'video')).toHaveLength(50);
    expect(origin.requestsOf('/ts/index1.ts')).toBe(0);
    expect(tracks.length).toBeLessThanOrEqual(2);
  });

  it('asks again for a segment that is not there yet', async () => {
    await using origin = await Origin.start();
    serve(origin, 'ts');
    const segment = made.get('ts')?.get('index1.ts');
    let asked = 0;
    origin.files.set('/ts/index1.ts', (_request, response) => {
      if (asked++ === 0) response.writeHead(404).end();
      else response.end(segment);
    });
    expectWhole(await play(origin.url('/ts/index.m3u8')));
    expect(asked).toBe(2);
  });

  it('reads a packed playlist, and takes relative URLs from where redirects have led', async () => {
    await using origin = await Origin.start();
    await using edge = await Origin.start();
    serve(edge, 'ts');
    edge.files.set('/ts/index.m3u8', (_request, response) => {
      response.setHeader('content-encoding', 'gzip');
      response.end(gzipSync(made.get('ts')?.get('index.m3u8') ?? ''));
    });
    origin.files.set('/cam.m3u8', (_request, response) => {
      response.writeHead(302, { location: edge.url('/ts/index.m3u8?session=1') }).end();
    });
    const played = await play(origin.url('/cam.m3u8').replace('http://', 'hls://'));
    expectWhole(played);
    // Whom the owner has not named stands under the policy for strangers.
    expect(played.dialled.map(({ port, redirected }) => [port === edge.port, redirected === true])).toEqual(
      played.dialled.map(({ port }) => [port === edge.port, port === edge.port]),
    );
    expect(played.dialled.filter(({ port }) => port === edge.port).length).toBeGreaterThanOrEqual(4);
  });

  it('logs in at the host of the owner, once, and nowhere else', async () => {
    await using origin = await Origin.start();
    await using other = await Origin.start();
    serve(other, 'ts');
    const isRight = (authorization = '') => authorization === `Basic ${Buffer.from('cam:pa ss').toString('base64')}`;
    origin.files.set('/cam.m3u8', (request, response) => {
      if (isRight(request.headers.authorization)) {
        const list = String(made.get('ts')?.get('index.m3u8'));
        response.end(list.replace('index0.ts', 'first.ts').replaceAll(/index(\d)/g, other.url('/ts/index$1')));
      } else response.writeHead(401, { 'www-authenticate': 'Basic realm="cams"' }).end();
    });
    origin.files.set('/first.ts', (request, response) => {
      if (isRight(request.headers.authorization)) response.end(made.get('ts')?.get('index0.ts'));
      else response.writeHead(401, { 'www-authenticate': 'Basic realm="cams"' }).end();
    });
    expectWhole(await play(origin.url('/cam.m3u8').replace('http://', 'http://cam:pa%20ss@')));
    expect(origin.requests.map(({ path, headers }) => [path, headers.authorization !== undefined])).toEqual([
      ['/cam.m3u8', false],
      ['/cam.m3u8', true],
      ['/first.ts', true],
    ]);
    expect(other.requests.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
  });

  it('follows a playlist that grows, three segments behind its end, until nothing is added any more', async () => {
    await using origin = await Origin.start();
    for (const name of ['ts']) serve(origin, name);
    const startedAt = performance.now();
    const total = 9;
    const last = () => Math.min(5 + Math.floor((performance.now() - startedAt) / 1000), total);
    origin.files.set('/live.m3u8', (_request, response) => {
      const sequences = Array.from({ length: 4 }, (_, index) => last() - 3 + index);
      const isOver = last() === total;
      const listed = sequences.flatMap((n) => [
        ...(n % 3 === 0 ? ['#EXT-X-DISCONTINUITY'] : []),
        '#EXTINF:1,',
        `/ts/index${n % 3}.ts?${n}`,
      ]);
      const breaks = Math.ceil(sequences[0]! / 3);
      response.end(
        [
          '#EXTM3U',
          '#EXT-X-TARGETDURATION:1',
          `#EXT-X-MEDIA-SEQUENCE:${sequences[0]}`,
          `#EXT-X-DISCONTINUITY-SEQUENCE:${breaks}`,
          ...listed,
          isOver ? '#EXT-X-ENDLIST' : '',
        ].join('\n'),
      );
    });
    const played = await play(origin.url('/live.m3u8'));
    const { samples, elapsedMs } = played;
    const asked = origin.requests
      .filter(({ path }) => path.startsWith('/ts/'))
      .map(({ path }) => Number(path.split('?')[1]));
    expect(asked).toEqual([3, 4, 5, 6, 7, 8, 9]);
    expect(ofKind(samples, 'video')).toHaveLength(175);
    const times = ofKind(samples, 'video').map(ms);
    expect(Math.min(...times.slice(1).map((time, index) => time - times[index]!))).toBeGreaterThan(0);
    expectPaced(played, 1_500); // it waits for segments that come late
    expect(origin.requestsOf('/live.m3u8')).toBeLessThan(4 + elapsedMs / 1_000);
  });

  it.each([
    ['a page of a web server', '<html></html>', 'protocol_violation', 'no playlist'],
    ['nothing', undefined, 'http_404', '404'],
    [
      'a stream for Apple devices only',
      '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://x"\n#EXTINF:2,\na.ts\n',
      'source_lost',
      'SAMPLE-AES',
    ],
    [
      'something that is neither TS nor MP4',
      '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n/x\n#EXTINF:2,\n/x\n#EXTINF:2,\n/x\n',
      'protocol_violation',
      'neither',
    ],
    ['a playlist without segments', '#EXTM3U\n#EXT-X-TARGETDURATION:2\n', 'source_lost', 'no media within 3000 ms'],
  ])('says what is wrong with %s', async (_what, playlist, code, detail) => {
    await using origin = await Origin.start();
    if (playlist !== undefined) origin.files.set('/index.m3u8', playlist);
    origin.files.set('/x', 'a page');
    const played = play(origin.url('/index.m3u8'), { firstMediaTimeoutMs: 3000 });
    await expect(played).rejects.toMatchObject({ code, detail: expect.stringContaining(detail) });
  });

  it('ends at once with the reason of the signal', async () => {
    await using origin = await Origin.start();
    serve(origin, 'ts');
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error('not wanted any more')), 500);
    const startedAt = performance.now();
    await expect(play(origin.url('/ts/index.m3u8'), { signal: abort.signal })).rejects.toThrow('not wanted any more');
    expect(performance.now() - startedAt).toBeLessThan(2_500); // it would play for three
  });

  it('plays packed AAC by the time in its tag', async () => {
    await using origin = await Origin.start();
    const adts = join(directory, 'sound.aac');
    await run('ffmpeg', '-v', 'error', '-y', '-i', join(directory, 'clip.mp4'), '-vn', '-c', 'copy', '-t', '1', adts);
    const owner = Buffer.from('com.apple.streaming.transportStreamTimestamp\0', 'latin1');
    const tag = (time: number) => {
      const value = Buffer.alloc(8);
      value.writeBigUInt64BE(BigInt(time));
      const frame = Buffer.concat([Buffer.from('PRIV\0\0\0\x35\0\0', 'latin1'), owner, value]);
      return Buffer.concat([Buffer.from(`ID3\x04\0\0\0\0\0${String.fromCharCode(frame.length)}`, 'latin1'), frame]);
    };
    const frames = readFileSync(adts);
    for (const n of [0, 1]) origin.files.set(`/${n}.aac`, Buffer.concat([tag(8_589_000_000 + n * 92_160), frames]));
    origin.files.set(
      '/index.m3u8',
      '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n0.aac\n#EXTINF:1,\n1.aac\n#EXT-X-ENDLIST\n',
    );
    const { samples, tracks } = await play(origin.url('/index.m3u8'));
    expect(tracks).toMatchObject([[{ codec: 'aac', sampleRate: 48_000, timescale: 48_000 }]]);
    expect(samples.length).toBeGreaterThan(90);
    const steps = samples.slice(1).map((sample, index) => sample.dts - samples[index]!.dts);
    expect(Math.min(...steps)).toBeGreaterThanOrEqual(1000);
  });
});

it('an encrypted segment whose vector is its number is read as RFC 8216 says', async () => {
  await using origin = await Origin.start();
  const key = readFileSync(join(directory, 'key'));
  const vector = Buffer.alloc(16);
  vector.writeUInt32BE(7, 12);
  const cipher = createCipheriv('aes-128-cbc', key, vector);
  origin.files.set('/a.ts', Buffer.concat([cipher.update(made.get('ts')!.get('index0.ts')!), cipher.final()]));
  origin.files.set('/key', key);
  origin.files.set(
    '/index.m3u8',
    '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-KEY:METHOD=AES-128,URI="key"\n#EXTINF:1,\na.ts\n#EXT-X-ENDLIST\n',
  );
  expect(ofKind((await play(origin.url('/index.m3u8'))).samples, 'video')).toHaveLength(25);
});
