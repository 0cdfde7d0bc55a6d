import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedError } from '../../bytes/malformed-error.ts';
import { buildAvcConfiguration } from '../../codec/h264/avcc.ts';
import { joinAnnexB } from '../../codec/nal/annex-b.ts';
import type { Sample } from '../../media/sample.ts';
import type { Track } from '../../media/track.ts';
import { readClip, SYNC_CLIP } from '../flv/testing/clip.ts';
import { TsDemuxer } from './demuxer.ts';
import { TsMuxer, type TsMuxerOptions } from './muxer.ts';
import { newPidState, type PidState } from './packet.ts';
import { PacketWriter } from './packet-writer.ts';
import { writePesHeader } from './pes.ts';
import { buildPat, buildPmt, type ProgramStream, sectionPayload } from './psi.ts';
import {
  aac,
  audio,
  clip,
  demux,
  demuxing,
  mp3,
  opus,
  otherPps,
  otherSps,
  picture,
  pps,
  sound,
  sps,
  video,
} from './testing/media.ts';

const fixture = (name: string) => new URL(`../../../fixtures/mpegts/${name}`, import.meta.url);
const PACKET_BYTES = 188;

/** Samples in the words of the verdict beside a fixture. */
const rowsOf = (samples: readonly Sample[]) =>
  ['video', 'audio'].flatMap((kind) =>
    samples
      .filter(({ track }) => track.kind === kind)
      .map(({ pts, dts, isSync }) => `${kind},${pts},${dts},${isSync ? 'K' : '_'}_`),
  );

function mux(samples: readonly Sample[], options: Partial<TsMuxerOptions> = {}): Buffer {
  const muxer = new TsMuxer(options);
  muxer.setTracks([...new Set(samples.map(({ track }) => track))]);
  for (const sample of samples) muxer.append(sample);
  return muxer.take();
}

/** Each packet of a stream as `change` makes it. */
function packetwise(bytes: Buffer, change: (packet: Buffer, index: number) => Buffer | undefined): Buffer {
  const packets = Array.from({ length: bytes.length / PACKET_BYTES }, (_, index) =>
    change(Buffer.from(bytes.subarray(index * PACKET_BYTES, (index + 1) * PACKET_BYTES)), index),
  );
  return Buffer.concat(packets.filter((packet) => packet !== undefined));
}

const pidOf = (packet: Buffer) => packet.readUInt16BE(1) & 0x1fff;
const isUnitStart = (packet: Buffer) => (packet[1]! & 0x40) !== 0;
const comparable = ({ track, pts, dts, isSync, data }: Sample) => [track.codec, pts, dts, isSync, data.toString('hex')];
const byKind = (samples: readonly Sample[], kind: string) => samples.filter(({ track }) => track.kind === kind);

/** Puts a stream together by hand. */
class Assembly {
  readonly #packets = new PacketWriter({ before: 0, behind: 0 });
  readonly #pids = new Map<number, PidState>();

  tables(streams: readonly Partial<ProgramStream>[], version = 0): this {
    this.unit(0, sectionPayload(buildPat(1, { programNumber: 1, pmtPid: 0x1000 })));
    const described = streams.map((stream) => ({
      pid: 0x100,
      streamType: 0x1b,
      descriptors: Buffer.alloc(0),
      ...stream,
    }));
    return this.unit(
      0x1000,
      sectionPayload(buildPmt({ programNumber: 1, pcrPid: 0x100, streams: described }, version)),
    );
  }

  /** `time` in ticks, unless the PES packet tells none; without `isBounded` only the next packet ends it. */
  pes(pid: number, data: Buffer, time?: number, isBounded = true): this {
    const header = Buffer.alloc(19);
    let headerBytes = writePesHeader(
      header,
      pid === 0x100 ? 0xe0 : 0xc0,
      isBounded ? data.length : 0x10000,
      time ?? 0,
      time ?? 0,
    );
    if (time === undefined) {
      header[7] = 0; // PTS_DTS_flags
      header[8] = 0; // PES_header_data_length
      header.writeUInt16BE(isBounded ? 3 + data.length : 0, 4);
      headerBytes = 9;
    }
    return this.unit(pid, Buffer.concat([header.subarray(0, headerBytes), data]));
  }

  unit(pid: number, bytes: Buffer): this {
    const state = this.#pids.get(pid) ?? newPidState(pid);
    this.#pids.set(pid, state);
    this.#packets.begin(state, bytes.length);
    this.#packets.write(bytes, 0, bytes.length);
    return this;
  }

  get bytes(): Buffer {
    return this.#packets.take();
  }
}

const delimiter = Buffer.from('09f0', 'hex');
const idr = Buffer.from('65888400112233', 'hex');
const slice = Buffer.from('419a22112233', 'hex');
/** A slice that is not the first of its picture. */
const laterSlice = Buffer.from('4134abcdef01', 'hex');
const opening = joinAnnexB([delimiter, sps, pps, idr]);
const following = joinAnnexB([delimiter, slice]);

describe('TsDemuxer on streams of others', () => {
  it.each(['ffmpeg', 'gstreamer'])('finds the samples that ffprobe finds, however the file is cut: %s', (name) => {
    const bytes = readFileSync(fixture(`${name}.mpegts`));
    const verdict = readFileSync(fixture(`${name}.mpegts.packets.csv`), 'utf8')
      .trim()
      .split('\n');
    for (const size of [1, 187, 1013, bytes.length]) {
      const { demuxer, samples, tracks } = demuxing();
      for (let offset = 0; offset < bytes.length; offset += size) demuxer.push(bytes.subarray(offset, offset + size));
      demuxer.end();
      expect(rowsOf(samples)).toEqual(verdict);
      expect(tracks).toHaveLength(1);
      expect(demuxer.stats()).toMatchObject({
        packets: bytes.length / PACKET_BYTES,
        gaps: 0,
        skippedBytes: 0,
        damagedUnits: 0,
      });
    }
  });

  it('describes the tracks', () => {
    const { tracks } = demux(readFileSync(fixture('ffmpeg.mpegts')));
    expect(tracks[0]).toMatchObject([
      { kind: 'video', codec: 'h264', width: 640, height: 360, frameRate: 25, timescale: 90_000 },
      { kind: 'audio', codec: 'aac', sampleRate: 48_000, channels: 2, timescale: 90_000 },
    ]);
  });
});

describe('TsDemuxer on streams of TsMuxer', () => {
  it('gives back what went in', () => {
    const { tracks, samples } = readClip(SYNC_CLIP);
    const muxer = new TsMuxer();
    muxer.setTracks(tracks);
    for (const sample of samples) muxer.append({ ...sample, pts: sample.pts + 1000, dts: sample.dts + 1000 });
    const demuxed = demux(muxer.take());
    for (const track of tracks) {
      const sent = byKind(samples, track.kind).map(({ data, isSync }) => [isSync, data]);
      expect(byKind(demuxed.samples, track.kind).map(({ data, isSync }) => [isSync, data])).toEqual(sent);
    }
    const [first] = demuxed.tracks;
    expect(first![0]!.config.subarray(4)).toEqual(tracks[0]!.config.subarray(4));
    const sentTimes = byKind(samples, 'video').map(({ pts, dts }) => [(pts + 1000) * 90, (dts + 1000) * 90]);
    expect(byKind(demuxed.samples, 'video').map(({ pts, dts }) => [pts, dts])).toEqual(sentTimes);
  });

  it.each([
    ['MP3', mp3, Buffer.from(`fffb9064${'00'.repeat(413)}`, 'hex'), 1152 / 44_100],
    ['AAC of 44.1 kHz', aac('1210', 44_100), Buffer.alloc(300, 0x21), 1024 / 44_100],
    ['Opus', opus, Buffer.from(`fc${'01'.repeat(250)}`, 'hex'), 0.02],
  ])('gives back %s, whose frames share PES packets, with their times', (_name, track: Track, data, step) => {
    const sounds = Array.from({ length: 40 }, (_, index) => sound(2 + index * step, track, data));
    const { samples, tracks } = demux(mux(sounds, { maxAudioPesMs: 130 }));
    expect(tracks[0]).toMatchObject([
      { codec: track.codec, sampleRate: (track as { sampleRate: number }).sampleRate, channels: 2 },
    ]);
    expect(samples.map(({ data }) => data)).toEqual(sounds.map(({ data }) => data));
    for (const [index, { dts }] of samples.entries()) expect(Math.abs(dts - sounds[index]!.dts)).toBeLessThanOrEqual(1);
  });

  it('keeps one line of time when the clock of 33 bits wraps', () => {
    const samples = clip(4, { from: 2 ** 33 / 90_000 - 2 });
    expect(demux(mux(samples)).samples.map(comparable).sort()).toEqual(samples.map(comparable).sort());
  });

  it('hands out a picture at once when PES packets tell their size, after a while of trust', () => {
    const { demuxer, samples } = demuxing();
    const muxer = new TsMuxer();
    muxer.setTracks([video]);
    const behind = Array.from({ length: 40 }, (_, index) => {
      muxer.append(picture(2 + index / 25, index === 0));
      demuxer.push(muxer.take());
      return index + 1 - samples.length;
    });
    expect(behind[10]).toBe(1);
    expect(behind.slice(30).every((count) => count === 0)).toBe(true);
  });
});

describe('TsDemuxer and the line', () => {
  /** As in M2TS: 30 bits of a clock of 27 MHz. */
  const arrivalTime = (index: number) => Buffer.from((0x4700_0000 + index * 9_001).toString(16), 'hex');
  const samples = clip(4);
  const bytes = mux(samples);
  const sent = samples.map(comparable).sort();

  it.each([
    ['192', (packet: Buffer, index: number) => Buffer.concat([arrivalTime(index), packet])],
    ['204', (packet: Buffer) => Buffer.concat([packet, Buffer.alloc(16, 0x47)])],
  ])('reads packets of %s bytes', (_name, change) => {
    expect(demux(packetwise(bytes, change)).samples.map(comparable).sort()).toEqual(sent);
  });

  it('finds packets behind garbage and again after some', () => {
    const garbage = Buffer.from(Array.from({ length: 1000 }, (_, index) => (index * index * 31) & 0xff));
    const middle = PACKET_BYTES * 300;
    const stream = Buffer.concat([garbage, bytes.subarray(0, middle), Buffer.alloc(77, 0xff), bytes.subarray(middle)]);
    const { demuxer, samples: found } = demux(stream);
    expect(found.map(comparable).sort()).toEqual(sent);
    expect(demuxer.stats().skippedBytes).toBe(1077);
  });

  it('refuses what is no transport stream', () => {
    const { demuxer } = demuxing();
    expect(() => {
      for (let size = 0; size < 70_000; size += 1000) demuxer.push(Buffer.alloc(1000, 'x'));
    }).toThrow(MalformedError);
  });

  it('leaves out the access unit that a lost packet belonged to, and no other', () => {
    const large = clip(2).map((sample) =>
      sample.track === video ? picture(sample.dts / 90_000, sample.isSync, 1000) : sample,
    );
    const whole = mux(large);
    let units = 0;
    const damaged = packetwise(whole, (packet) => {
      if (pidOf(packet) !== 0x100) return packet;
      if (isUnitStart(packet)) units += 1;
      return units === 31 && !isUnitStart(packet) ? undefined : packet;
    });
    const { samples: found, demuxer } = demux(damaged);
    const pictures = byKind(large, 'video');
    expect(byKind(found, 'video').map(({ dts }) => dts)).toEqual(pictures.map(({ dts }) => dts).toSpliced(30, 1));
    expect(byKind(found, 'audio')).toHaveLength(byKind(large, 'audio').length);
    expect(demuxer.stats()).toMatchObject({ gaps: 1, damagedUnits: 1 });
  });

  it('goes on with sound after a lost packet', () => {
    let index = 0;
    const { samples: found, demuxer } = demux(
      packetwise(bytes, (packet) => (pidOf(packet) === 0x101 && index++ === 20 ? undefined : packet)),
    );
    const frames = byKind(samples, 'audio').map(comparable);
    const read = byKind(found, 'audio').map(comparable);
    expect(frames.length - read.length).toBeGreaterThan(0);
    expect(frames.length - read.length).toBeLessThanOrEqual(4);
    expect(frames).toEqual(expect.arrayContaining(read));
    expect(demuxer.stats().gaps).toBe(1);
  });

  it('takes no packet twice', () => {
    const { samples: found, demuxer } = demux(packetwise(bytes, (packet) => Buffer.concat([packet, packet])));
    expect(found.map(comparable).sort()).toEqual(sent);
    expect(demuxer.stats().gaps).toBe(0);
  });

  it('leaves out packets that are marked as broken or scrambled, and counts them', () => {
    const marked = packetwise(bytes, (packet, index) => {
      if (pidOf(packet) === 0x100 && index > 100 && index < 110) packet[1]! |= 0x80;
      if (pidOf(packet) === 0x101) packet[3]! |= 0xc0;
      return packet;
    });
    const { samples: found, tracks, demuxer } = demux(marked);
    expect(tracks[0]!.map(({ kind }) => kind)).toEqual(['video']);
    expect(found.length).toBeGreaterThan(90);
    expect(demuxer.stats().errorPackets).toBeGreaterThan(0);
    expect(demuxer.stats().scrambledPackets).toBeGreaterThan(100);
  });

  it('hears of gaps that the sender announces', () => {
    const muxer = new TsMuxer();
    muxer.setTracks([video, audio]);
    for (const sample of clip(2)) muxer.append(sample);
    const before = muxer.take();
    for (const sample of clip(1.1, { from: 4 })) muxer.append(sample);
    muxer.take(); // never sent
    const continuity = muxer.continuity();
    muxer.startSegment();
    for (const sample of clip(1, { from: 5.1 })) muxer.append(sample);
    const after = muxer.take();
    const notices = muxer.discontinuityPackets(continuity);
    const { demuxer, samples: found } = demux(Buffer.concat([before, notices, after]));
    expect(demuxer.stats()).toMatchObject({ gaps: 0, damagedUnits: 0 });
    expect(found).toHaveLength(clip(2).length + clip(1).length);
  });
});

describe('TsDemuxer and access units', () => {
  const times = (samples: readonly Sample[]) => samples.map(({ dts, isSync }) => [dts, isSync]);

  it.each([
    ['with delimiters', opening, following],
    ['without', joinAnnexB([sps, pps, idr]), joinAnnexB([slice])],
    ['of several slices', joinAnnexB([delimiter, sps, pps, idr, laterSlice]), joinAnnexB([slice, laterSlice])],
  ])('takes several out of one PES packet, %s', (_name, first, next) => {
    const stream = new Assembly()
      .tables([{}])
      .pes(0x100, Buffer.concat([first, next, next]), 90_000)
      .pes(0x100, Buffer.concat([next, next, next]), 90_000 + 3 * 3000);
    const { samples } = demux(stream.bytes);
    expect(samples.map(({ isSync }) => isSync)).toEqual([true, false, false, false, false, false]);
    expect(samples[3]!.dts).toBe(90_000 + 3 * 3000);
    expect(samples[5]!.dts - samples[4]!.dts).toBe(3000);
  });

  it.each([1, 3, 5, 8])(
    'puts one together that is split over PES packets, with the border %i bytes before its end',
    (border) => {
      const units = [opening, following, following, following, opening];
      const stream = Buffer.concat(units);
      const assembly = new Assembly().tables([{}]);
      let end = 0;
      const cuts = units.map((unit) => {
        end += unit.length;
        return end - border;
      });
      let start = 0;
      for (const [index, cut] of [...cuts, stream.length].entries()) {
        assembly.pes(
          0x100,
          stream.subarray(start, cut),
          index < units.length ? 90_000 + index * 3600 : undefined,
          false,
        );
        start = cut;
      }
      const { samples, demuxer } = demux(assembly.bytes);
      expect(samples.map(({ data }) => data.length)).toEqual([11, 10, 10, 10, 11]);
      expect(times(samples)).toEqual(units.map((unit, index) => [90_000 + index * 3600, unit === opening]));
      expect(demuxer.stats().damagedUnits).toBe(0);
    },
  );

  it('puts together slices that come in PES packets of their own', () => {
    const assembly = new Assembly().tables([{}]);
    for (let index = 0; index < 3; index++) {
      assembly.pes(0x100, joinAnnexB(index === 0 ? [delimiter, sps, pps] : [delimiter]), 90_000 + index * 3600);
      assembly.pes(0x100, joinAnnexB([index === 0 ? idr : slice]), 90_000 + index * 3600);
      assembly.pes(0x100, joinAnnexB([laterSlice]), 90_000 + index * 3600);
    }
    const { samples } = demux(assembly.bytes);
    expect(times(samples)).toEqual([
      [90_000, true],
      [93_600, false],
      [97_200, false],
    ]);
    expect(samples.map(({ data }) => data.length)).toEqual([21, 20, 20]);
  });

  it('waits for the first time and goes on where a time is missing', () => {
    const assembly = new Assembly().tables([{}]).pes(0x100, opening);
    for (const time of [90_000, 93_600, undefined, undefined]) assembly.pes(0x100, opening, time);
    expect(demux(assembly.bytes).samples.map(({ dts }) => dts)).toEqual([90_000, 93_600, 97_200, 100_800]);
  });

  it('begins with a sync sample, also one that only the adaptation field calls so', () => {
    const recovery = joinAnnexB([delimiter, sps, pps, slice]);
    const assembly = new Assembly().tables([{}]);
    for (const [index, unit] of [following, recovery, following, opening].entries())
      assembly.pes(0x100, unit, index * 3600);
    expect(times(demux(assembly.bytes).samples)).toEqual([[10_800, true]]);
    const marked = packetwise(mux([picture(2, true), picture(2.04, false)]), (packet) => {
      const at = packet.indexOf(Buffer.from([0, 0, 0, 1, 0x65]));
      if (at !== -1) packet[at + 4] = 0x41;
      return packet;
    });
    expect(times(demux(marked).samples)).toEqual([
      [180_000, true],
      [183_600, false],
    ]);
  });

  it('makes a new track at a new configuration and drops what cannot be decoded with it', () => {
    const other: Track = { ...video, config: buildAvcConfiguration([otherSps], [otherPps]) };
    const muxer = new TsMuxer();
    muxer.setTracks([video]);
    muxer.append(picture(2, true));
    muxer.append(picture(2.04, false));
    muxer.setTracks([other]);
    muxer.append(picture(2.08, true, 100, other));
    const { tracks, samples } = demux(muxer.take());
    expect(tracks.map(([track]) => track)).toMatchObject([{ width: 640 }, { width: 720, height: 576 }]);
    expect(samples.map(({ track }) => tracks.findIndex(([first]) => first === track))).toEqual([0, 0, 1]);
  });

  it('gives up a picture that never ends', () => {
    const endless = Buffer.concat([following, Buffer.alloc(18 << 20, 1)]);
    const assembly = new Assembly().tables([{}]).pes(0x100, opening, 0).pes(0x100, endless, 3600, false);
    const { samples, demuxer } = demux(assembly.pes(0x100, opening, 7200).bytes);
    expect(samples.map(({ dts }) => dts)).toEqual([0, 7200]);
    expect(demuxer.stats().damagedUnits).toBe(1);
  });
});

describe('TsDemuxer and audio frames', () => {
  const frame = Buffer.from(`fff14c80${'02'}1ffc${'21'.repeat(9)}`, 'hex'); // ADTS, LC, 48 kHz, stereo, 16 bytes

  it.each([3, 9, 15])('puts those together that lie across PES packets, %i bytes in the next one', (tail) => {
    const frames = Buffer.concat(Array.from({ length: 10 }, () => frame));
    const assembly = new Assembly().tables([{ pid: 0x101, streamType: 0x0f }]);
    const cut = 5 * frame.length + frame.length - tail;
    assembly.pes(0x101, frames.subarray(0, cut), 90_000).pes(0x101, frames.subarray(cut), 90_000 + 6 * 1920 + 7);
    const { samples } = demux(assembly.bytes);
    const start = 90_000 + 6 * 1920 + 7; // of the first frame that begins in the second PES packet
    expect(samples.map(({ dts }) => dts)).toEqual([
      ...Array.from({ length: 6 }, (_, index) => 90_000 + index * 1920),
      ...Array.from({ length: 4 }, (_, index) => start + index * 1920),
    ]);
    expect(samples.every(({ data }) => data.equals(frame.subarray(7)))).toBe(true);
  });

  it('finds the first one behind the rest of another', () => {
    const bytes = Buffer.concat([Buffer.from('fff1ff00112233ff', 'hex'), frame, frame, frame]);
    const assembly = new Assembly().tables([{ pid: 0x101, streamType: 0x0f }]).pes(0x101, bytes, 90_000);
    expect(demux(assembly.bytes).samples).toHaveLength(3);
  });

  it('makes a new track at a new format', () => {
    const assembly = new Assembly().tables([{ pid: 0x101, streamType: 0x0f }]);
    assembly.pes(0x101, Buffer.concat([frame, frame]), 90_000);
    const mono = Buffer.from(frame);
    mono[3] = 0x40;
    assembly.pes(0x101, Buffer.concat([mono, mono]), 93_840);
    const { tracks } = demux(assembly.bytes);
    expect(tracks.map(([track]) => track)).toMatchObject([{ channels: 2 }, { channels: 1 }]);
  });
});

describe('TsDemuxer and programs', () => {
  const h264 = { pid: 0x100, streamType: 0x1b, descriptors: Buffer.alloc(0) };
  const adts = { pid: 0x101, streamType: 0x0f, descriptors: Buffer.alloc(0) };
  const teletext = { pid: 0x102, streamType: 0x06, descriptors: Buffer.from('5605656e670900', 'hex') };

  /** PAT of three programs: the first has no media that we read. */
  function multiplex(): Assembly {
    const pat = buildPat(1, { programNumber: 0, pmtPid: 0x10 }).subarray(0, 12);
    const programs = Buffer.from('0003f0010001f0020002f003', 'hex'); // 3 on 0x1001, 1 on 0x1002, 2 on 0x1003
    const assembly = new Assembly().unit(0, sectionPayload(withCrc(Buffer.concat([pat, programs]))));
    const map = (programNumber: number, streams: ProgramStream[]) =>
      sectionPayload(buildPmt({ programNumber, pcrPid: 0x100, streams }, 0));
    return assembly
      .unit(0x1003, map(2, [{ ...adts, pid: 0x201 }]))
      .unit(0x1001, map(3, [teletext]))
      .unit(0x1002, map(1, [teletext, h264, adts]));
  }

  function withCrc(section: Buffer): Buffer {
    section.writeUInt16BE(0xb000 | (section.length + 4 - 3), 1); // section_length
    let crc = 0xffffffff;
    for (const bit of [...section].flatMap((byte) =>
      Array.from({ length: 8 }, (_, index) => (byte >> (7 - index)) & 1),
    )) {
      const carry = (crc >>> 31) ^ bit;
      crc = (crc << 1) ^ (carry === 1 ? 0x04c11db7 : 0);
    }
    const tail = Buffer.alloc(4);
    tail.writeUInt32BE(crc >>> 0);
    return Buffer.concat([section, tail]);
  }

  const media = (assembly: Assembly) =>
    assembly.pes(0x100, opening, 90_000).pes(0x101, adtsFrames(2), 90_000).pes(0x201, adtsFrames(2), 90_000);
  const adtsFrames = (count: number) =>
    Buffer.concat(Array.from({ length: count }, () => Buffer.from(`fff14c80021ffc${'21'.repeat(9)}`, 'hex')));

  it('reads the first of the PAT that has picture or sound', () => {
    const { tracks } = demux(media(multiplex()).bytes);
    expect(tracks[0]!.map(({ codec }) => codec)).toEqual(['h264', 'aac']);
  });

  it('reads the one that was asked for, or some PIDs alone', () => {
    expect(demux(media(multiplex()).bytes, { program: 2 }).tracks[0]!.map(({ codec }) => codec)).toEqual(['aac']);
    expect(demux(media(multiplex()).bytes, { pids: [0x100] }).tracks[0]!.map(({ codec }) => codec)).toEqual(['h264']);
  });

  it('follows a change of its map', () => {
    const assembly = new Assembly().tables([h264, adts]).pes(0x100, opening, 90_000).pes(0x101, adtsFrames(2), 90_000);
    assembly.pes(0x100, following, 93_600).tables([h264, { pid: 0x102, streamType: 0x03 }], 1);
    const frame = Buffer.concat([Buffer.from('fffb9064', 'hex'), Buffer.alloc(413)]);
    assembly.pes(0x100, following, 97_200).pes(0x102, Buffer.concat([frame, frame]), 97_200);
    assembly.tables([h264], 2).pes(0x100, following, 100_800);
    const { tracks, samples } = demux(assembly.bytes);
    expect(tracks.map((list) => list.map(({ codec }) => codec))).toEqual([['h264', 'aac'], ['h264', 'mp3'], ['h264']]);
    expect(new Set(tracks.map(([track]) => track)).size).toBe(1);
    expect(byKind(samples, 'video')).toHaveLength(4);
  });

  it('waits for a stream that was announced, but no longer than a second', () => {
    const assembly = new Assembly().tables([h264, adts]);
    for (let index = 0; index < 30; index++)
      assembly.pes(0x100, index === 0 ? opening : following, 90_000 + index * 3600);
    const late = new Assembly().pes(0x101, adtsFrames(2), 90_000 + 30 * 3600);
    const { tracks, samples, demuxer } = demuxing();
    demuxer.push(assembly.bytes);
    expect(tracks.map((list) => list.length)).toEqual([1]);
    expect(samples.length).toBeGreaterThanOrEqual(25);
    demuxer.push(late.bytes);
    demuxer.end();
    expect(tracks.map((list) => list.length)).toEqual([1, 2]);
  });

  it('takes no notice of tables whose checksum is wrong', () => {
    const bytes = new Assembly().tables([h264]).bytes;
    bytes[PACKET_BYTES + 20]! ^= 1;
    const { demuxer, tracks } = demux(Buffer.concat([bytes, new Assembly().pes(0x100, opening, 0).bytes]));
    expect(tracks).toEqual([]);
    expect(demuxer.stats().damagedUnits).toBe(1);
  });
});

describe('TsDemuxer and hostile bytes', () => {
  const streams = [
    readFileSync(fixture('ffmpeg.mpegts')).subarray(0, 20_000),
    mux(clip(1)),
    mux(clip(1, { withVideo: false })),
  ];

  it('throws nothing but MalformedError and comes to an end', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 60 });
    fc.assert(
      fc.property(fc.constantFrom(...streams), damage, fc.integer({ min: 1, max: 5000 }), (stream, changes, cut) => {
        const bytes = Buffer.from(stream);
        for (const [position, value] of changes) bytes[position % bytes.length] = value;
        const demuxer = new TsDemuxer({
          tracks: () => {},
          sample: ({ pts, dts }) => expect(pts).toBeGreaterThanOrEqual(dts),
        });
        try {
          for (let offset = 0; offset < bytes.length; offset += cut) demuxer.push(bytes.subarray(offset, offset + cut));
          demuxer.end();
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('ends a stream of which nothing can be read', () => {
    const assembly = new Assembly().tables([{ pid: 0x101, streamType: 0x0f }]);
    for (let index = 0; index < 1100; index++) assembly.pes(0x101, Buffer.alloc(160, 0xff), index * 1920);
    expect(() => demux(assembly.bytes)).toThrow(MalformedError);
  });

  it('gives up pictures of far too many pieces', () => {
    const manyNalUnits = Buffer.concat([
      opening,
      ...Array.from({ length: 20_000 }, () => Buffer.from('0000014120', 'hex')),
    ]);
    const assembly = new Assembly().tables([{}]).pes(0x100, opening, 0).pes(0x100, manyNalUnits, 3600, false);
    for (let index = 0; index < 3000; index++)
      assembly.pes(0x100, joinAnnexB([index === 0 ? slice : laterSlice]), 7200);
    const { samples, demuxer } = demux(assembly.pes(0x100, opening, 10_800).bytes);
    expect(samples.map(({ dts }) => dts)).toEqual([0, 10_800]);
    expect(demuxer.stats().damagedUnits).toBeGreaterThanOrEqual(2);
  });

  it('throws nothing else for payloads of any kind either', () => {
    const types = fc.constantFrom(0x03, 0x0f, 0x1b, 0x24, 0x81, 0x87);
    const payloads = fc.array(fc.uint8Array({ maxLength: 400 }), { minLength: 1, maxLength: 12 });
    const beginnings = [
      '',
      '000001',
      '00000001676400',
      '0000000142010101',
      'fff14c80021ffc',
      '0b770000',
      '7fe0ff',
      'fffb9064',
    ];
    fc.assert(
      fc.property(
        types,
        payloads,
        fc.constantFrom(...beginnings),
        fc.boolean(),
        (streamType, parts, beginning, isOpus) => {
          const descriptors = Buffer.from(isOpus ? '05044f7075737f028002' : '', 'hex');
          const assembly = new Assembly().tables([{ pid: 0x101, streamType: isOpus ? 6 : streamType, descriptors }]);
          for (const [index, part] of parts.entries())
            assembly.pes(0x101, Buffer.concat([Buffer.from(beginning, 'hex'), part]), index * 3600, index % 2 === 0);
          expect(() => demux(assembly.bytes)).not.toThrow();
        },
      ),
      { numRuns: 400 },
    );
  });
});
