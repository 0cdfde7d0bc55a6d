import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultDelivery } from '@pushfleet/protocols';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hlsPeer } from '../conformance/hls-peer.ts';
import type { ConformancePeer, RunningPeer } from '../conformance/peer.ts';
import { rtmpPeer } from '../conformance/rtmp-peer.ts';
import { ConformanceStream } from '../conformance/session.ts';
import { groupsOfPictures, type Media, readMp4 } from '../conformance/source.ts';
import { m4sPeer, tshttpPeer } from '../conformance/upload-peer.ts';
import { CLIP } from '../harness/ffmpeg.ts';
import { avSync, monotonic } from '../harness/media-judges.ts';
import { type NginxDav, startNginxDav } from '../harness/nginx-dav.ts';
import { type RtmpSink, startRtmpSink } from '../harness/rtmp-sink.ts';

/** The clip. */
const SENT = { video: 400, audio: 750 };
/** Without the last group, which fills no segment: it begins when its first picture is decoded, 80 ms before that is shown. */
const IN_SEGMENTS = { video: 350, audio: 653 };
const REORDERING_MS = 80;
const BEFORE_BORDER_MS = 6_000;
const FRAME_MS = 40;

const borders = [
  { name: '2^24 ms, where times of RTMP need four bytes more', borderMs: 2 ** 24 },
  { name: '2^32 / 90000 s, where times of MPEG-TS need their last bit', borderMs: 2 ** 32 / 90 },
  { name: '2^33 / 90000 s, where times of MPEG-TS start again', borderMs: 2 ** 33 / 90 },
  { name: '2^31 ms, where signed times end', borderMs: 2 ** 31 },
  { name: '2^32 ms, where times of RTMP start again', borderMs: 2 ** 32 },
];
const peers = [rtmpPeer, tshttpPeer, hlsPeer, m4sPeer];
const segments: ConformancePeer = {
  ...hlsPeer,
  delivery: { ...defaultDelivery, segmentDurationMs: 2000, segmentCount: 20 },
};

let directory: string;
let clip: Media;
let nginx: NginxDav;
let sink: RtmpSink;
const servers = new Map<ConformancePeer, RunningPeer>();

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pushfleet-borders-'));
  clip = await readMp4(join(directory, 'clip.mp4'), ['-i', CLIP, '-c', 'copy']);
  for (const peer of peers) servers.set(peer, await peer.start());
  nginx = await startNginxDav();
  sink = await startRtmpSink();
});
afterAll(async () => {
  for (const server of servers.values()) await server.stop();
  await nginx.stop();
  await sink.stop();
  await rm(directory, { recursive: true });
});

/** Pushes the clip so that it is `BEFORE_BORDER_MS` old when the time of its stream reaches the border. */
async function push(peer: ConformancePeer, url: string, borderMs: number): Promise<void> {
  const stream = new ConformanceStream(peer, clip.tracks, { ageMs: Math.round(borderMs) - BEFORE_BORDER_MS });
  const { sent } = await stream.push(url);
  await stream.appendPaced(groupsOfPictures(clip));
  stream.end();
  expect(await sent).toBe('ended');
  await stream.close();
}

async function expectUnbroken(place: string, frames: { video: number; audio: number }): Promise<void> {
  const times = await monotonic(place);
  const gapsMs = times.map(({ kind, maxGap }) => `${kind} ${(maxGap * 1000).toFixed(1)}`).join(', ');
  console.log(`from ${times[0]!.first} s to ${times[0]!.last} s, longest steps in ms: ${gapsMs}`);
  expect(Object.fromEntries(times.map(({ kind, packets }) => [kind, packets]))).toEqual(frames);
  for (const { kind, nonMonotonic, maxGap } of times) {
    expect(nonMonotonic, kind).toBe(0);
    expect(maxGap * 1000, kind).toBeLessThan(FRAME_MS + 2);
  }
  const { complaints, pictures, offsetsMs } = await avSync(place);
  expect(complaints).toEqual([]);
  expect(pictures).toBe(frames.video);
  expect(offsetsMs.length).toBeGreaterThanOrEqual(6);
  for (const offset of offsetsMs) expect(Math.abs(offset)).toBeLessThan(5);
}

describe.each(borders)('a stream whose time crosses $name', ({ borderMs }) => {
  it.each(peers.map((peer) => [peer.protocol.schemes[0]!, peer] as const))(
    'goes on unbroken by %s',
    async (scheme, peer) => {
      const server = servers.get(peer)!;
      const name = `${scheme}-${Math.round(borderMs)}`;
      await push(peer, server.target(name), borderMs);
      await server.ended(name);
      await expectUnbroken(await server.received(name), server.keptBackFrames > 0 ? IN_SEGMENTS : SENT);
    },
  );

  it('goes on unbroken in an HLS playlist, as ffmpeg plays it', async () => {
    const folder = `full/${Math.round(borderMs)}`;
    await push(segments, `hls://127.0.0.1:${nginx.port}/${folder}/`, borderMs);
    await expectUnbroken(`${nginx.url}/${folder}/index.m3u8`, IN_SEGMENTS);
  });

  it('has the times of RTMP that it should have, message for message', async () => {
    const name = `wire-${Math.round(borderMs)}`;
    await push(rtmpPeer, `${sink.url}/${name}`, borderMs);
    const [publication] = sink.of(name);
    const { firstTimestampMs, lastTimestampMs, ...counts } = publication!;
    console.log(`from ${firstTimestampMs} to ${lastTimestampMs}`);
    expect(counts).toMatchObject({
      videoMessages: SENT.video + 1, // and the configuration
      audioMessages: SENT.audio + 1,
      timestampRegressions: 0,
      longestStepMs: REORDERING_MS, // from the configuration of the sound to the first of it
    });
    const isAt = (time: number, sinceBorderMs: number) =>
      expect(Math.abs((time - Math.round(borderMs) - sinceBorderMs) | 0)).toBeLessThanOrEqual(2);
    isAt(firstTimestampMs!, 1000 - BEFORE_BORDER_MS);
    isAt(lastTimestampMs!, 1000 - BEFORE_BORDER_MS + 16_000 - 21 + REORDERING_MS);
    expect(sink.violations).toEqual([]);
  });
});
