import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ByteWriter } from '../../bytes/byte-writer.ts';
import { MalformedError } from '../../bytes/malformed-error.ts';
import { parseAvcConfiguration } from '../../codec/h264/avcc.ts';
import { parseHevcConfiguration } from '../../codec/hevc/hvcc.ts';
import { joinLengthPrefixed } from '../../codec/nal/length-prefixed.ts';
import type { Sample } from '../../media/sample.ts';
import type { Track, VideoTrack } from '../../media/track.ts';
import { box, fullBox } from './box.ts';
import { Fmp4Demuxer } from './demuxer.ts';
import { type Fmp4Refusal, Fmp4RefusedError } from './refused-error.ts';
import { LAST_SEGMENT, segmentType } from './segment-type.ts';
import { demux, FRAGMENTED, ffmpeg, H264, type Media, mux, PICTURE, probe, readClip, SOUND } from './testing/clips.ts';

const copy = (flags: string, ...more: string[]) => ['-c', 'copy', '-movflags', flags, ...more];

/** Name, and what ffmpeg makes it of. `avc`, the first one, is the source of those that only differ in their boxes. */
const ENCODED: Readonly<Record<string, readonly string[]>> = {
  avc: [...PICTURE, ...SOUND, '-t', '3', ...H264, '-c:a', 'aac', ...FRAGMENTED],
  'hevc and AC-3': [
    ...[...PICTURE, ...SOUND, '-t', '2', '-c:v', 'libx265', '-preset', 'ultrafast', '-tag:v', 'hvc1'],
    ...['-x265-params', 'log-level=0:keyint=25', '-c:a', 'ac3', ...FRAGMENTED],
  ],
  'VP9 and Opus': [
    ...[...PICTURE, ...SOUND, '-t', '2', '-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-g', '25'],
    ...['-c:a', 'libopus', ...FRAGMENTED],
  ],
  'AV1 and FLAC': [
    ...[...PICTURE, ...SOUND, '-t', '2', '-c:v', 'libaom-av1', '-usage', 'realtime', '-cpu-used', '8', '-g', '25'],
    ...['-c:a', 'flac', '-strict', '-2', ...FRAGMENTED],
  ],
  'pictures of 29.97 Hz alone': [...PICTURE, '-t', '2', '-r', '30000/1001', ...H264, ...FRAGMENTED],
  'AAC of 44.1 kHz alone': ['-f', 'lavfi', '-i', 'sine=r=44100', '-t', '2', '-c:a', 'aac', ...FRAGMENTED],
  'MP3 of 44.1 kHz': ['-f', 'lavfi', '-i', 'sine=r=44100', '-t', '2', '-c:a', 'libmp3lame', ...FRAGMENTED],
  'E-AC-3': [...SOUND, '-t', '2', '-c:a', 'eac3', ...FRAGMENTED],
};

const REMUXED: Readonly<Record<string, readonly string[]>> = {
  'fragments of 200 ms': copy('+empty_moov+default_base_moof+delay_moov', '-frag_duration', '200000'),
  'base data offsets': copy('+empty_moov+frag_keyframe'),
  'offsets that are left out': copy('+empty_moov+frag_keyframe+omit_tfhd_offset+delay_moov'),
  'a moof for each track': copy('+empty_moov+frag_keyframe+separate_moof+delay_moov'),
  'DASH segments with styp and sidx': copy('+dash+frag_keyframe+delay_moov+default_base_moof'),
};

let directory: string;
const file = (name: string) => join(directory, `${name}.mp4`);
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'fmp4-demuxer-'));
  await Promise.all(Object.entries(ENCODED).map(([name, args]) => ffmpeg(...args, file(name))));
  const more = { ...REMUXED, cmaf: copy('+cmaf+frag_keyframe'), 'one moov at the end': ['-c', 'copy'] };
  const encrypted = ['-encryption_scheme', 'cenc-aes-ctr', '-encryption_key', '0'.repeat(32)];
  const kid = ['-encryption_kid', '1'.repeat(32)];
  await Promise.all([
    ...Object.entries(more).map(([name, args]) => ffmpeg('-i', file('avc'), ...args, file(name))),
    ffmpeg('-i', file('avc'), '-c', 'copy', ...FRAGMENTED, ...encrypted, ...kid, file('encrypted')),
  ]);
}, 60_000);
afterAll(() => rm(directory, { recursive: true }));

const line = ({ track, pts, dts, isSync, data }: Sample) => `${track.kind} ${pts} ${dts} ${data.length} ${isSync}`;
const lines = ({ samples }: Media, kind: Track['kind']) => samples.filter(({ track }) => track.kind === kind).map(line);
const same = (a: Media, b: Media) => expect(b.samples.map(line)).toEqual(a.samples.map(line));

describe('Fmp4Demuxer and ffprobe', () => {
  it.each([...Object.keys(ENCODED), ...Object.keys(REMUXED)])('see the same packets: %s', async (name) => {
    const media = readClip(file(name));
    const { packets, streams } = await probe(file(name));
    expect(media.tracks.length).toBe(streams.length);
    for (const kind of ['video', 'audio'] as const) {
      const seen = packets
        .filter((packet) => packet.kind === kind)
        .map(({ pts, dts, size, isSync }) => `${kind} ${pts} ${dts} ${size} ${isSync}`);
      expect(lines(media, kind)).toEqual(seen);
    }
  });

  it('name the same tracks', async () => {
    const { tracks } = readClip(file('pictures of 29.97 Hz alone'));
    expect(tracks).toMatchObject([{ codec: 'h264', width: 320, height: 180, timescale: 30_000 }]);
    expect((tracks[0] as VideoTrack).frameRate).toBeCloseTo(29.97);
    for (const [name, audio] of [
      ['avc', { codec: 'aac', sampleRate: 48_000, channels: 1 }],
      ['hevc and AC-3', { codec: 'ac3', sampleRate: 48_000, channels: 1 }],
      ['VP9 and Opus', { codec: 'opus', sampleRate: 48_000, channels: 1 }],
      ['AV1 and FLAC', { codec: 'flac', sampleRate: 48_000, channels: 1 }],
      ['MP3 of 44.1 kHz', { codec: 'mp3', sampleRate: 44_100 }],
    ] as const) {
      expect(readClip(file(name)).tracks.at(-1)).toMatchObject(audio);
    }
  });

  it('agree on distances where composition offsets are negative, which ffprobe shows one picture too late', async () => {
    const { packets } = await probe(file('cmaf'));
    const times = (list: readonly { pts: number; dts: number }[]) =>
      list.map(({ pts, dts }) => [pts - list[0]!.pts, pts - dts]);
    const mine = readClip(file('cmaf')).samples.filter(({ track }) => track.kind === 'video');
    expect(times(mine)).toEqual(times(packets.filter(({ kind }) => kind === 'video')));
    expect(mine[0]!.pts).toBe(0);
  });
});

describe('Fmp4Demuxer', () => {
  it.each([1, 7, 100_000])('takes a stream in pieces of %i bytes', (pieceBytes) => {
    const head = readFileSync(file('fragments of 200 ms')).subarray(0, 60_000);
    same(demux(head, 1500), demux(head, pieceBytes));
    expect(demux(head, pieceBytes).samples.length).toBeGreaterThan(30);
  });

  it('counts the offsets of another file from its start', () => {
    const bytes = readFileSync(file('base data offsets'));
    const samples: Sample[] = [];
    const demuxer = new Fmp4Demuxer({ tracks: () => {}, sample: (sample) => samples.push(sample) });
    demuxer.push(bytes);
    demuxer.startFile();
    demuxer.push(bytes);
    const once = samples.slice(0, samples.length / 2);
    expect(samples.slice(once.length).map(line)).toEqual(once.map(line));
    expect(once.length).toBe(readClip(file('base data offsets')).samples.length);
  });

  it.each(['avc', 'hevc and AC-3'])('takes parameter sets from the pictures when the header has none: %s', (name) => {
    const { tracks, samples } = readClip(file(name));
    const [video, audio] = tracks as [VideoTrack, Track];
    const { bare, sets } = withoutSets(video);
    const inBand = samples.map((sample): Sample => {
      if (sample.track !== video) return sample;
      const data = sample.isSync ? Buffer.concat([joinLengthPrefixed(sets), sample.data]) : sample.data;
      return { ...sample, track: bare, data };
    });
    const events: (readonly Track[])[] = [];
    const received: Sample[] = [];
    const demuxer = new Fmp4Demuxer({
      tracks: (list) => events.push(list),
      sample: (sample) => received.push(sample),
    });
    demuxer.push(mux({ tracks: [bare, audio], samples: inBand }));
    expect(events.map((list) => list.map(({ codec }) => codec))).toEqual([[video.codec, audio.codec]]);
    expect(received.length).toBe(samples.length);
    const pictures = (list: readonly Sample[]) =>
      list.filter(({ track }) => track.kind === 'video').map(({ data }) => data);
    expect(pictures(received)).toEqual(pictures(samples));
  });

  it('names new tracks when a header comes in mid-stream, and keeps those that have not changed', () => {
    const first = readClip(file('avc'));
    const other = readClip(file('hevc and AC-3'));
    const again = mux(first);
    const seen: (readonly Track[])[] = [];
    let samples = 0;
    const demuxer = new Fmp4Demuxer({ tracks: (tracks) => seen.push(tracks), sample: () => samples++ });
    for (const bytes of [
      again,
      again,
      mux({ tracks: [other.tracks[0]!, first.tracks[1]!], samples: [] }),
      mux(other),
    ]) {
      demuxer.push(bytes);
    }
    expect(seen.map((tracks) => tracks.map(({ codec }) => codec))).toEqual([
      ['h264', 'aac'],
      ['hevc', 'aac'],
      ['hevc', 'ac3'],
    ]);
    expect(seen[1]![1]).toBe(seen[0]![1]);
    expect(seen[2]![0]).toBe(seen[1]![0]);
    expect(samples).toBe(2 * first.samples.length + other.samples.length);
  });

  it('reads times of clocks that count 100 ns since 1970, which are beyond 2^53', () => {
    const source = readClip(file('pictures of 29.97 Hz alone'));
    const track: Track = { ...source.tracks[0]!, timescale: 10_000_000 };
    const samples = source.samples.slice(0, 20).map((sample, at) => {
      const dts = at * 333_667;
      return { ...sample, track, dts, pts: dts };
    });
    const nowMs = Date.UTC(2026, 1, 3);
    const { samples: read } = demux(mux({ tracks: [track], samples }, nowMs));
    for (const [at, { dts }] of read.entries()) expect(Math.abs(dts - (nowMs * 10_000 + at * 333_667))).toBeLessThan(4);
    expect(read).toHaveLength(20);
  });

  it('spends no time on runs of samples that hold nothing', () => {
    const bytes = mux(readClip(file('E-AC-3')));
    const tfhd = fullBox('tfhd', 0, 0x020000, new ByteWriter(4).u32(1).finish());
    const trun = fullBox('trun', 0, 0, new ByteWriter(4).u32(0xffff).finish());
    const moof = box('moof', box('traf', tfhd, trun));
    const startedAt = performance.now();
    same(demux(bytes), demux(Buffer.concat([bytes, ...Array.from({ length: 2000 }, () => moof)])));
    expect(performance.now() - startedAt).toBeLessThan(10_000); // half a minute, if each were looked at
  });

  it('skips boxes that it does not know, and those without media', () => {
    const bytes = mux(readClip(file('AAC of 44.1 kHz alone')));
    const noise = ['free', 'emsg', 'sidx', 'mfra', 'uuid'].map((type) => box(type, Buffer.alloc(3000)));
    const large = Buffer.concat([
      Buffer.from('00000001', 'hex'),
      Buffer.from('skip'),
      Buffer.from('0000000000000020', 'hex'),
    ]);
    const around = Buffer.concat([...noise, large, Buffer.alloc(16), bytes, ...noise]);
    same(demux(bytes), demux(around, 1));
  });

  it('says that the stream has ended when its last segment was marked so', () => {
    const bytes = mux(readClip(file('E-AC-3')));
    const ended = (...parts: Buffer[]) => {
      let isEnded = false;
      const demuxer = new Fmp4Demuxer({
        tracks: () => {},
        sample: () => {},
        ended: () => {
          isEnded = true;
        },
      });
      for (const part of parts) demuxer.push(part);
      demuxer.end();
      return isEnded;
    };
    const last = segmentType('cmfl', LAST_SEGMENT);
    expect(ended(bytes, last)).toBe(true);
    expect(ended(bytes)).toBe(false);
    expect(ended(last, bytes)).toBe(true);
    expect(ended(last, segmentType('cmfl'), bytes)).toBe(false);
  });

  it('does not believe a writer that calls every picture a sync sample', () => {
    const media = readClip(file('avc'));
    const bytes = mux(media);
    for (let at = bytes.indexOf('trun'); at !== -1; at = bytes.indexOf('trun', at + 4)) {
      if (bytes.readUInt32BE(at + 4) === 0x01000f01) bytes.writeUInt32BE(0, at + 24); // sample_flags
    }
    const syncs = ({ samples }: Media) =>
      samples.filter(({ isSync, track }) => isSync && track.kind === 'video').length;
    expect(syncs(demux(bytes))).toBe(syncs(media));
    expect(syncs(media)).toBe(3);
  });
});

describe('Fmp4Demuxer refuses', () => {
  const refusalOf = (bytes: Buffer, ...rest: [number?, object?]): Fmp4Refusal | undefined => {
    try {
      demux(bytes, ...rest);
    } catch (error) {
      return error instanceof Fmp4RefusedError ? error.refusal : undefined;
    }
    throw new Error('was not refused');
  };

  it('encrypted tracks, and says so', () => {
    expect(() => readClip(file('encrypted'))).toThrow(/encrypted \(enc[av]\)/);
    expect(refusalOf(readFileSync(file('encrypted')))).toBe('unsupported');
  });

  it('files without fragments', () => {
    expect(refusalOf(readFileSync(file('one moov at the end')))).toBe('unsupported');
  });

  it('fragments before a header', () => {
    const bytes = readFileSync(file('avc'));
    expect(refusalOf(bytes.subarray(bytes.indexOf('moof') - 4))).toBe('header_missing');
  });

  it('boxes beyond their limits, before their bytes have come', () => {
    const bytes = mux(readClip(file('avc')));
    expect(refusalOf(Buffer.concat([Buffer.from('00100009', 'hex'), Buffer.from('moov')]))).toBe('too_large');
    expect(refusalOf(Buffer.concat([bytes, Buffer.from('00040009', 'hex'), Buffer.from('moof')]))).toBe('too_large');
    expect(refusalOf(bytes, 1500, { maxMdatBytes: 4000 })).toBe('too_large');
  });

  it('runs of more samples than anybody writes, which need no bytes of their own', () => {
    const init = mux(readClip(file('E-AC-3'))).subarray(0, 24 + 600);
    const header = init.subarray(0, init.indexOf('prft') - 4);
    const tfhd = fullBox('tfhd', 0, 0x020000, new ByteWriter(4).u32(7).finish());
    const trun = fullBox('trun', 0, 0, new ByteWriter(4).u32(0x7fffffff).finish());
    expect(refusalOf(Buffer.concat([header, box('moof', box('traf', tfhd, trun))]))).toBe('too_large');
  });

  it('other bytes', () => {
    expect(refusalOf(Buffer.from('FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00'))).toBeUndefined();
    expect(refusalOf(Buffer.from('474000100000b00d0001c100000001f000', 'hex'))).toBeUndefined();
    expect(refusalOf(Buffer.from('\0\0\0\0mdat'))).toBeUndefined();
  });

  it('a sample that lies outside of the media data, and a fragment without any', () => {
    const bytes = mux(readClip(file('E-AC-3')));
    const trun = bytes.indexOf('trun');
    const moved = Buffer.from(bytes);
    moved.writeUInt32BE(4, trun + 12); // data_offset
    expect(refusalOf(moved)).toBeUndefined();
    const moof = bytes.subarray(bytes.indexOf('moof') - 4, bytes.indexOf('mdat') - 4);
    expect(() => demux(Buffer.concat([bytes.subarray(0, bytes.indexOf('mdat') - 4), moof]))).toThrow(MalformedError);
  });

  it('nothing in another way than with MalformedError, whatever is changed', () => {
    const clips = ['avc', 'hevc and AC-3', 'VP9 and Opus', 'AV1 and FLAC', 'base data offsets'].map((name) => {
      const bytes = readFileSync(file(name));
      return { bytes: bytes.subarray(0, 40_000), headBytes: bytes.indexOf('mdat') + 300 };
    });
    const change = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(
        fc.constantFrom(...clips),
        fc.array(change, { minLength: 1, maxLength: 6 }),
        ({ bytes, headBytes }, changes) => {
          const broken = Buffer.from(bytes);
          for (const [where, value] of changes) broken[Math.floor(where * (headBytes - 1))] = value;
          try {
            demux(broken, 4096);
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedError);
          }
        },
      ),
      { numRuns: 1500 },
    );
  });
});

/** The same track with an empty record, and the parameter sets that are missing in it. */
function withoutSets(track: VideoTrack): { bare: VideoTrack; sets: readonly Buffer[] } {
  const { config } = track;
  if (track.codec === 'h264') {
    const { sps, pps } = parseAvcConfiguration(config);
    return {
      bare: { ...track, config: Buffer.concat([config.subarray(0, 5), Buffer.from([0xe0, 0])]) },
      sets: [...sps, ...pps],
    };
  }
  const { vps, sps, pps } = parseHevcConfiguration(config);
  return {
    bare: { ...track, config: Buffer.concat([config.subarray(0, 22), Buffer.from([0])]) },
    sets: [...vps, ...sps, ...pps],
  };
}
