import { createHash } from 'node:crypto';
import { symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import {
  PublishError,
  parseAudioSpecificConfig,
  parseAvcConfiguration,
  type Sample,
  splitLengthPrefixed,
} from '@pushfleet/protocols';
import {
  BufferTarget,
  EncodedAudioPacketSource,
  EncodedPacket,
  EncodedPacketSink,
  EncodedVideoPacketSource,
  FilePathSource,
  Input,
  MP4,
  Mp4OutputFormat,
  Output,
} from 'mediabunny';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dtsMs } from './dts-order.ts';
import { openMediaFile } from './media-file.ts';
import { clip, H264, hasMediaTools, MediaFolder, probe } from './testing/media-tools.ts';

const folder = new MediaFolder();
afterAll(() => folder[Symbol.dispose]());

async function samplesOf(path: string): Promise<Record<'video' | 'audio' | 'mixed', Sample[]>> {
  const file = await openMediaFile(path);
  const mixed = await all(file.samples());
  file.close();
  const ofKind = (kind: string): Sample[] => mixed.filter(({ track }) => track.kind === kind);
  return { video: ofKind('video'), audio: ofKind('audio'), mixed };
}

const ptsOf = ({ pts }: { readonly pts: number }): number => pts;
const dtsOf = ({ dts }: { readonly dts: number }): number => dts;

const largestDistance = (times: readonly number[], others: readonly number[]): number =>
  Math.max(...times.map((time, index) => Math.abs(time - others[index]!)));

/** No two seconds are alike. */
const sweep = '-f lavfi -i testsrc2=size=160x90:rate=25 -f lavfi -i aevalsrc=sin(300*t*t)/4:s=48000';

const md5 = ({ data }: Sample): string => createHash('md5').update(data).digest('hex');

describe.skipIf(!hasMediaTools)('a media file', () => {
  /** Has an odd frame rate, AAC with an encoder's delay, and as many B-frames in a row as `bFrames` says. */
  const encode = (name: string, bFrames: number, x264 = ''): string => {
    const video = `-vf scale=320:180,fps=30000/1001 ${H264} -bf ${bFrames} -g 47`;
    return folder.make(name, `-i INPUT -t 4 ${video} -x264-params b-adapt=0:${x264} -c:a aac -ar 44100`);
  };
  let plain = '';
  let pyramid = '';
  beforeAll(() => {
    plain = encode('plain.mp4', 0);
    pyramid = encode('pyramid.mp4', 3);
  });

  const containers = [
    ['mp4', ''],
    ['mov', ''],
    ['ts', ''],
    ['flv', ''],
    ['mkv', ''],
    ['fragmented.mp4', ' -movflags frag_keyframe+empty_moov+default_base_moof'],
  ] as const;
  const sources = [
    ['without B-frames', () => plain],
    ['with B-frames, but fewer than its SPS allows', () => clip],
    ['with B-frames that others refer to', () => pyramid],
  ] as const;
  const cases = containers.flatMap(([name, flags]) =>
    sources.map(([what, source]) => [name, what, source, flags] as const),
  );

  it.each(cases)('of container %s %s has the samples that ffprobe sees', async (name, _, source, flags) => {
    const path = folder.make(`copy.${name}`, `-i INPUT -c copy${flags}`, source());
    const samples = await samplesOf(path);
    const [probed, original] = [probe(path), probe(source())];
    for (const kind of ['video', 'audio'] as const) {
      const packets = probed[kind];
      // The payloads of MP4 have our framing, and every container got the same stream.
      expect(samples[kind].map(md5)).toEqual(original[kind].map((packet) => packet.md5));
      expect(samples[kind].map(({ isSync }) => isSync)).toEqual(packets.map(({ isSync }) => isSync));
      // Several AAC frames share one time stamp of MPEG-TS. At 44.1 kHz the others are no whole ticks, and mediabunny adds up rounded ones.
      const toleranceTicks = name === 'ts' && kind === 'audio' ? 5 : 0;
      expect(largestDistance(samples[kind].map(ptsOf), packets.map(ptsOf))).toBeLessThanOrEqual(toleranceTicks);
      if (name === 'mkv') continue; // it stores no decode times, those of ffprobe are guessed
      expect(largestDistance(samples[kind].map(dtsOf), packets.map(dtsOf))).toBeLessThanOrEqual(toleranceTicks);
    }
    const order = samples.mixed.map(dtsMs);
    const slackMs = name === 'flv' ? 100 : 0; // FLV stays as its muxer mixed it
    expect(order.every((timeMs, index) => index === 0 || timeMs >= order[index - 1]! - slackMs)).toBe(true);
  });

  it('describes its tracks', async () => {
    for (const name of ['mp4', 'ts', 'flv', 'mkv']) {
      const file = await openMediaFile(folder.make(`tracks.${name}`, '-i INPUT -c copy'));
      const [video, audio] = file.tracks;
      file.close();
      expect(video).toMatchObject({ kind: 'video', codec: 'h264', width: 640, height: 360, frameRate: 25 });
      expect(audio).toMatchObject({ kind: 'audio', codec: 'aac', sampleRate: 48_000, channels: 2 });
      expect(parseAvcConfiguration(video!.config)).toMatchObject({
        lengthBytes: 4,
        sps: { length: 1 },
        pps: { length: 1 },
      });
      expect(parseAudioSpecificConfig(audio!.config)).toMatchObject({ objectType: 2, coreSampleRate: 48_000 });
    }
  });

  it('can be read again, with the same track objects', async () => {
    for (const name of ['mp4', 'ts', 'flv']) {
      const file = await openMediaFile(folder.make(`again.${name}`, '-i INPUT -c copy'));
      const passes = [await all(file.samples()), await all(file.samples())];
      file.close();
      expect(passes[1]).toEqual(passes[0]);
      for (const { track } of passes.flat()) expect(file.tracks).toContain(track);
    }
  });

  it('that starts in the middle of a group of pictures is read from the first sync sample on', async () => {
    const whole = await readFile(encode('whole.ts', 3, 'open-gop=1'));
    const cut = folder.file('cut.ts');
    // Program tables are at the start, so they are kept.
    writeFileSync(
      cut,
      Buffer.concat([whole.subarray(0, 3 * 188), whole.subarray(Math.floor(whole.length / 188 / 4) * 188)]),
    );
    const { video, audio } = await samplesOf(cut);
    const packets = probe(cut).video;
    const start = packets.findIndex(({ isSync }) => isSync);
    const decodable = packets.slice(start).filter(({ pts }) => pts >= packets[start]!.pts);
    expect(start).toBeGreaterThan(0);
    expect(decodable.length).toBeLessThan(packets.length - start); // the others refer to pictures before the cut
    expect(video[0]).toMatchObject({ isSync: true, pts: packets[start]!.pts });
    expect(video.map(ptsOf)).toEqual(decodable.map(ptsOf));
    expect(Math.abs(audio[0]!.pts - video[0]!.pts) / 90_000).toBeLessThan(0.25);
  });

  it('that an edit list trims keeps sound and picture together, and starts with the group of the first picture', async () => {
    const path = folder.make('sweep.mp4', `${sweep} -t 6 ${H264} -g 50 -c:a aac`);
    const trimmed = await samplesOf(folder.make('trimmed.mp4', '-ss 3.3 -i INPUT -c copy', path));
    const whole = await samplesOf(path);
    /** By how much a sample that is there once was moved, in seconds. */
    const moved = (samples: Sample[], originals: Sample[]): number => {
      const pairs = samples.map((sample) => ({
        sample,
        same: originals.filter(({ data }) => data.equals(sample.data)),
      }));
      const { sample, same } = pairs.find((pair) => pair.same.length === 1)!;
      return (same[0]!.pts - sample.pts) / sample.track.timescale;
    };
    const video = trimmed.video[0]!;
    expect(video.isSync).toBe(true);
    expect(video.pts / video.track.timescale).toBeCloseTo(-1.3, 6);
    expect(moved(trimmed.audio, whole.audio)).toBeCloseTo(moved(trimmed.video, whole.video), 4);
    expect(trimmed.audio[0]!.pts / 48_000).toBeGreaterThan(-1.6);
  });

  it('with NAL unit lengths of 2 bytes has samples with lengths of 4', async () => {
    const path = folder.file('short-lengths.mp4');
    writeFileSync(path, await withShortLengths(clip));
    const { video } = await samplesOf(path);
    expect(video.map(md5)).toEqual(probe(clip).video.map((packet) => packet.md5));
    expect(parseAvcConfiguration(video[0]!.track.config).lengthBytes).toBe(4);
  });

  it('points its samples to a new track where the configuration changes', async () => {
    const { video } = await samplesOf(folder.makeChanging('changing.ts'));
    const tracks = [...new Set(video.map(({ track }) => track))];
    expect(tracks).toMatchObject([
      { width: 320, height: 180 },
      { width: 480, height: 270 },
    ]);
    expect(video.find(({ track }) => track === tracks[1])!.isSync).toBe(true);
  });

  it.each([
    ['HEVC and MP3', '-c:v libx265 -x265-params log-level=error -c:a libmp3lame', ['hevc', 'mp3']],
    ['Opus alone', '-vn -c:a libopus', ['opus']],
  ])('may hold %s', async (_, codecs, expected) => {
    const path = folder.make('codecs.mp4', `-i INPUT -t 1 -vf scale=160:90 ${codecs}`);
    const file = await openMediaFile(path);
    expect(file.tracks.map(({ codec }) => codec)).toEqual(expected);
    const samples = await all(file.samples());
    file.close();
    const packets = probe(path);
    for (const { kind } of file.tracks) {
      const times = samples.filter(({ track }) => track.kind === kind).map(({ pts, dts }) => ({ pts, dts }));
      expect(times).toEqual(packets[kind].map(({ pts, dts }) => ({ pts, dts })));
    }
  });

  it.each(['flv', 'ts'])(
    'of container %s that was glued together is a lost source where its times start again',
    async (name) => {
      const part = await readFile(folder.make(`part.${name}`, '-i INPUT -t 4 -c copy'));
      const path = folder.file(`glued.${name}`);
      const headerBytes = name === 'flv' ? 13 : 0; // FLV header and PreviousTagSize0
      writeFileSync(path, Buffer.concat([part, part.subarray(headerBytes)]));
      await expect(samplesOf(path)).rejects.toMatchObject({
        code: 'source_lost',
        message: expect.stringMatching(/times .*fall back .*remux the file/),
      });
    },
  );

  it('has HEVC samples without parameter sets and delimiters', async () => {
    const options = '-c:v libx265 -x265-params log-level=error:aud=1:repeat-headers=1:keyint=5 -an';
    const { video } = await samplesOf(folder.make('hevc.mp4', `-i INPUT -t 1 -vf scale=160:90 ${options}`));
    const types = video.flatMap(({ data }) => splitLengthPrefixed(data, 4)).map((nalUnit) => (nalUnit[0]! >> 1) & 0x3f);
    expect(types.filter((type) => type < 32)).toHaveLength(25); // slices, one each
    expect(types.filter((type) => type >= 32 && type <= 35)).toEqual([]);
  });

  it('without a track that can be pushed is refused with the names of its codecs', async () => {
    const path = folder.make('vp9.mkv', '-i INPUT -t 1 -vf scale=160:90 -c:v vp9 -c:a pcm_s16le');
    await expect(openMediaFile(path)).rejects.toThrow('no track that can be pushed (vp9, pcm-s16); use H.264 and AAC');
  });
});

describe('a file that cannot be played', () => {
  const write = (name: string, bytes: Buffer | string): string => {
    writeFileSync(folder.file(name), bytes);
    return folder.file(name);
  };
  const circle = (): string => {
    symlinkSync(folder.file('circle.mp4'), folder.file('circle.mp4'));
    return folder.file('circle.mp4');
  };

  it.each([
    ['missing', () => folder.file('missing.mp4'), 'missing.mp4: no such file'],
    ['a folder', () => folder.path, 'not a regular file'],
    ['empty', () => write('empty.mp4', ''), 'the file is empty'],
    [
      'a text',
      () => write('text.mp4', 'stream demo { input file://clip.mp4; }\n'.repeat(40)),
      'unknown container; use MP4',
    ],
    ['one byte long', () => write('byte.ts', 'G'), 'unknown container; use MP4'],
    ['an FLV file of the signature alone', () => write('short.flv', 'FLV'), 'no track that can be pushed'],
    ['behind a link to itself', circle, 'ELOOP'],
  ])('is reported as a lost source when it is %s', async (_, path, reason) => {
    const error = await openMediaFile(path()).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(PublishError);
    expect(error).toMatchObject({ code: 'source_lost', message: expect.stringContaining(reason) });
  });

  it('is reported as a lost source when it is an MP4 file that breaks off before its index', async () => {
    const path = write('headless.mp4', (await readFile(clip)).subarray(0, 40));
    await expect(openMediaFile(path)).rejects.toMatchObject({ code: 'source_lost' });
  });

  it('is reported as a lost source when an FLV file breaks the rules half way', async () => {
    const samples = [
      [0x17, 0, 0, 0, 0, 1],
      [0x17, 1, 0, 0, 0, 0, 0, 0, 9, 1],
    ];
    const tags = samples.map((data) => Buffer.from([9, 0, 0, data.length, 0, 0, 0, 0, 0, 0, 0, ...data, 0, 0, 0, 0]));
    const path = write('broken.flv', Buffer.concat([Buffer.from('FLV\x01\x01\0\0\0\x09\0\0\0\0', 'latin1'), ...tags]));
    await expect(openMediaFile(path)).rejects.toMatchObject({ code: 'source_lost' });
  });
});

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const value of values) found.push(value);
  return found;
}

/** The file with the video rewritten to 2-byte lengths, by mediabunny. */
async function withShortLengths(path: string): Promise<Uint8Array> {
  const input = new Input({ source: new FilePathSource(path), formats: [MP4] });
  const output = new Output({ format: new Mp4OutputFormat(), target: new BufferTarget() });
  const [video, audio] = [await input.getPrimaryVideoTrack(), await input.getPrimaryAudioTrack()];
  const sources = [new EncodedVideoPacketSource('avc'), new EncodedAudioPacketSource('aac')] as const;
  output.addVideoTrack(sources[0]);
  output.addAudioTrack(sources[1]);
  await output.start();
  const config = (await video!.getDecoderConfig())!;
  const description = Buffer.from(config.description as Uint8Array);
  description[4] = 0xfd; // reserved 111111, lengthSizeMinusOne 1
  for await (const packet of new EncodedPacketSink(video!).packets()) {
    const { type, timestamp, duration } = packet;
    const data = shortened(Buffer.from(packet.data));
    await sources[0].add(new EncodedPacket(data, type, timestamp, duration), {
      decoderConfig: { ...config, description },
    });
  }
  sources[0].close();
  const audioConfig = (await audio!.getDecoderConfig())!;
  for await (const packet of new EncodedPacketSink(audio!).packets()) {
    await sources[1].add(packet, { decoderConfig: audioConfig });
  }
  await output.finalize();
  input.dispose();
  return new Uint8Array((output.target as BufferTarget).buffer!);
}

function shortened(accessUnit: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let offset = 0; offset < accessUnit.length; ) {
    const end = offset + 4 + accessUnit.readUInt32BE(offset);
    parts.push(accessUnit.subarray(offset + 2, end));
    offset = end;
  }
  return Buffer.concat(parts);
}
