import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readClip, SYNC_CLIP } from '../container/flv/testing/clip.ts';
import type { Sample } from '../media/sample.ts';
import type { Track } from '../media/track.ts';
import { Channel } from '../packager/channel.ts';
import type { BatchSink } from '../publisher/publisher.ts';
import { complaintsAbout, packetsOf, run } from '../publisher/testing/programs.ts';
import { type HlsSegment, type HlsWireOptions, hlsWireFormat } from './segmenter.ts';

const { tracks, samples } = readClip(SYNC_CLIP);
const video = tracks.find(({ kind }) => kind === 'video')!;
const options: HlsWireOptions = {
  durationMs: 2000,
  targetDurationS: undefined,
  maxTargetDurationS: Number.POSITIVE_INFINITY,
};

/** What a push gets of a stream. */
function segmentsOf(
  list: readonly Sample[],
  { wire = options, of = tracks }: { wire?: Partial<HlsWireOptions>; of?: readonly Track[] } = {},
): HlsSegment[] {
  const channel = new Channel(hlsWireFormat({ ...options, ...wire }), of);
  const segments = collect(channel);
  for (const sample of list) channel.append(sample, 0);
  channel.end();
  return segments;
}

function collect(channel: Channel): HlsSegment[] {
  const segments: HlsSegment[] = [];
  const sink: BatchSink = {
    write: (_bytes, batch) => batch !== undefined && segments.push(batch as HlsSegment),
    end: () => {},
    pendingBytes: 1 << 30, // however much waits, nothing is left out
  };
  channel.openFeed().open(sink);
  return segments;
}

/** Pictures of 25 a second, each `groupSize`th a sync sample, with data of the clip. */
function pictures(count: number, groupSize: number, fromMs = 0): Sample[] {
  const shown = samples.filter(({ track }) => track === video);
  return Array.from({ length: count }, (_, index) => {
    const isSync = index % groupSize === 0;
    const { data } = shown.find((sample) => sample.isSync === isSync)!;
    return { track: video, dts: fromMs + index * 40, pts: fromMs + index * 40, isSync, data };
  });
}

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hls-segmenter-'));
});
afterAll(() => rm(directory, { recursive: true }));

describe('a feed that ends where another one can go on', () => {
  it('gets the segment under way, cut short at the next sync sample, and the next feed begins with that sample', () => {
    const channel = new Channel(hlsWireFormat({ ...options, durationMs: 6000 }), [video]);
    const segments: HlsSegment[] = [];
    const ended: string[] = [];
    const feed = channel.openFeed();
    feed.open({
      write: (_bytes, batch) => batch !== undefined && segments.push(batch as HlsSegment),
      end: (kind) => ended.push(`${kind} behind ${segments.length}`),
      pendingBytes: 0,
    });
    const list = pictures(200, 25);
    for (const sample of list.slice(0, 35)) channel.append(sample, 0);
    feed.endAtSync('handover');
    for (const sample of list.slice(35, 50)) channel.append(sample, 0);
    expect(ended).toEqual([]);
    channel.append(list[50]!, 0);
    expect(ended).toEqual(['handover behind 1']);
    expect(segments.map(({ dtsMs, durationMs }) => [dtsMs, durationMs])).toEqual([[0, 2000]]);
    const next = new Channel(hlsWireFormat({ ...options, durationMs: 6000 }), [video]);
    const successor = collect(next);
    for (const sample of list.slice(50)) next.append(sample, 0);
    next.append({ ...list[0]!, dts: 8000, pts: 8000 }, 0);
    expect(successor[0]).toMatchObject({ dtsMs: 2000, durationMs: 6000 });
  });
});

describe('the segments of the clip', () => {
  const segments = segmentsOf(samples);

  it('last as long as they should, and follow each other', () => {
    expect(segments.length).toBe(9); // of ten groups the last one is not complete
    expect(segments.map(({ durationMs }) => durationMs)).toEqual(Array.from({ length: 9 }, () => 2000));
    expect(segments.map(({ videoSamples }) => videoSamples)).toEqual(Array.from({ length: 9 }, () => 50));
    for (const [index, { dtsMs }] of segments.entries()) expect(dtsMs).toBe(segments[0]!.dtsMs + index * 2000);
    expect(new Set(segments.map(({ targetDurationS }) => targetDurationS))).toEqual(new Set([4]));
    expect(segments.some(({ isDiscontinuity }) => isDiscontinuity)).toBe(false);
    expect(segments.every(({ isSync }) => isSync)).toBe(true);
  });

  it('begin with PAT, PMT and a sync sample', () => {
    for (const { bytes } of segments) {
      const pids = [0, 188, 376].map((offset) => bytes.readUInt16BE(offset + 1) & 0x1fff);
      expect(pids).toEqual([0, 0x1000, 0x100]);
      expect(bytes[376 + 1]! & 0x40).toBe(0x40); // payload_unit_start_indicator
      expect(bytes[376 + 5]! & 0x40).toBe(0x40); // random_access_indicator
      expect(bytes.length % 188).toBe(0);
    }
  });

  it('each play alone, and all of them as one stream', async () => {
    const file = (name: string) => join(directory, `${name}.ts`);
    await writeFile(file('3'), segments[3]!.bytes);
    expect(await complaintsAbout(file('3'))).toBe('');
    expect((await packetsOf(file('3'))).filter((packet) => packet.startsWith('0,')).length).toBe(50);
    await writeFile(file('all'), Buffer.concat(segments.map(({ bytes }) => bytes)));
    expect(await complaintsAbout(file('all'))).toBe('');
    const packets = await packetsOf(file('all'));
    const counts = ['0,', '1,'].map((stream) => packets.filter((packet) => packet.startsWith(stream)).length);
    expect(counts[0]).toBe(450);
    expect(counts[1]).toBe(segments.reduce((sum, { audioSamples }) => sum + audioSamples, 0));
    const { stderr } = await run('ffmpeg', '-v', 'debug', '-i', file('all'), '-c', 'copy', '-f', 'null', '-');
    expect(stderr).not.toContain('Continuity check failed');
  });
});

describe('the segmenter', () => {
  it('shares its bytes and waits for no sink', () => {
    const channel = new Channel(hlsWireFormat(options), tracks);
    const [first, second] = [collect(channel), collect(channel)];
    for (const sample of samples) channel.append(sample, 0);
    expect(first.length).toBe(9);
    expect(second.every(({ bytes }, index) => bytes === first[index]!.bytes)).toBe(true);
  });

  it('gives a newcomer the newest segment at once', () => {
    const channel = new Channel(hlsWireFormat(options), tracks);
    const early = collect(channel);
    for (const sample of samples.slice(0, 800)) channel.append(sample, 0);
    const late = collect(channel);
    expect(late).toEqual([early.at(-1)]);
  });

  it('makes longer segments of longer groups, and a target duration that fits them', () => {
    const segments = segmentsOf(pictures(1000, 125)); // groups of 5 s
    expect(segments.map(({ durationMs }) => durationMs)).toEqual(Array.from({ length: 7 }, () => 5000));
    expect(segments[0]!.targetDurationS).toBe(7);
  });

  it('cuts inside a group rather than break the promise of the target duration', () => {
    const list = [...pictures(100, 50), ...pictures(1000, 1000, 4000)];
    const segments = segmentsOf(list, { wire: { targetDurationS: 3 } });
    const lengths = segments.map(({ durationMs }) => durationMs);
    expect(lengths.slice(0, 2)).toEqual([2000, 2000]);
    expect(Math.max(...lengths.slice(2))).toBeGreaterThan(3300);
    expect(lengths.every((lengthMs) => Math.round(lengthMs / 1000) <= 3)).toBe(true);
    expect(segments.some(({ isDiscontinuity }) => isDiscontinuity)).toBe(false);
  });

  it('keeps to the longest target duration that the target takes', () => {
    const segments = segmentsOf(pictures(1000, 1000), { wire: { maxTargetDurationS: 5 } });
    expect(segments[0]!.targetDurationS).toBe(5);
    expect(segments.every(({ durationMs }) => Math.round(durationMs / 1000) <= 5)).toBe(true);
  });

  it('ends a segment at a hole in the source and says so', () => {
    const segments = segmentsOf([...pictures(75, 50), ...pictures(150, 50, 9000)]);
    expect(segments.map(({ durationMs }) => durationMs)).toEqual([2000, 1000, 2000, 2000]);
    expect(segments.map(({ isDiscontinuity }) => isDiscontinuity)).toEqual([false, false, true, false]);
  });

  it('begins anew with a new configuration and says so', () => {
    const channel = new Channel(hlsWireFormat(options), [video]);
    const segments = collect(channel);
    for (const sample of pictures(75, 50)) channel.append(sample, 0);
    const changed = { ...video, config: Buffer.from([...video.config, 0]) };
    channel.setTracks([changed]);
    for (const sample of pictures(150, 50, 3000)) channel.append({ ...sample, track: changed }, 0);
    expect(segments.map(({ durationMs }) => durationMs)).toEqual([2000, 1000, 2000, 2000]);
    expect(segments.map(({ isDiscontinuity }) => isDiscontinuity)).toEqual([false, false, true, false]);
  });

  it('goes on when a source names the same configuration again', () => {
    const channel = new Channel(hlsWireFormat(options), [video]);
    const segments = collect(channel);
    for (const sample of pictures(75, 50)) channel.append(sample, 0);
    const same = { ...video };
    channel.setTracks([same]);
    for (const sample of pictures(175, 50, 3000)) channel.append({ ...sample, track: same }, 0);
    expect(segments.map(({ isDiscontinuity }) => isDiscontinuity)).not.toContain(true);
    expect(segments.reduce((sum, { videoSamples }) => sum + videoSamples, 0)).toBeGreaterThanOrEqual(200);
  });

  it('cuts sound alone by time', () => {
    const audio = tracks.find(({ kind }) => kind === 'audio')!;
    const segments = segmentsOf(
      samples.filter(({ track }) => track === audio),
      { of: [audio] },
    );
    expect(segments.length).toBeGreaterThanOrEqual(9);
    for (const { durationMs } of segments) expect(Math.abs(durationMs - 2000)).toBeLessThan(25);
    expect(segments[0]!.targetDurationS).toBe(2);
  });

  it('leaves out what comes before the first sync sample', () => {
    const segments = segmentsOf(pictures(200, 50).slice(20));
    expect(segments[0]!.dtsMs).toBe(2000);
  });

  it('tells the wall clock of each segment by the moment at which it was complete', () => {
    const before = Date.now();
    const segments = segmentsOf(samples);
    const [first] = segments;
    expect(first!.startsAtMs + first!.durationMs).toBeGreaterThanOrEqual(before);
    expect(first!.startsAtMs + first!.durationMs).toBeLessThanOrEqual(Date.now());
  });

  it('shares a packager between pushes that want the same', () => {
    const key = (change: Partial<HlsWireOptions> = {}) => hlsWireFormat({ ...options, ...change }).key;
    expect(key()).toBe('hls duration=2000');
    expect(key({ targetDurationS: 4, maxTargetDurationS: 5 })).toBe('hls duration=2000 target=4 max=5');
    expect(key({ continuesAtMs: 1_700_000_000_000 })).toBe('hls duration=2000 from=1700000000000');
  });
});
