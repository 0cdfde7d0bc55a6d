import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hlsPeer } from '../conformance/hls-peer.ts';
import type { ConformancePeer, RunningPeer } from '../conformance/peer.ts';
import { ConformanceStream } from '../conformance/session.ts';
import { groupsOfPictures, type Media, readMp4 } from '../conformance/source.ts';
import { m4sPeer, tshttpPeer } from '../conformance/upload-peer.ts';
import { CLIP } from '../harness/ffmpeg.ts';
import { avSync, type Decoded, decode, findRun, monotonic, probe } from '../harness/media-judges.ts';

const CLIP_SECONDS = 8;
const MAX_AV_OFFSET_MS = 45;
const FRAME_SECONDS = 0.04;

const VIDEO = {
  h264: ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-g', '50'],
  hevc: ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'keyint=50:open-gop=0:bframes=3:log-level=none'],
  av1: ['-c:v', 'libsvtav1', '-preset', '12', '-g', '50'],
  vp9: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-g', '50'],
} as const;
const AUDIO = {
  aac: ['-c:a', 'aac'],
  ac3: ['-c:a', 'ac3'],
  eac3: ['-c:a', 'eac3'],
  mp3: ['-c:a', 'libmp3lame'],
  opus: ['-c:a', 'libopus'],
  flac: ['-c:a', 'flac'],
} as const;

type Case = readonly [video: keyof typeof VIDEO, audio: keyof typeof AUDIO, peers: readonly ConformancePeer[]];

const ts = [tshttpPeer, hlsPeer];
const cases: readonly Case[] = [
  ['h264', 'ac3', [...ts, m4sPeer]],
  ['h264', 'eac3', [...ts, m4sPeer]],
  ['h264', 'mp3', [...ts, m4sPeer]],
  ['hevc', 'opus', [...ts, m4sPeer]],
  ['av1', 'opus', [m4sPeer]],
  ['av1', 'aac', [m4sPeer]],
  ['vp9', 'flac', [m4sPeer]],
];

const servers = new Map<ConformancePeer, RunningPeer>();
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pushfleet-codecs-'));
  for (const peer of [...ts, m4sPeer]) servers.set(peer, await peer.start());
});
afterAll(async () => {
  for (const server of servers.values()) await server.stop();
  await rm(directory, { recursive: true });
});

describe.each(cases)('%s with %s', (video, audio, peers) => {
  let media: Media;
  let sent: Decoded;

  beforeAll(async () => {
    const file = join(directory, `${video}-${audio}.mp4`);
    const picture = ['-vf', 'scale=320:180', '-pix_fmt', 'yuv420p', ...VIDEO[video]];
    media = await readMp4(file, ['-t', `${CLIP_SECONDS}`, '-i', CLIP, ...picture, ...AUDIO[audio], '-ac', '2']);
    sent = await decode(file);
    expect(media.tracks.map(({ codec }) => codec)).toEqual([video, audio]);
  });

  it.each(peers.map((peer) => [peer.protocol.schemes[0]!, peer] as const))(
    'goes by %s picture for picture, with the sound beside it',
    async (scheme, peer) => {
      const server = servers.get(peer)!;
      const name = `${video}-${audio}`;
      const stream = new ConformanceStream(peer, media.tracks);
      const { sent: settled } = await stream.push(server.target(name));
      await stream.appendPaced(groupsOfPictures(media));
      stream.end();
      expect(await settled).toBe('ended');
      expect(await server.ended(name)).toBe(true);
      await stream.close();
      const received = await server.received(name);

      const { complaints, pictures, sounds } = await decode(received);
      const run = findRun(pictures, sent.pictures);
      const { offsetsMs } = await avSync(received);
      const offsets = offsetsMs.map((offset) => offset.toFixed(1)).join(' ');
      console.log(
        `${name} by ${scheme}: ${pictures.length} of ${sent.pictures.length} pictures, ${sounds.length} of ${sent.sounds.length} sounds, sound later by ${offsets} ms`,
      );
      expect((await probe(received)).map(({ codec_name }) => codec_name)).toEqual([video, audio]);
      expect(complaints).toEqual([]);
      expect(run).toMatchObject({ skipped: 0 });
      expect(run!.left).toBeLessThanOrEqual(server.keptBackFrames);
      const missingSeconds = (1 - sounds.length / sent.sounds.length) * CLIP_SECONDS;
      expect(missingSeconds).toBeLessThan(run!.left * FRAME_SECONDS + 0.1);
      for (const { kind, nonMonotonic } of await monotonic(received)) expect(nonMonotonic, kind).toBe(0);
      expect(offsetsMs.length).toBeGreaterThanOrEqual(2);
      for (const offset of offsetsMs) expect(Math.abs(offset)).toBeLessThanOrEqual(MAX_AV_OFFSET_MS);
    },
  );
});
