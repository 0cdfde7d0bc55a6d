import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FlvDemuxer } from '../container/flv/demuxer.ts';
import { FlvFileReader } from '../container/flv/file-reader.ts';
import type { Sample } from '../media/sample.ts';
import type { AudioTrack, Track, VideoTrack } from '../media/track.ts';
import type { WireBatch } from '../packager/packager.ts';
import { rtmpWireFormat } from './packager.ts';
import { ChunkReader, serializeMessage } from './wire/chunk.ts';
import { MessageType, parseData, type RtmpMessage, setChunkSize } from './wire/message.ts';

const CHUNK_SIZE = 4096;

function readClip(): { tracks: readonly Track[]; samples: Sample[] } {
  const clip: { tracks: readonly Track[]; samples: Sample[] } = { tracks: [], samples: [] };
  const demuxer = new FlvDemuxer({
    tracks: (tracks) => {
      clip.tracks = tracks;
    },
    sample: (sample) => clip.samples.push(sample),
  });
  new FlvFileReader(demuxer).push(readFileSync(new URL('../../fixtures/flv/sync.flv', import.meta.url)));
  return clip;
}

function readMessages(...parts: Buffer[]): RtmpMessage[] {
  const messages: RtmpMessage[] = [];
  const reader = new ChunkReader({ maxMessageBytes: 1 << 24, onMessage: (message) => messages.push(message) });
  reader.push(serializeMessage(setChunkSize(CHUNK_SIZE), 2, 128));
  for (const part of parts) reader.push(part);
  return messages.slice(1);
}

const { tracks, samples } = readClip();
const [video, audio] = tracks as [VideoTrack, AudioTrack];
const createPackager = (chunkSize = CHUNK_SIZE) =>
  rtmpWireFormat({ chunkSize, messageStreamId: 1, timeline: 0 }).createPackager();
const at = (track: Track, dts: number, isSync = true, compositionMs = 0): Sample => ({
  track,
  dts,
  pts: dts + compositionMs,
  isSync,
  data: Buffer.from([0, 0, 0, 1, 0x65]),
});

/** Appends each sample and flushes behind it. */
function batchesOf(packager: ReturnType<typeof createPackager>, list: readonly Sample[]): WireBatch[] {
  return list.map((sample) => {
    packager.append(sample);
    return packager.flush()!;
  });
}

describe('RTMP packager', () => {
  it('carries a whole clip unchanged, from time 0', () => {
    const packager = createPackager();
    packager.setTracks(tracks);
    const batches = batchesOf(packager, samples);
    const received: Sample[] = [];
    const demuxer = new FlvDemuxer({ tracks: () => {}, sample: (sample) => received.push(sample) });
    for (const { type, timestamp, payload } of readMessages(
      packager.header(batches[0]!),
      ...batches.map(({ bytes }) => bytes),
    )) {
      demuxer.message(type, timestamp, payload);
    }
    const fields = ({ track, dts, pts, isSync, data }: Sample) => [
      track.kind,
      dts,
      pts,
      isSync,
      data.toString('base64'),
    ];
    expect(received.map(fields)).toEqual(samples.map(fields));
    expect(received[0]!.dts).toBe(0);
  });

  it('begins a connection with metadata and both configurations', () => {
    const packager = createPackager();
    packager.setTracks(tracks);
    const [first] = batchesOf(packager, [at(video, 5000)]);
    const [metadata, ...configs] = readMessages(packager.header(first!));
    expect(parseData(metadata!)).toMatchObject([
      '@setDataFrame',
      'onMetaData',
      {
        duration: 0,
        width: 640,
        height: 360,
        framerate: 25,
        videocodecid: 7,
        audiocodecid: 10,
        audiosamplerate: 48_000,
        audiosamplesize: 16,
        stereo: true,
      },
    ]);
    expect(configs.map(({ type, streamId }) => [type, streamId])).toEqual([
      [MessageType.video, 1],
      [MessageType.audio, 1],
    ]);
    expect(configs.map(({ payload }) => payload.toString('hex'))).toEqual([
      `1700000000${video.config.toString('hex')}`,
      `af00${audio.config.toString('hex')}`,
    ]);
  });

  it('stamps the header of a late connection with the time of its first batch', () => {
    const packager = createPackager();
    packager.setTracks(tracks);
    const batches = batchesOf(packager, [at(video, 5000), at(video, 7000)]);
    expect(readMessages(packager.header(batches[1]!)).map(({ timestamp }) => timestamp)).toEqual([2000, 2000, 2000]);
    expect(readMessages(batches[1]!.bytes)[0]!.timestamp).toBe(2000);
  });

  it('never lets time go back, and keeps the moment at which a picture is shown', () => {
    const packager = createPackager();
    packager.setTracks(tracks);
    packager.append(at(audio, 1000));
    packager.append(at(video, 990, true, 80));
    packager.append(at(audio, 995));
    const messages = readMessages(packager.flush()!.bytes);
    expect(messages.map(({ timestamp }) => timestamp)).toEqual([0, 0, 0]);
    expect(messages[1]!.payload.readIntBE(2, 3)).toBe(70);
  });

  it('stands a picture that is said to be shown in a day', () => {
    const packager = createPackager();
    packager.setTracks(tracks);
    const [batch] = batchesOf(packager, [at(video, 0, true, 95_443_000)]);
    const frame = readMessages(batch!.bytes).find(
      ({ type, payload }) => type === MessageType.video && payload[1] === 1,
    );
    expect(frame!.payload.readIntBE(2, 3)).toBe(0x7fffff);
  });

  it('rounds times from the absolute value, so that errors never add up', () => {
    const packager = createPackager();
    const track = { ...audio, timescale: 44_100 };
    packager.setTracks([track]);
    const list = Array.from({ length: 1000 }, (_, index) => at(track, 1_000_000 + index * 1024));
    const messages = readMessages(...batchesOf(packager, list).map(({ bytes }) => bytes));
    expect(messages.at(-1)!.timestamp).toBe(Math.round((1_000_000 + 999 * 1024) / 44.1) - Math.round(1_000_000 / 44.1));
  });

  it('repeats the extended timestamp in every chunk after 4 h 39 min', () => {
    const packager = createPackager(128);
    packager.setTracks([video]);
    const data = Buffer.alloc(1000, 7);
    const batches = batchesOf(packager, [at(video, 0), { ...at(video, 0x1000000), data }]);
    const extended = Buffer.from([1, 0, 0, 0]);
    const { bytes } = batches[1]!;
    const chunks = Math.ceil((5 + data.length) / 128);
    expect(bytes.length).toBe(12 + 4 + 5 + data.length + (chunks - 1) * 5);
    expect(bytes.subarray(1, 4).toString('hex')).toBe('ffffff');
    expect(bytes.subarray(16 + 128, 16 + 128 + 5)).toEqual(Buffer.concat([Buffer.from([0xc6]), extended]));
  });

  it('says what a batch holds and whether a connection may begin with it', () => {
    const packager = createPackager();
    packager.setTracks(tracks);
    packager.append(at(video, 1000));
    expect(packager.flush()).toMatchObject({ isSync: true, dtsMs: 1000, videoSamples: 1, audioSamples: 0 });
    packager.append(at(audio, 1010));
    packager.append(at(video, 1040, false));
    expect(packager.flush()).toMatchObject({ isSync: false, dtsMs: 1010, videoSamples: 1, audioSamples: 1 });
    expect(packager.flush()).toBeUndefined();
  });

  it('may begin anywhere in a stream without video', () => {
    const packager = createPackager();
    packager.setTracks([audio]);
    expect(batchesOf(packager, [at(audio, 0)])[0]!.isSync).toBe(true);
  });

  it('never touches bytes that it has handed out, also when a picture is larger than its memory block', () => {
    const packager = createPackager(65_536);
    packager.setTracks(tracks);
    const list = Array.from({ length: 60 }, (_, index) => ({
      ...at(index % 3 === 0 ? audio : video, index * 20),
      data: Buffer.alloc(index % 10 === 0 ? 300_000 : 9000, index),
    }));
    const batches: WireBatch[] = [];
    const copies: Buffer[] = [];
    for (const [index, sample] of list.entries()) {
      packager.append(sample);
      if (index % 3 !== 2) continue;
      batches.push(packager.flush()!);
      copies.push(Buffer.from(batches.at(-1)!.bytes));
    }
    expect(batches.every(({ bytes }, index) => bytes.equals(copies[index]!))).toBe(true);
    expect(new Set(batches.map(({ bytes }) => bytes.buffer)).size).toBeLessThan(batches.length);
  });

  it('sends metadata and the new configuration just before the sample that needs them', () => {
    const packager = createPackager();
    packager.setTracks(tracks);
    batchesOf(packager, [at(video, 0), at(audio, 10)]);
    const wide = { ...video, width: 1280, config: Buffer.from('01020304', 'hex') };
    packager.setTracks([wide, audio]);
    packager.append(at(audio, 30));
    packager.append(at(wide, 40));
    packager.append(at(wide, 80, false));
    const messages = readMessages(packager.flush()!.bytes);
    expect(messages.map(({ type, timestamp }) => [type, timestamp])).toEqual([
      [MessageType.audio, 30],
      [MessageType.data, 40],
      [MessageType.video, 40],
      [MessageType.video, 40],
      [MessageType.video, 80],
    ]);
    expect(parseData(messages[1]!)[2]).toMatchObject({ width: 1280 });
    expect(messages[2]!.payload.toString('hex')).toBe('170000000001020304');
  });

  it.each([
    ['hevc', '9068766331', '9168766331000050', 'hvc1'],
    ['av1', '9061763031', '9161763031', 'av01'],
    ['vp9', '9076703039', '9176703039', 'vp09'],
  ] as const)(
    'carries %s as Enhanced RTMP, with composition time where there is any',
    (codec, start, frame, fourCc) => {
      const track: VideoTrack = { ...video, codec, config: Buffer.from('0100000011223344', 'hex') };
      const packager = createPackager();
      packager.setTracks([track]);
      const [batch, next] = batchesOf(packager, [at(track, 0, true, 80), at(track, 40, false)]);
      const [meta, config, key, inter] = readMessages(packager.header(batch!), batch!.bytes, next!.bytes);
      const record = codec === 'vp9' ? '11223344' : '0100000011223344'; // without the version of the box
      expect(config!.payload.toString('hex')).toBe(start + record);
      expect(key!.payload.toString('hex')).toBe(`${frame}0000000165`);
      expect(inter!.payload[0]).toBe(0xa1);
      expect(parseData(meta!)[2]).toMatchObject({ videocodecid: Buffer.from(fourCc).readUInt32BE() });
    },
  );

  it.each([
    ['opus', '904f707573aabb', '914f707573', 'Opus'],
    ['flac', '90664c6143aabb', '91664c6143', 'fLaC'],
    ['ac3', undefined, '9161632d33', 'ac-3'],
    ['eac3', undefined, '9165632d33', 'ec-3'],
  ] as const)('carries %s as Enhanced RTMP', (codec, start, frame, fourCc) => {
    const track: AudioTrack = { ...audio, codec, config: Buffer.from('aabb', 'hex') };
    const packager = createPackager();
    packager.setTracks([track]);
    const [batch] = batchesOf(packager, [at(track, 0)]);
    const [meta, ...messages] = readMessages(packager.header(batch!), batch!.bytes);
    const bodies = messages.map(({ payload }) => payload.toString('hex'));
    expect(bodies).toEqual([...(start === undefined ? [] : [start]), `${frame}0000000165`]);
    expect(parseData(meta!)[2]).toMatchObject({ audiocodecid: Buffer.from(fourCc).readUInt32BE() });
  });

  it('turns to another codec in the middle of the stream', () => {
    const hevc: VideoTrack = { ...video, codec: 'hevc', config: Buffer.from('0102', 'hex') };
    const packager = createPackager();
    packager.setTracks([video]);
    batchesOf(packager, [at(video, 0)]);
    packager.setTracks([hevc]);
    const [batch] = batchesOf(packager, [at(hevc, 40)]);
    const heads = readMessages(batch!.bytes).map(({ payload }) => payload.subarray(0, 5).toString('hex'));
    expect(heads.slice(1)).toEqual(['9068766331', '9168766331']);
  });

  it('carries MP3 without a configuration', () => {
    const mp3: AudioTrack = { ...audio, codec: 'mp3' };
    const packager = createPackager();
    packager.setTracks([mp3]);
    const [batch] = batchesOf(packager, [{ ...at(mp3, 0), data: Buffer.from('fffb94c4', 'hex') }]);
    const messages = readMessages(packager.header(batch!), batch!.bytes);
    expect(messages.map(({ payload }) => payload.toString('hex')).slice(1)).toEqual(['2ffffb94c4']);
    expect(parseData(messages[0]!)[2]).toMatchObject({ audiocodecid: 2 });
  });
});

describe('rtmpWireFormat', () => {
  it('has the same key exactly when the bytes are the same', () => {
    const key = (chunkSize: number, messageStreamId: number, timeline: number): string =>
      rtmpWireFormat({ chunkSize, messageStreamId, timeline }).key;
    expect(key(4096, 1, 5)).toBe(key(4096, 1, 5));
    expect(new Set([key(4096, 1, 5), key(65_536, 1, 5), key(4096, 2, 5), key(4096, 1, 6)]).size).toBe(4);
  });
});
