// The memory of samples is used again as soon as nobody says that he holds it: everybody who does hold it has to say so.
import { describe, expect, it } from 'vitest';
import { PayloadMemory } from '../bytes/payload-memory.ts';
import { hlsWireFormat } from '../hls/segmenter.ts';
import { m4sWireFormat } from '../m4s/packager.ts';
import { GopCache } from '../media/gop.ts';
import type { Sample } from '../media/sample.ts';
import type { AudioTrack, VideoTrack } from '../media/track.ts';
import { rtmpWireFormat } from '../rtmp/packager.ts';
import { tsHttpWireFormat } from '../tshttp/packager.ts';
import { Channel } from './channel.ts';
import type { WireFormat } from './packager.ts';

const base = { timescale: 1000, bitrateBps: 0 };
const video: VideoTrack = {
  ...base,
  kind: 'video',
  codec: 'h264',
  config: Buffer.from('0142c01effe100046742c01e01000468ce3c80', 'hex'),
  width: 320,
  height: 180,
  frameRate: 25,
};
const audio: AudioTrack = {
  ...base,
  kind: 'audio',
  codec: 'aac',
  config: Buffer.from('1190', 'hex'),
  sampleRate: 48_000,
  channels: 2,
};

/** Large against the smallest slab, so that memory is used again after a few samples. */
const PICTURE_BYTES = 6_000;
const SOUND_BYTES = 3_000;
const AUDIO_MS = 21;

/** What a format says of a stream, samples given by one after the other. */
class Wire {
  readonly #channel: Channel;
  readonly #written: Buffer[] = [];

  constructor(format: WireFormat, samples: readonly Sample[] = []) {
    this.#channel = new Channel(format, [video, audio]);
    for (const sample of samples) this.append(sample);
    this.#channel.openFeed().open({
      write: (bytes) => void this.#written.push(Buffer.from(bytes)),
      end: () => {},
      pendingBytes: 0,
    });
  }

  append(sample: Sample): void {
    this.#channel.append(sample, sample.dts);
  }

  holds(memory: ArrayBufferLike): boolean {
    return this.#channel.holds(memory);
  }

  finish(): Buffer {
    this.#channel.drain();
    return Buffer.concat(this.#written);
  }
}

/** Sound comes later than its time by `audioLateMs`, in runs, as muxers gather it. */
function* samplesOf(
  groups: readonly number[],
  audioLateMs: number,
): Generator<Omit<Sample, 'data'> & { bytes: number }> {
  let soundMs = 0;
  let pictures = 0;
  for (const length of groups) {
    for (let index = 0; index < length; index++) {
      const dts = pictures++ * 40;
      yield { track: video, dts, pts: dts, isSync: index === 0, bytes: PICTURE_BYTES + 13 * (pictures % 50) };
      for (; soundMs <= dts - audioLateMs; soundMs += AUDIO_MS) {
        yield { track: audio, dts: soundMs, pts: soundMs, isSync: true, bytes: SOUND_BYTES + (soundMs % 100) };
      }
    }
  }
}

const formats: Readonly<Record<string, () => WireFormat>> = {
  rtmp: () => rtmpWireFormat({ chunkSize: 4096, messageStreamId: 1, timeline: 0 }),
  tshttp: tsHttpWireFormat,
  m4s: () => m4sWireFormat({ now: () => 1e12 }),
  hls: () => hlsWireFormat({ durationMs: 400, targetDurationS: undefined, maxTargetDurationS: 60 }),
};

describe.each(Object.keys(formats))('%s', (name) => {
  it.each([
    ['in order', 0],
    ['with sound that comes 300 ms late', 300],
  ])('says the same of samples in memory that is used again, %s, also to who joins late', (_title, audioLateMs) => {
    const gop = new GopCache();
    const wires: Wire[] = [];
    const slabs = new Set<ArrayBufferLike>();
    const memory = new PayloadMemory((slab) => gop.holds(slab) || wires.some((wire) => wire.holds(slab)));
    const copies: Sample[] = [];
    const references: Wire[] = [];
    const referenceGop = new GopCache();
    const join = () => {
      wires.push(new Wire(formats[name]!(), gop.samples));
      references.push(new Wire(formats[name]!(), referenceGop.samples));
    };
    join();
    let count = 0;
    for (const { bytes, ...times } of samplesOf([1, 25, 2, 12, 12, 3, 30, 12, 12, 12], audioLateMs)) {
      const data = memory.take(bytes);
      slabs.add(data.buffer);
      data.fill(count & 0xff);
      data.writeUInt32BE(bytes - 4, 0); // one NAL unit, of a picture
      data[4] = times.isSync ? 0x65 : 0x41;
      const sample: Sample = { ...times, data };
      const copy: Sample = { ...times, data: Buffer.from(data) };
      copies.push(copy);
      gop.push(sample);
      referenceGop.push(copy);
      for (const wire of wires) wire.append(sample);
      for (const reference of references) reference.append(copy);
      count += 1;
      if (count % 40 === 0) join();
    }
    const written = wires.map((wire) => wire.finish());
    expect(written.every((bytes, index) => bytes.equals(references[index]!.finish()))).toBe(true);
    expect(written[0]!.length).toBeGreaterThan(100_000);
    const slabBytes = [...slabs].reduce((sum, { byteLength }) => sum + byteLength, 0);
    const mediaBytes = copies.reduce((sum, { data }) => sum + data.length, 0);
    expect(slabBytes).toBeLessThan(mediaBytes); // it was used again
  });
});

describe('a channel', () => {
  const own = (times: Omit<Sample, 'data'>): Sample => ({ ...times, data: Buffer.alloc(9_000, 1) }); // larger than Node's pool
  const picture = (dts: number) => own({ track: video, dts, pts: dts, isSync: true });
  const sound = (dts: number) => own({ track: audio, dts, pts: dts, isSync: true });

  it.each([
    ['rtmp', false],
    ['tshttp', true],
    ['m4s', true],
    ['hls', true],
  ])('of %s needs sound that waits for its picture: %s', (name, isHeld) => {
    const channel = new Channel(formats[name]!(), [video, audio]);
    channel.append(picture(0), 0);
    const waiting = { ...sound(10), data: Buffer.alloc(5_000, 1) };
    channel.append(waiting, 10);
    expect(channel.holds(waiting.data.buffer)).toBe(isHeld);
    for (let dts = 40; dts < 400; dts += 40) channel.append(picture(dts), dts);
    expect(channel.holds(waiting.data.buffer)).toBe(false);
  });

  it('needs what waits for a track that is late', () => {
    const channel = new Channel(formats.rtmp!(), [video, audio]);
    channel.append(picture(400), 400);
    channel.append(sound(100), 400);
    const waiting = picture(440);
    channel.append(waiting, 440);
    expect(channel.holds(waiting.data.buffer)).toBe(true);
    channel.drain();
    expect(channel.holds(waiting.data.buffer)).toBe(false);
  });
});
