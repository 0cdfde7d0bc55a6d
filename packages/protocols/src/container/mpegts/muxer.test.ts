import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildAvcConfiguration } from '../../codec/h264/avcc.ts';
import { joinAnnexB } from '../../codec/nal/annex-b.ts';
import { splitLengthPrefixed } from '../../codec/nal/length-prefixed.ts';
import type { Sample } from '../../media/sample.ts';
import type { Track } from '../../media/track.ts';
import { readClip, SYNC_CLIP } from '../flv/testing/clip.ts';
import { TsMuxer, type TsMuxerOptions, tsSupports } from './muxer.ts';
import { aac, audio, clip, mp3, opus, otherPps, otherSps, picture, pps, sound, sps, video } from './testing/media.ts';
import { type Packet, packetsIn, pesOf, programMaps, timesOf } from './testing/packets.ts';

const VIDEO_PID = 0x100;
const AUDIO_PID = 0x101;
const MS = 90;

function muxing(tracks: readonly Track[], options: Partial<TsMuxerOptions> = {}): TsMuxer {
  const muxer = new TsMuxer(options);
  muxer.setTracks(tracks);
  return muxer;
}

/** As a live push does it: `take` after each picture. */
function mux(samples: readonly Sample[], options: Partial<TsMuxerOptions> = {}): Packet[] {
  const muxer = muxing([...new Set(samples.map(({ track }) => track))], options);
  const parts: Buffer[] = [];
  for (const sample of samples) {
    muxer.append(sample);
    if (sample.track.kind === 'video') parts.push(muxer.take());
  }
  return packetsIn(Buffer.concat([...parts, muxer.take()]));
}

const pcrsOf = (packets: readonly Packet[]) => packets.flatMap(({ pcr }) => (pcr === undefined ? [] : [pcr]));
const stepsOf = (times: readonly number[]) => times.slice(1).map((time, index) => time - times[index]!);

describe('TsMuxer and packets', () => {
  it('counts the packets with payload of each PID, whatever the takes', () => {
    const last = new Map<number, number>();
    for (const { pid, counter, payload } of mux(clip(3, { frameRate: 10 }))) {
      const before = last.get(pid) ?? 15;
      expect(counter).toBe(payload.length > 0 ? (before + 1) % 16 : before);
      last.set(pid, counter);
    }
    expect([...last.keys()].sort((a, b) => a - b)).toEqual([0, VIDEO_PID, AUDIO_PID, 0x1000]);
  });

  it('fills them exactly, whatever the sizes of the samples', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 6, max: 600 }), { minLength: 1, maxLength: 8 }), (sizes) => {
        const samples = sizes.flatMap((size, index) => [
          picture(2 + index / 25, index === 0, size),
          sound(2 + index / 25, audio, Buffer.alloc(size, index)),
        ]);
        const packets = mux(samples);
        const pictures = pesOf(packets, VIDEO_PID).map(({ data }) => data.length);
        expect(pictures).toEqual(
          sizes.map((size, index) => size + (index === 0 ? 6 + 4 + sps.length + 4 + pps.length : 6)),
        );
        expect(Buffer.concat(pesOf(packets, AUDIO_PID).map(({ data }) => data))).toHaveLength(
          sizes.reduce((sum, size) => sum + size + 7, 0),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('hands out memory that it never touches again, with room around it', () => {
    const muxer = muxing([video, audio], { room: { before: 10, behind: 2 } });
    const parts: { taken: Buffer; copy: Buffer }[] = [];
    for (const sample of clip(20)) {
      muxer.append(sample);
      const taken = muxer.take();
      if (taken.length === 0) continue;
      taken.fill(0xee, 0, 10).fill(0xee, taken.length - 2);
      parts.push({ taken, copy: Buffer.from(taken) });
    }
    expect(parts.every(({ taken, copy }) => taken.equals(copy))).toBe(true);
    expect(parts.every(({ taken }) => (taken.length - 12) % 188 === 0)).toBe(true);
    expect(muxer.take()).toHaveLength(0);
  });

  it('takes a picture of 1.5 MiB, and a long time without a take', () => {
    const size = 3 << 19;
    const muxer = muxing([video]);
    for (let index = 0; index < 8; index++) muxer.append(picture(2 + index / 25, index % 4 === 0, size));
    const units = pesOf(packetsIn(muxer.take()), VIDEO_PID);
    expect(units).toHaveLength(8);
    expect(units.every(({ data, announcedBytes }) => data.length > size && announcedBytes === 0)).toBe(true);
  });
});

describe('TsMuxer and access units', () => {
  it('writes what the samples hold as a byte stream, behind a delimiter and the parameter sets', () => {
    const { tracks, samples } = readClip(SYNC_CLIP);
    const muxer = muxing(tracks);
    for (const sample of samples) muxer.append(sample);
    const units = pesOf(packetsIn(muxer.take()), VIDEO_PID);
    const pictures = samples.filter(({ track }) => track.kind === 'video');
    expect(units).toHaveLength(pictures.length);
    for (const [index, { data, isRandomAccess, pts, dts, streamId, announcedBytes }] of units.entries()) {
      const sample = pictures[index]!;
      const body = joinAnnexB(splitLengthPrefixed(sample.data, 4));
      expect(data.subarray(0, 6).toString('hex')).toBe('0000000109f0');
      expect(data.subarray(-body.length)).toEqual(body);
      expect([data[10]! & 0x1f, data.length > body.length + 6]).toEqual(
        sample.isSync ? [7, true] : [body[4]! & 0x1f, false],
      );
      expect(isRandomAccess).toBe(sample.isSync);
      expect([pts - dts, streamId]).toEqual([(sample.pts - sample.dts) * MS, 0xe0]);
      expect(announcedBytes).toBeGreaterThan(0);
    }
  });

  it('groups audio before the next picture, and further only when allowed to', () => {
    const samples = clip(4);
    const framesIn = (packets: readonly Packet[]) => pesOf(packets, AUDIO_PID).map(({ data }) => data.length / 207);
    expect(Math.max(...framesIn(mux(samples)))).toBeLessThanOrEqual(2);
    const muxer = muxing([video, audio], { maxAudioPesMs: 130 });
    for (const sample of samples) muxer.append(sample);
    const grouped = packetsIn(muxer.take());
    expect(Math.max(...framesIn(grouped))).toBe(7);
    expect(framesIn(grouped).reduce((sum, frames) => sum + frames)).toBe(
      samples.filter((s) => s.track === audio).length,
    );
    expect(pesOf(grouped, AUDIO_PID)[1]!.pts - pesOf(grouped, AUDIO_PID)[0]!.pts).toBe(7 * 1920);
  });

  it('writes ADTS headers of the core codec, also for HE-AAC', () => {
    const heAac = aac('2b098800', 48_000); // SBR 48 kHz over LC 24 kHz
    const [unit] = pesOf(mux([sound(2, heAac)]), AUDIO_PID);
    expect(unit!.data.subarray(0, 7).toString('hex')).toBe('fff158401 9fffc'.replace(' ', ''));
    expect([unit!.streamId, unit!.announcedBytes]).toEqual([0xc0, 3 + 5 + 207]);
  });

  it('writes Opus packets behind control headers', () => {
    for (const size of [3, 254, 255, 700]) {
      const packet = Buffer.alloc(size, 0xfc);
      const [unit] = pesOf(mux([sound(2, opus, packet)]), AUDIO_PID);
      const sizes = [...Array.from({ length: Math.floor(size / 255) }, () => 255), size % 255];
      expect([...unit!.data.subarray(0, 2 + sizes.length)]).toEqual([0x7f, 0xe0, ...sizes]);
      expect(unit!.data.subarray(2 + sizes.length)).toEqual(packet);
      expect(unit!.streamId).toBe(0xbd);
    }
  });
});

describe('TsMuxer and its clock', () => {
  it.each([
    ['25 pictures a second', clip(4)],
    ['10 pictures a second', clip(4, { frameRate: 10 })],
    ['1 picture a second without sound', clip(6, { frameRate: 1, withAudio: false })],
    ['29.97 pictures a second', clip(4, { frameRate: 30_000 / 1001 })],
    ['sound alone', clip(4, { withVideo: false })],
  ])('sends a PCR at least every 40 ms and data 200 ms ahead: %s', (_name, samples) => {
    const packets = mux(samples);
    const steps = stepsOf(pcrsOf(packets));
    expect(Math.max(...steps)).toBeLessThanOrEqual(40 * MS);
    expect(Math.min(...steps)).toBeGreaterThan(0);
    let clock = Number.NaN;
    for (const packet of packets) {
      clock = packet.pcr ?? clock;
      if (!packet.isUnitStart || packet.pid < 0x100 || packet.pid === 0x1000) continue;
      const { dts } = timesOf(packet);
      expect(dts - clock).toBeGreaterThan(150 * MS);
      expect(dts - clock).toBeLessThanOrEqual(240 * MS);
    }
  });

  it('puts one on every access unit', () => {
    expect(pesOf(mux(clip(2)), VIDEO_PID).every(({ pcr, dts }) => pcr === dts - 200 * MS)).toBe(true);
  });

  it('begins with a PCR that is not negative, also when the samples begin at 0', () => {
    const packets = mux(clip(1, { from: 0 }));
    expect(pcrsOf(packets)[0]).toBe(0);
    expect(pesOf(packets, VIDEO_PID)[0]!.dts).toBe(200 * MS);
    expect(pesOf(mux(clip(1)), VIDEO_PID)[0]!.dts).toBe(2000 * MS);
  });

  it('counts in 33 bits', () => {
    const wrapSeconds = 2 ** 33 / 90_000;
    const packets = mux(clip(4, { from: wrapSeconds - 2 }));
    const wrapped = (steps: readonly number[]) => steps.map((step) => (step < -(2 ** 32) ? step + 2 ** 33 : step));
    const { pts } = pesOf(packets, VIDEO_PID).at(-1)!;
    expect(pts).toBeLessThan(2000 * MS);
    expect(new Set(wrapped(stepsOf(pesOf(packets, VIDEO_PID).map(({ dts }) => dts))))).toEqual(new Set([3600]));
    expect(Math.max(...wrapped(stepsOf(pcrsOf(packets))))).toBeLessThanOrEqual(40 * MS);
    expect(stepsOf(pcrsOf(packets)).filter((step) => step < 0)).toHaveLength(1);
  });

  it('is not set back by sound that comes late', () => {
    const samples = clip(3).filter((sample) => sample.track === video || sample.dts < 90_000 * 3);
    const late = sound(3.1);
    samples.splice(
      samples.findIndex(({ dts }) => dts > 3.2 * 90_000),
      0,
      late,
    );
    expect(Math.min(...stepsOf(pcrsOf(mux(samples))))).toBeGreaterThan(0);
  });

  it('announces a jump of time instead of filling it', () => {
    for (const from of [3600, 0.5]) {
      const packets = mux([...clip(1, { from: 60 }), ...clip(1, { from })]);
      const jumps = packets.filter(({ isDiscontinuity }) => isDiscontinuity);
      expect(jumps).toHaveLength(1);
      expect(jumps[0]!.pcr).toBe((from * 1000 - 200) * MS);
      expect(packets.length).toBeLessThan(400);
    }
  });
});

describe('TsMuxer and its tables', () => {
  it('sends them first, before every sync sample and at least every 100 ms', () => {
    const packets = mux(clip(3));
    expect(packets.slice(0, 2).map(({ pid }) => pid)).toEqual([0, 0x1000]);
    let clock = pcrsOf(packets)[0]!;
    let seenAt = clock;
    for (const [index, { pid, pcr, isRandomAccess }] of packets.entries()) {
      clock = pcr ?? clock;
      if (pid === 0) seenAt = clock;
      expect(clock - seenAt).toBeLessThanOrEqual(120 * MS); // the tables come just before the PCR of their time
      if (!isRandomAccess) continue;
      const before = packets.slice(0, index).filter((packet) => packet.pid !== AUDIO_PID);
      expect(before.slice(-2).map((packet) => packet.pid)).toEqual([0, 0x1000]);
    }
  });

  it('sends them once at the start of a segment', () => {
    const muxer = muxing([video, audio]);
    for (const sample of clip(1)) muxer.append(sample);
    muxer.take();
    muxer.startSegment();
    for (const sample of clip(0.04, { from: 3 })) muxer.append(sample);
    const packets = packetsIn(muxer.take());
    expect(packets.slice(0, 2).map(({ pid }) => pid)).toEqual([0, 0x1000]);
    expect(packets.filter(({ pid }) => pid === 0)).toHaveLength(1);
  });

  it('bumps the version of the PMT when it changes and keeps the PIDs', () => {
    const lists: Track[][] = [[audio], [video, audio], [{ ...video }, audio], [video, mp3], [video]];
    const muxer = new TsMuxer();
    const described = lists.map((tracks, index) => {
      muxer.setTracks(tracks);
      muxer.append({ ...sound(2 + index), track: tracks[0]! });
      const map = programMaps(packetsIn(muxer.take())).at(-1)!;
      const end = 3 + (map.readUInt16BE(1) & 0xfff) - 4;
      return [(map[5]! >> 1) & 0x1f, map.readUInt16BE(8) & 0x1fff, map.toString('hex', 12, end)];
    });
    expect(described).toEqual([
      [0, 0x101, '0fe101f000'],
      [1, 0x100, '1be100f0000fe101f000'],
      [1, 0x100, '1be100f0000fe101f000'],
      [2, 0x100, '1be100f00003e101f000'],
      [3, 0x100, '1be100f000'],
    ]);
  });

  it('writes a new configuration before the first sync sample that needs it', () => {
    const other: Track = { ...video, config: buildAvcConfiguration([otherSps], [otherPps]) };
    const muxer = muxing([video]);
    muxer.append(picture(2, true));
    muxer.setTracks([other]);
    muxer.append(picture(2.04, true, 100, other));
    muxer.append(picture(2.08, true)); // of a track that is gone
    const units = pesOf(packetsIn(muxer.take()), VIDEO_PID);
    expect(units.map(({ data }) => [data.includes(sps), data.includes(otherSps)])).toEqual([
      [true, false],
      [false, true],
    ]);
  });

  it('tells a receiver that missed packets of every gap', () => {
    const muxer = muxing([video, audio]);
    for (const sample of clip(1)) muxer.append(sample);
    muxer.take();
    const continuity = muxer.continuity();
    muxer.append(picture(3, true));
    const first = packetsIn(muxer.take());
    for (const notice of packetsIn(muxer.discontinuityPackets(continuity))) {
      expect([notice.isDiscontinuity, notice.payload.length]).toEqual([true, 0]);
      const next = first.find(({ pid }) => pid === notice.pid);
      if (next !== undefined) expect(next.counter).toBe((notice.counter + 1) % 16);
    }
    expect(continuity).toHaveLength(4);
  });
});

describe('tsSupports', () => {
  it.each([
    ['H.264', video, true],
    ['H.264 without configuration', { ...video, config: Buffer.alloc(0) }, false],
    ['AV1', { ...video, codec: 'av1' }, false],
    ['AAC-LC', audio, true],
    ['HE-AAC v2', aac('eb8a0800'), true],
    ['xHE-AAC', aac('f94640'), false],
    ['AAC with a program config element', aac('1180'), false],
    ['MP3', mp3, true],
    ['Opus', opus, true],
    ['FLAC', { ...opus, codec: 'flac' }, false],
  ] as [string, Track, boolean][])('%s', (_name, track, answer) => {
    expect(tsSupports(track)).toBe(answer);
  });

  it('is what decides on the tracks that are sent', () => {
    const packets = mux([picture(2, true), sound(2, { ...opus, codec: 'flac' } as Track)]);
    expect(new Set(packets.map(({ pid }) => pid))).toEqual(new Set([0, 0x1000, VIDEO_PID]));
  });
});
