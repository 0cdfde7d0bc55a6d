import { describe, expect, it } from 'vitest';
import { readClip, SYNC_CLIP } from '../container/flv/testing/clip.ts';
import { parseBoxes } from '../container/fmp4/box.ts';
import { Fmp4Demuxer } from '../container/fmp4/demuxer.ts';
import { ChunkedBody } from '../http/body.ts';
import { LAST_CHUNK } from '../http/chunk.ts';
import type { Sample } from '../media/sample.ts';
import type { Track, VideoTrack } from '../media/track.ts';
import { Channel } from '../packager/channel.ts';
import type { WireBatch } from '../packager/packager.ts';
import { m4sWireFormat } from './packager.ts';

const { tracks, samples } = readClip(SYNC_CLIP);
const [video, audio] = tracks as [VideoTrack, Track];

/** What a connection gets that is there from the first sample on: headers and batches. */
function deliver(list: readonly Sample[], change?: { at: number; tracks: readonly Track[] }) {
  const channel = new Channel(m4sWireFormat(), change?.at === 0 ? change.tracks : tracks);
  const written: { bytes: Buffer; batch: WireBatch | undefined }[] = [];
  channel.openFeed().open({ write: (bytes, batch) => written.push({ bytes, batch }), end: () => {}, pendingBytes: 0 });
  list.forEach((sample, index) => {
    if (index === change?.at) channel.setTracks(change.tracks);
    channel.append(sample, 0);
  });
  channel.end();
  return written;
}

/** What is inside of one chunk, and nothing else. */
function contentOf(bytes: Buffer): Buffer {
  const pieces: Buffer[] = [];
  const body = new ChunkedBody((piece) => pieces.push(piece));
  body.push(Buffer.concat([bytes, LAST_CHUNK]));
  expect([pieces.length, body.isComplete]).toEqual([1, true]);
  return pieces[0]!;
}
const typesIn = (bytes: Buffer) => parseBoxes(contentOf(bytes)).map(({ type }) => type);

describe('the wire format of m4s', () => {
  const written = deliver(samples);

  it('makes the header and each batch one chunk of whole boxes', () => {
    expect(typesIn(written[0]!.bytes)).toEqual(['ftyp', 'moov']);
    expect(typesIn(written[1]!.bytes)).toEqual(['prft', 'moof', 'mdat']);
    expect(written.length).toBeGreaterThan(500);
    for (const { bytes } of written.slice(1)) {
      expect(
        typesIn(bytes)
          .filter((type) => type !== 'prft')
          .join(' '),
      ).toMatch(/^(moof mdat ?)+$/);
    }
  });

  it('counts what is in a batch', () => {
    const batches = written.map(({ batch }) => batch).filter((batch) => batch !== undefined);
    const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
    expect(sum(batches.map(({ videoSamples }) => videoSamples))).toBe(500);
    expect(batches.every(({ videoSamples }) => videoSamples <= 1)).toBe(true);
    expect(batches.filter(({ isSync }) => isSync).map(({ dtsMs }) => dtsMs)).toEqual(
      samples.filter(({ isSync, track }) => isSync && track === video).map(({ dts }) => dts),
    );
  });

  it('adds less than 125 bytes for each picture and each two sounds', () => {
    const mediaBytes = samples.reduce((total, { data }) => total + data.length, 0);
    const wireBytes = written.reduce((total, { bytes }) => total + bytes.length, 0);
    expect(wireBytes - mediaBytes).toBeLessThan(125 * (500 + 939 / 2));
  });

  it('lets a connection begin in mid-stream, with a header of its own', () => {
    const channel = new Channel(m4sWireFormat(), tracks);
    const half = samples.length / 2;
    for (const sample of samples.slice(0, half)) channel.append(sample, 0);
    const received: Sample[] = [];
    const demuxer = new Fmp4Demuxer({ tracks: () => {}, sample: (sample) => received.push(sample) });
    channel.openFeed().open({ write: (bytes) => demuxer.push(contentOf(bytes)), end: () => {}, pendingBytes: 0 });
    for (const sample of samples.slice(half)) channel.append(sample, 0);
    const isPicture = ({ track }: Sample) => track.kind === 'video';
    const from = samples.findLastIndex((sample, index) => index < half && sample.isSync && isPicture(sample));
    const pictures = (list: readonly Sample[]) => list.filter(isPicture).map(({ data }) => data);
    expect(received[0]!.data).toEqual(samples[from]!.data);
    expect(pictures(received)).toEqual(pictures(samples.slice(from)));
  });

  it('puts new tracks before the sync picture that needs them', () => {
    const at = samples.findIndex(({ track, isSync, dts }) => track === video && isSync && dts > 5000);
    const wide: VideoTrack = { ...video, width: 1280 };
    const list = samples.map((sample, index) =>
      index >= at && sample.track === video ? { ...sample, track: wide } : sample,
    );
    const changed = deliver(list, { at, tracks: [wide, audio] });
    const headers = changed.filter(({ bytes }) => typesIn(bytes).includes('moov'));
    expect(headers.map(({ batch }) => batch?.isSync)).toEqual([undefined, true]);
    expect(typesIn(headers[1]!.bytes).slice(0, 4)).toEqual(['ftyp', 'moov', 'prft', 'moof']);
  });

  it('leaves out what it was not told of', () => {
    const stranger = { ...audio };
    const packager = m4sWireFormat().createPackager();
    packager.setTracks([video]);
    packager.append({ ...samples.find(({ track }) => track === audio)!, track: stranger });
    expect(packager.flush()).toBeUndefined();
  });
});
