import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sample } from '../../media/sample.ts';
import type { AudioTrack, Track, VideoTrack } from '../../media/track.ts';
import { complaintsAbout } from '../../publisher/testing/programs.ts';
import { type Box, findBox, parseBoxes, readFullBox } from './box.ts';
import { Fmp4Muxer } from './muxer.ts';
import { demux, FRAGMENTED, ffmpeg, H264, type Media, mux, PICTURE, probe, readClip, SOUND } from './testing/clips.ts';

const SHORT = ['-t', '2'];
const CLIPS: Readonly<Record<string, readonly string[]>> = {
  'H.264 and AAC': [...PICTURE, ...SOUND, ...SHORT, ...H264, '-c:a', 'aac'],
  'HEVC and AC-3': [
    ...[...PICTURE, ...SOUND, ...SHORT, '-c:v', 'libx265', '-preset', 'ultrafast', '-tag:v', 'hvc1'],
    ...['-x265-params', 'log-level=0:keyint=25', '-c:a', 'ac3'],
  ],
  'AV1 and Opus': [
    ...[...PICTURE, ...SOUND, ...SHORT, '-c:v', 'libaom-av1', '-usage', 'realtime', '-cpu-used', '8', '-g', '25'],
    ...['-c:a', 'libopus'],
  ],
  'VP9 and FLAC': [
    ...[...PICTURE, ...SOUND, ...SHORT, '-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-g', '25'],
    ...['-c:a', 'flac', '-strict', '-2'],
  ],
  'pictures alone, 29.97 Hz': [...PICTURE, ...SHORT, '-r', '30000/1001', ...H264],
  'sound alone, 44.1 kHz': ['-f', 'lavfi', '-i', 'sine=r=44100', ...SHORT, '-c:a', 'aac'],
  MP3: ['-f', 'lavfi', '-i', 'sine=r=44100', ...SHORT, '-c:a', 'libmp3lame'],
  'E-AC-3': [...SOUND, ...SHORT, '-c:a', 'eac3'],
  'another size': ['-f', 'lavfi', '-i', 'testsrc2=s=160x90:r=25', ...SOUND, ...SHORT, ...H264, '-c:a', 'aac'],
};
/** Of the decoders that mediabunny knows, named as it names them. */
const MEDIABUNNY_NAMES = { h264: 'avc', eac3: 'eac3' } as Readonly<Record<string, string>>;
const WALL_CLOCK_MS = Date.UTC(2026, 1, 3, 4, 5, 6, 789);

let directory: string;
const file = (name: string) => join(directory, `${name}.mp4`);
const media = (name: string) => readClip(file(name));
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'fmp4-muxer-'));
  await Promise.all(Object.entries(CLIPS).map(([name, args]) => ffmpeg(...args, ...FRAGMENTED, file(name))));
}, 60_000);
afterAll(() => rm(directory, { recursive: true }));

const ofKind = <T extends { track: Track }>(list: readonly T[], kind: Track['kind']) =>
  list.filter(({ track }) => track.kind === kind);

describe('Fmp4Muxer', () => {
  it.each(Object.keys(CLIPS))(
    'writes what ffmpeg decodes without complaint, with every packet at its time: %s',
    async (name) => {
      const source = media(name);
      const out = file(`out ${name}`);
      writeFileSync(out, mux(source, WALL_CLOCK_MS));
      expect(await complaintsAbout(out)).toBe('');
      const { packets } = await probe(out);
      for (const track of source.tracks) {
        const samples = ofKind(source.samples, track.kind);
        const seen = packets.filter(({ kind }) => kind === track.kind);
        const ratio =
          (track.kind === 'audio' ? track.sampleRate : track.timescale === 30_000 ? 90_000 : track.timescale) /
          track.timescale;
        const first = samples[0]!.dts;
        expect(seen.map(({ dts, pts, size, isSync }) => [dts - seen[0]!.dts, pts - dts, size, isSync])).toEqual(
          samples.map(({ dts, pts, data, isSync }) => [
            (dts - first) * ratio,
            (pts - dts) * ratio,
            data.length,
            isSync,
          ]),
        );
      }
    },
  );

  it.each(Object.keys(CLIPS))('writes what it reads again: %s', (name) => {
    const source = media(name);
    const again = demux(mux(source, WALL_CLOCK_MS), 997);
    expect(again.tracks.map(({ codec, config }) => [codec, config])).toEqual(
      source.tracks.map(({ codec, config }) => [codec, config]),
    );
    for (const { kind } of source.tracks) {
      expect(ofKind(again.samples, kind).map(({ data }) => data)).toEqual(
        ofKind(source.samples, kind).map(({ data }) => data),
      );
    }
  });

  it.each(['H.264 and AAC', 'HEVC and AC-3', 'AV1 and Opus', 'VP9 and FLAC'])(
    'writes what mediabunny reads: %s',
    async (name) => {
      const source = media(name);
      const input = new Input({ source: new BufferSource(mux(source)), formats: ALL_FORMATS });
      for (const track of await input.getTracks()) {
        const kind = track.isVideoTrack() ? 'video' : 'audio';
        const samples = ofKind(source.samples, kind);
        const { codec } = samples[0]!.track;
        expect(track.codec).toBe(MEDIABUNNY_NAMES[codec] ?? codec);
        const sizes: number[] = [];
        for await (const packet of new EncodedPacketSink(track).packets()) sizes.push(packet.byteLength);
        expect(sizes).toEqual(samples.map(({ data }) => data.length));
      }
      expect((await input.getTracks()).length).toBe(2);
    },
  );

  it('keeps sound and picture together, on the line of the wall clock', async () => {
    const source = media('H.264 and AAC');
    writeFileSync(file('clock'), mux(source, WALL_CLOCK_MS));
    const { packets, streams } = await probe(file('clock'));
    const [video, audio] = ['video', 'audio'].map((kind) => {
      const [, ticks] = String(streams.find(({ codec_type }) => codec_type === kind)!.time_base).split('/');
      return packets.find((packet) => packet.kind === kind)!.pts / Number(ticks);
    }) as [number, number];
    const before = (kind: Track['kind']) => {
      const { pts, track } = ofKind(source.samples, kind)[0]!;
      return pts / track.timescale;
    };
    expect(video - audio).toBeCloseTo(before('video') - before('audio'), 4);
    expect(Math.abs(Math.min(video, audio) - WALL_CLOCK_MS / 1000)).toBeLessThan(0.1);
  });

  it('tells the real durations of sound, and lays it without gaps where the source counts in milliseconds', () => {
    const source = media('sound alone, 44.1 kHz');
    const [track] = source.tracks as [AudioTrack];
    const coarse: AudioTrack = { ...track, timescale: 1000 };
    const samples = source.samples.map(({ dts, ...rest }): Sample => {
      const ms = Math.round((dts * 1000) / track.timescale) + 100;
      return { ...rest, track: coarse, dts: ms, pts: ms };
    });
    const runs = fragmentsOf(mux({ tracks: [coarse], samples }, WALL_CLOCK_MS));
    expect(runs.flatMap(({ durations }) => durations)).toEqual(samples.map(() => 1024));
    expect(runs.every(({ durations }) => durations.length <= 3)).toBe(true);
    for (const [index, { timeTicks, durations }] of runs.entries()) {
      const next = runs[index + 1]?.timeTicks;
      if (next !== undefined) expect(next - timeTicks).toBe(1024 * durations.length);
    }
  });

  it('follows a hole in the sound', () => {
    const { tracks, samples } = media('sound alone, 44.1 kHz');
    const holed = samples.map((sample, index) =>
      index < 10 ? sample : { ...sample, dts: sample.dts + 44_100, pts: sample.pts + 44_100 },
    );
    const received = demux(mux({ tracks, samples: holed })).samples;
    expect(received.map(({ dts }) => dts - received[0]!.dts)).toEqual(holed.map(({ dts }) => dts - holed[0]!.dts));
  });

  it('never goes back in time, whatever the source does', () => {
    const { tracks, samples } = media('H.264 and AAC');
    const dts = [0, 3, 2, 2, 400, 100, 90, 1000, 1000];
    const muddled = dts.flatMap((ticks) =>
      tracks.map((track) => ({ ...ofKind(samples, track.kind)[0]!, dts: ticks, pts: ticks - 50 })),
    );
    const muxer = new Fmp4Muxer();
    muxer.setTracks(tracks);
    const parts = [muxer.header()];
    for (const sample of muddled) {
      muxer.append(sample);
      parts.push(muxer.take()!);
    }
    const runs = fragmentsOf(Buffer.concat(parts));
    for (const trackId of [1, 2]) {
      const times = runs.filter((run) => run.trackId === trackId).map(({ timeTicks }) => timeTicks);
      expect(times.length).toBe(dts.length);
      expect(times.every((time, index) => index === 0 || time > times[index - 1]!)).toBe(true);
    }
    expect(runs.flatMap(({ offsets }) => offsets).every((offset) => offset >= 0)).toBe(true);
    expect(runs.map(({ sequenceNumber }) => sequenceNumber)).toEqual(runs.map((_, index) => index + 1));
  });

  it('says before each sync picture, and each second of sound, what time it is', () => {
    const references = (name: string) =>
      parseBoxes(mux(media(name), WALL_CLOCK_MS)).filter(({ type }) => type === 'prft');
    expect(references('H.264 and AAC').length).toBe(2);
    expect(references('sound alone, 44.1 kHz').length).toBe(2);
    const { reader } = readFullBox(references('H.264 and AAC')[0]!.payload);
    expect(reader.u32()).toBe(1); // reference_track_ID
    expect((reader.u32() - 2_208_988_800) * 1000 + Math.round((reader.u32() * 1000) / 2 ** 32)).toBe(WALL_CLOCK_MS); // ntp_timestamp
  });

  it('tells new tracks before the sync picture that needs them, to readers of the first header as well', async () => {
    const [first, second] = [media('H.264 and AAC'), media('another size')];
    const muxer = new Fmp4Muxer();
    muxer.setTracks(first.tracks);
    const parts = [muxer.header()];
    const append = ({ samples }: Media, offsetMs: number) => {
      for (const sample of samples.toSorted((a, b) => a.dts / a.track.timescale - b.dts / b.track.timescale)) {
        const shift = (offsetMs * sample.track.timescale) / 1000;
        muxer.append({ ...sample, dts: sample.dts + shift, pts: sample.pts + shift });
      }
      parts.push(muxer.take()!);
    };
    append(first, 0);
    muxer.setTracks(second.tracks);
    expect(muxer.take()).toBeUndefined();
    append(second, 3000);
    const [before, after] = parts.slice(1).map((part) => parseBoxes(part).map(({ type }) => type));
    expect(before).not.toContain('moov');
    expect(after!.slice(0, 2)).toEqual(['ftyp', 'moov']);
    writeFileSync(file('change'), Buffer.concat(parts));
    const again = demux(Buffer.concat(parts));
    expect(again.samples.length).toBe(first.samples.length + second.samples.length);
    expect(new Set(ofKind(again.samples, 'video').map(({ track }) => (track as VideoTrack).width))).toEqual(
      new Set([320, 160]),
    );
    expect(await complaintsAbout(file('change'))).toBe('');
    expect((await probe(file('change'))).packets.filter(({ kind }) => kind === 'video').length).toBe(100);
  });

  it('says nothing when the same tracks are named again, or only one that it cannot carry has come', () => {
    const { tracks, samples } = media('H.264 and AAC');
    const muxer = new Fmp4Muxer();
    muxer.setTracks(tracks);
    muxer.append(samples[0]!);
    muxer.take();
    muxer.setTracks([...tracks]);
    muxer.append({ ...samples.at(-1)!, isSync: true });
    expect(parseBoxes(muxer.take()!).map(({ type }) => type)).not.toContain('moov');
    expect(muxer.append({ ...samples[0]!, track: { ...tracks[0]! } })).toBe(false);
  });

  it('never touches what it has handed out, which lies in few blocks of memory', () => {
    const { tracks, samples } = media('H.264 and AAC');
    const [video] = tracks as [VideoTrack];
    const muxer = new Fmp4Muxer({ headRoomBytes: 10, tailRoomBytes: 2 });
    muxer.setTracks([video]);
    const sync = ofKind(samples, 'video')[0]!;
    const units: Buffer[] = [];
    const copies: Buffer[] = [];
    for (let index = 0; index < 60; index++) {
      const data = Buffer.alloc(index % 20 === 0 ? 1_500_000 : 9000, index);
      muxer.append({ ...sync, data, dts: index * 512, pts: index * 512 });
      units.push(muxer.take()!);
      copies.push(Buffer.from(units.at(-1)!));
    }
    expect(units.every((unit, index) => unit.equals(copies[index]!))).toBe(true);
    expect(new Set(units.map(({ buffer }) => buffer)).size).toBeLessThan(12);
    expect(parseBoxes(units[0]!.subarray(10, -2)).at(-1)).toMatchObject({
      type: 'mdat',
      payload: { length: 1_500_000 },
    });
  });

  it('leaves out a track whose configuration is broken, and stands numbers that no field holds', () => {
    const { tracks, samples } = media('AV1 and Opus');
    const [video, audio] = tracks as [VideoTrack, AudioTrack];
    const muxer = new Fmp4Muxer();
    const wild: VideoTrack = { ...video, width: 1e6, height: 1e6, bitrateBps: 1e12 + 0.5 };
    muxer.setTracks([wild, { ...audio, config: Buffer.from('Opus') }]);
    expect(demux(muxer.header()).tracks.map(({ codec }) => codec)).toEqual(['av1']);
    muxer.append({ ...ofKind(samples, 'video')[0]!, track: wild, pts: 2 ** 40 });
    expect(fragmentsOf(muxer.take()!).flatMap(({ offsets }) => offsets)).toEqual([0x7fffffff]);
    const slow: VideoTrack = { ...video, frameRate: 1e-10 };
    expect(
      fragmentsOf(mux({ tracks: [slow], samples: [{ ...ofKind(samples, 'video')[0]!, track: slow }] })),
    ).toHaveLength(1);
  });

  it('is not thrown by sound that does not tell its duration', () => {
    const { tracks, samples } = media('E-AC-3');
    const broken = samples.map((sample, index) => (index === 5 ? { ...sample, data: Buffer.from('0b77') } : sample));
    expect(fragmentsOf(mux({ tracks, samples: broken })).flatMap(({ durations }) => durations)).toEqual(
      samples.map(() => 1536),
    );
  });
});

interface Run {
  readonly sequenceNumber: number;
  readonly trackId: number;
  readonly timeTicks: number;
  readonly durations: readonly number[];
  readonly offsets: readonly number[];
}

/** The fragments as their boxes tell them, read without the demuxer. */
function fragmentsOf(bytes: Buffer): Run[] {
  return parseBoxes(bytes)
    .filter(({ type }) => type === 'moof')
    .map(({ payload }) => runOf(parseBoxes(payload)));
}

function runOf(moof: readonly Box[]): Run {
  const traf = parseBoxes(findBox(moof, 'traf')!);
  const trun = readFullBox(findBox(traf, 'trun')!);
  const count = trun.reader.u32();
  trun.reader.skip(4);
  const isVideo = (trun.flags & 0x800) !== 0;
  const entries = Array.from({ length: count }, () => {
    const duration = trun.reader.u32();
    trun.reader.skip(isVideo ? 8 : 4);
    return { duration, offset: isVideo ? trun.reader.i32() : 0 };
  });
  return {
    sequenceNumber: readFullBox(findBox(moof, 'mfhd')!).reader.u32(),
    trackId: readFullBox(findBox(traf, 'tfhd')!).reader.u32(),
    timeTicks: readFullBox(findBox(traf, 'tfdt')!).reader.u64(),
    durations: entries.map(({ duration }) => duration),
    offsets: entries.map(({ offset }) => offset),
  };
}
