import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readClip, SYNC_CLIP } from '../container/flv/testing/clip.ts';
import { ChunkedBody } from '../http/body.ts';
import { LAST_CHUNK } from '../http/chunk.ts';
import type { Sample } from '../media/sample.ts';
import type { Track } from '../media/track.ts';
import type { WireBatch } from '../packager/packager.ts';
import { run } from '../publisher/testing/programs.ts';
import { tsHttpWireFormat } from './packager.ts';

const PACKET_BYTES = 188;
const clip = readClip(SYNC_CLIP);
const audioTrack = clip.tracks.find(({ kind }) => kind === 'audio')!;

/** A batch for each picture, or for each two sounds where there is none. */
function pack(tracks: readonly Track[], samples: readonly Sample[]) {
  const packager = tsHttpWireFormat().createPackager();
  packager.setTracks(tracks);
  const batches: WireBatch[] = [];
  const flush = () => {
    const batch = packager.flush();
    if (batch !== undefined) batches.push(batch);
  };
  const hasVideo = tracks.some(({ kind }) => kind === 'video');
  samples.forEach((sample, index) => {
    if (hasVideo && sample.isSync && sample.track.kind === 'video') flush();
    packager.append(sample);
    if (hasVideo ? sample.track.kind === 'video' : index % 2 === 1) flush();
  });
  flush();
  return { packager, batches };
}

/** The packets inside a batch, which has to be exactly one chunk. */
function packetsIn(bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  const body = new ChunkedBody((piece) => pieces.push(piece));
  body.push(Buffer.concat([bytes, LAST_CHUNK]));
  expect([pieces.length, body.isComplete]).toEqual([1, true]);
  const [data] = pieces;
  expect(data!.length % PACKET_BYTES).toBe(0);
  return Array.from({ length: data!.length / PACKET_BYTES }, (_, index) =>
    data!.subarray(index * PACKET_BYTES, (index + 1) * PACKET_BYTES),
  );
}
const pidOf = (packet: Buffer) => packet.readUInt16BE(1) & 0x1fff;
const counterOf = (packet: Buffer) => packet[3]! & 0xf;

describe('the wire format of tshttp', () => {
  const { packager, batches } = pack(clip.tracks, clip.samples);
  const syncBatches = batches.filter(({ isSync }) => isSync);

  it('makes each batch one chunk of whole packets', () => {
    expect(batches.length).toBeGreaterThanOrEqual(500);
    for (const { bytes } of batches) for (const packet of packetsIn(bytes)) expect(packet[0]).toBe(0x47);
  });

  it('loses nothing', () => {
    expect(batches.reduce((sum, { videoSamples }) => sum + videoSamples, 0)).toBe(500);
    expect(batches.reduce((sum, { audioSamples }) => sum + audioSamples, 0)).toBe(939);
  });

  it('begins every sync batch with PAT and PMT, and the picture follows', () => {
    expect(syncBatches).toHaveLength(10);
    for (const { bytes } of syncBatches) {
      const [pat, pmt, ...rest] = packetsIn(bytes);
      expect([pidOf(pat!), pidOf(pmt!)]).toEqual([0, 0x1000]);
      const video = rest.find((packet) => pidOf(packet) === 0x100)!;
      expect(video[5]! & 0x40).toBe(0x40); // random_access_indicator
    }
    expect(packager.header(syncBatches[0]!)).toHaveLength(0);
  });

  it('tells a connection that has missed batches that the counters and the clock jump', () => {
    const before = batches.slice(0, batches.indexOf(syncBatches[2]!)).flatMap(({ bytes }) => packetsIn(bytes));
    const last = new Map(before.map((packet) => [pidOf(packet), counterOf(packet)]));
    const notices = packetsIn(packager.resume!(syncBatches[2]!));
    expect(new Map(notices.map((packet) => [pidOf(packet), counterOf(packet)]))).toEqual(last);
    for (const notice of notices) {
      expect(notice[3]! >> 4).toBe(2); // adaptation field, no payload
      expect(notice[5]! & 0x80).toBe(0x80); // discontinuity_indicator
    }
  });

  it('makes a stream of what a slow connection gets in which ffmpeg misses nothing that it was not told of', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tshttp-packager-'));
    const judge = async (name: string, ...parts: Buffer[]): Promise<number> => {
      const file = join(directory, name);
      await writeFile(file, Buffer.concat(parts.flatMap(packetsIn)));
      const { stderr } = await run('ffmpeg', '-v', 'debug', '-i', file, '-c', 'copy', '-f', 'null', '-');
      return stderr.match(/Continuity check failed/g)?.length ?? 0;
    };
    const before = batches.slice(0, 120).map(({ bytes }) => bytes);
    const behind = batches.slice(batches.indexOf(syncBatches[5]!)).map(({ bytes }) => bytes);
    expect(await judge('told.ts', ...before, packager.resume!(syncBatches[5]!), ...behind)).toBe(0);
    expect(await judge('untold.ts', ...before, ...behind)).toBeGreaterThan(0); // or the judge is asleep
    await rm(directory, { recursive: true });
  });

  it('lets connections start ten times a second where there is no picture', () => {
    const sounds = clip.samples.filter(({ track }) => track === audioTrack);
    const { batches: audioBatches } = pack([audioTrack], sounds);
    const starts = audioBatches.filter(({ isSync }) => isSync);
    expect(audioBatches[0]!.isSync).toBe(true);
    const gaps = starts.slice(1).map(({ dtsMs }, index) => dtsMs - starts[index]!.dtsMs);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(150);
    for (const { bytes } of starts) expect(packetsIn(bytes).slice(0, 2).map(pidOf)).toEqual([0, 0x1000]);
  });

  it('keeps what was handed out as it was', () => {
    const copies = batches.map(({ bytes }) => Buffer.from(bytes));
    pack(clip.tracks, clip.samples);
    expect(batches.every(({ bytes }, index) => bytes.equals(copies[index]!))).toBe(true);
  });
});
