import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Sample, type Track, TsDemuxer, TsMuxer, type TsMuxerOptions } from '@pushfleet/protocols';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLIP, runFfmpeg } from '../harness/ffmpeg.ts';
import { avSync, decodeErrors, frameCount, monotonic } from '../harness/media-judges.ts';
import { runTool } from '../harness/tool.ts';
import { FAULTLESS, judgeTs, type TsVerdict } from '../harness/ts-judge.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pushfleet-mpegts-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const NTSC = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=30000/1001'];
const SLOW = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=10'];
const FILM = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=24'];
const LARGE = ['-f', 'lavfi', '-i', 'nullsrc=s=1280x720:r=10,geq=random(1)*255:128:128'];
const SINE = ['-f', 'lavfi', '-i', 'sine=f=440:r=48000'];
const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-g', '30', '-pix_fmt', 'yuv420p'];
const HEVC = [
  '-c:v',
  'libx265',
  '-preset',
  'ultrafast',
  '-x265-params',
  'log-level=none:keyint=30:bframes=3',
  '-pix_fmt',
  'yuv420p',
];
const AAC = ['-c:a', 'aac'];

const cases: [string, readonly string[]][] = [
  ['the clip: H.264 with B pictures and AAC', ['-i', CLIP, '-c', 'copy']],
  ['29.97 pictures a second and AAC of 44.1 kHz', [...NTSC, ...SINE, ...H264, ...AAC, '-ar', '44100', '-t', '6']],
  ['24 pictures a second and MP3', [...FILM, ...SINE, ...H264, '-c:a', 'libmp3lame', '-ar', '44100', '-t', '6']],
  ['10 pictures a second without sound', [...SLOW, ...H264, '-t', '6']],
  ['sound alone', [...SINE, ...AAC, '-t', '6']],
  ['HEVC and AC-3', [...NTSC, ...SINE, ...HEVC, '-c:a', 'ac3', '-t', '6']],
  ['HEVC and E-AC-3', [...NTSC, ...SINE, ...HEVC, '-c:a', 'eac3', '-t', '6']],
  [
    'H.264 in slices without delimiters and Opus',
    [...NTSC, ...SINE, ...H264, '-x264-params', 'slices=4:aud=0', '-c:a', 'libopus', '-t', '6'],
  ],
  ['pictures of 1.5 MB', [...LARGE, ...SINE, ...H264, '-bf', '0', '-g', '10', '-qp', '1', ...AAC, '-t', '1']],
  ['times that cross the wrap of the clock', ['-i', CLIP, '-c', 'copy', '-t', '8', '-output_ts_offset', '95439']],
];

interface Stream {
  readonly tracks: readonly Track[];
  readonly samples: readonly Sample[];
}

function demux(bytes: Buffer): Stream {
  let tracks: readonly Track[] = [];
  const samples: Sample[] = [];
  const demuxer = new TsDemuxer({
    tracks: (list) => {
      tracks = list;
    },
    sample: (sample) => samples.push(sample),
  });
  for (let offset = 0; offset < bytes.length; offset += 1316) demuxer.push(bytes.subarray(offset, offset + 1316));
  demuxer.end();
  expect(demuxer.stats()).toMatchObject({ gaps: 0, damagedUnits: 0, skippedBytes: 0 });
  return { tracks, samples: samples.sort((a, b) => a.dts - b.dts) };
}

/** As a live push does it: what there is leaves with each picture. */
function mux({ tracks, samples }: Stream, options: Partial<TsMuxerOptions> = {}): Buffer {
  const muxer = new TsMuxer(options);
  muxer.setTracks(tracks);
  const parts = samples.map((sample) => {
    muxer.append(sample);
    return sample.track.kind === 'video' ? muxer.take() : Buffer.alloc(0);
  });
  return Buffer.concat([...parts, muxer.take()]);
}

interface Packet {
  readonly pts: number;
  readonly dts: number;
  readonly isSync: boolean;
}

/** The packets of one elementary stream as ffprobe sees them; times as on the wire. */
async function probePackets(file: string, kind: 'video' | 'audio'): Promise<Packet[]> {
  const entries = ['-select_streams', kind[0]!, '-show_entries', 'packet=pts,dts,flags', '-of', 'csv=p=0'];
  const { stdout } = await runTool('ffprobe', ['-v', 'error', ...entries, file]);
  const rows = stdout.split('\n').filter((line) => /^-?\d/.test(line));
  return rows.map((row) => {
    const [pts, dts, flags] = row.split(',');
    return { pts: wrapped(Number(pts)), dts: wrapped(Number(dts)), isSync: flags!.startsWith('K') };
  });
}

const packetsOf = ({ samples }: Stream, kind: string): Packet[] =>
  samples
    .filter(({ track }) => track.kind === kind)
    .map(({ pts, dts, isSync }) => ({ pts: wrapped(pts), dts: wrapped(dts), isSync }));

const wrapped = (time: number): number => ((time % 2 ** 33) + 2 ** 33) % 2 ** 33;

/** The same packets, but for the rounding of times inside a PES packet: a tick is 11 µs. */
function expectSame(ours: readonly Packet[], theirs: readonly Packet[]): void {
  expect(ours).toHaveLength(theirs.length);
  const differences = ours.filter(({ pts, dts, isSync }, index) => {
    const other = theirs[index]!;
    return Math.abs(pts - other.pts) > 1 || Math.abs(dts - other.dts) > 1 || isSync !== other.isSync;
  });
  expect(differences).toEqual([]);
}

const bytesOf = ({ samples }: Stream, kind: string): Buffer =>
  Buffer.concat(samples.filter(({ track }) => track.kind === kind).map(({ data }) => data));

describe.each(cases)('MPEG-TS of %s', (name, args) => {
  const file = (part: string) => join(directory, `${name.replaceAll(/\W+/g, '-')}.${part}.mpegts`);
  let source: Stream;
  let verdict: TsVerdict;

  beforeAll(async () => {
    await runFfmpeg([...args, '-f', 'mpegts', file('source')]);
    source = demux(readFileSync(file('source')));
    const bytes = mux(source);
    await writeFile(file('ours'), bytes);
    verdict = judgeTs(bytes);
    console.log(`${name}: ${JSON.stringify(verdict)}`);
  });

  it('is read as ffprobe reads it', async () => {
    for (const kind of ['video', 'audio'] as const) {
      expectSame(packetsOf(source, kind), await probePackets(file('source'), kind));
    }
  });

  it('is written by the rules', () => {
    expect(verdict).toMatchObject({ ...FAULTLESS, discontinuities: 0, nullPackets: 0, pmtVersions: [0] });
    expect(verdict.maxPcrGapMs).toBeLessThanOrEqual(40);
    expect(Math.max(verdict.maxPatGapMs, verdict.maxPmtGapMs)).toBeLessThanOrEqual(100);
    expect(verdict.minLeadMs).toBeGreaterThanOrEqual(150);
    expect(verdict.maxLeadMs).toBeLessThanOrEqual(240);
    const pictures = source.samples.filter(({ track }) => track.kind === 'video');
    expect([verdict.pictures, verdict.syncPictures]).toEqual([
      pictures.length,
      pictures.filter(({ isSync }) => isSync).length,
    ]);
  });

  it('is decoded without a complaint, frame for frame', async () => {
    expect(await decodeErrors(file('ours'))).toEqual([]);
    expect(await frameCount(file('ours'))).toEqual(await frameCount(file('source')));
    for (const { nonMonotonic } of await monotonic(file('ours'))) expect(nonMonotonic).toBe(0);
  });

  it('keeps its times and bytes through both', async () => {
    for (const kind of ['video', 'audio'] as const) {
      expectSame(await probePackets(file('ours'), kind), await probePackets(file('source'), kind));
    }
    const again = demux(readFileSync(file('ours')));
    for (const kind of ['video', 'audio'] as const)
      expect(bytesOf(again, kind).equals(bytesOf(source, kind))).toBe(true);
  });
});

describe('MPEG-TS and lip sync', () => {
  it('keeps flashes and beeps together, also with sound in groups of 130 ms', async () => {
    await runFfmpeg(['-i', CLIP, '-c', 'copy', '-f', 'mpegts', join(directory, 'sync.mpegts')]);
    const source = demux(readFileSync(join(directory, 'sync.mpegts')));
    for (const maxAudioPesMs of [0, 130]) {
      const file = join(directory, `sync-${maxAudioPesMs}.mpegts`);
      const bytes = mux(source, { maxAudioPesMs });
      await writeFile(file, bytes);
      expect(judgeTs(bytes)).toMatchObject(FAULTLESS);
      const { offsetsMs } = await avSync(file);
      expect(offsetsMs.length).toBeGreaterThanOrEqual(6);
      console.log(
        `sound in groups of ${maxAudioPesMs} ms: ${offsetsMs.map((offset) => offset.toFixed(1)).join(' ')} ms apart`,
      );
      for (const offset of offsetsMs) expect(Math.abs(offset)).toBeLessThan(5);
    }
  });
});

describe('MPEG-TS of GStreamer', () => {
  it('is read as ffprobe reads it', async () => {
    const file = join(directory, 'gstreamer.mpegts');
    const pipeline = [
      ...[
        'filesrc',
        `location=${CLIP}`,
        '!',
        'qtdemux',
        'name=demux',
        'mpegtsmux',
        'name=mux',
        '!',
        'filesink',
        `location=${file}`,
      ],
      ...[
        'demux.video_0',
        '!',
        'queue',
        '!',
        'h264parse',
        '!',
        'mux.',
        'demux.audio_0',
        '!',
        'queue',
        '!',
        'aacparse',
        '!',
        'mux.',
      ],
    ];
    expect((await runTool('gst-launch-1.0', ['--quiet', ...pipeline])).code).toBe(0);
    const stream = demux(readFileSync(file));
    for (const kind of ['video', 'audio'] as const) expectSame(packetsOf(stream, kind), await probePackets(file, kind));
  });
});
