import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PublishError } from '@pushfleet/protocols';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startFaultProxy } from '../harness/fault-proxy.ts';
import { decodeErrors, frameCount, monotonic, pictureSizes, startsWithKey } from '../harness/media-judges.ts';
import { until } from '../harness/until.ts';
import type { ConformancePeer, RunningPeer } from './peer.ts';
import { ConformanceStream, type Session, untilTaken } from './session.ts';
import { groupsOfPictures, type Media, readClip, readNoise, readOtherSize } from './source.ts';

/** Publishers of segments may try a while before they call a target gone. */
const GIVE_UP_MS = 60_000;
/** At once: what is given up by itself takes ten seconds and more. */
const ABORT_MS = 2_000;
/** Of two pushes: what is not media differs. */
const SHARED_SHARE = 0.95;

/** The cases that the publisher of every protocol has to pass, with media that ffprobe judges. */
export function describePublisher(peer: ConformancePeer): void {
  describe(`a publisher of ${peer.protocol.schemes[0]}://`, () => {
    let directory: string;
    let clip: Media;
    let otherSize: Media;
    let noise: Media;
    let server: RunningPeer;
    let stream: ConformanceStream;
    let timersBefore: number;
    let names = 0;
    const newName = () => `stream${++names}`;

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'pushfleet-conformance-'));
      [clip, otherSize, noise, server] = await Promise.all([
        readClip(directory),
        readOtherSize(directory),
        readNoise(directory, 24),
        peer.start(),
      ]);
    });
    afterAll(async () => {
      await server.stop();
      await rm(directory, { recursive: true });
    });
    const begin = ({ tracks }: Media) => {
      stream = new ConformanceStream(peer, tracks);
    };
    beforeEach(() => {
      timersBefore = timers();
    });
    afterEach(async () => {
      await stream.close();
      for (const { sockets } of stream.sessions) {
        await until(() => sockets.open.length === 0, { what: 'all sockets to be closed' });
      }
      await until(() => timers() <= timersBefore, { what: 'all timers to be gone', timeoutMs: 5_000 });
    });

    it('delivers everything in times that only grow, and says when it ends', async () => {
      begin(clip);
      const name = newName();
      const { publisher, sent } = await stream.push(server.target(name));
      await stream.appendPaced(groupsOfPictures(clip));
      stream.end();
      expect(await sent).toBe('ended');
      expect(await server.ended(name)).toBe(true);
      expect(publisher.stats().pendingBytes).toBe(0);
      const file = await server.received(name);
      const frames = await frameCount(file);
      expect(frames.video).toBeGreaterThanOrEqual(400 - server.keptBackFrames);
      expect(frames.video).toBeLessThanOrEqual(400);
      expect(frames.audio).toBeGreaterThanOrEqual(749 - server.keptBackFrames * 2);
      await expectClean(file);
    });

    it('starts with the kept group of pictures: headers and a sync sample first', async () => {
      begin(clip);
      await stream.push(server.target(newName()));
      const groups = groupsOfPictures(clip);
      const middle = groups[2]!.length / 2;
      await stream.appendPaced([groups[0]!, groups[1]!, groups[2]!.slice(0, middle)]);
      const late = newName();
      const { sent } = await stream.push(server.target(late));
      await stream.appendPaced([groups[2]!.slice(middle), ...groups.slice(3)]);
      stream.end();
      expect(await sent).toBe('ended');
      await server.ended(late);
      const file = await server.received(late);
      expect(await startsWithKey(file)).toBe(true);
      expect((await frameCount(file)).video).toBeGreaterThanOrEqual(5 * 50);
      await expectClean(file);
    });

    it('tells the target of a new configuration in mid-stream', async () => {
      begin(clip);
      const name = newName();
      const { sent } = await stream.push(server.target(name));
      await stream.appendPaced(groupsOfPictures(clip).slice(0, 2));
      stream.setTracks(otherSize.tracks);
      await stream.appendPaced(groupsOfPictures(otherSize));
      stream.end();
      expect(await sent).toBe('ended');
      await server.ended(name);
      const file = await server.received(name);
      // The parser of ffmpeg's FLV reader goes by the first configuration and complains about the second: what counts is what gets decoded.
      expect(await pictureSizes(file)).toEqual(['640x360', '320x180']);
      expect((await frameCount(file)).video).toBeGreaterThanOrEqual(200 - server.keptBackFrames);
      await expectMonotonic(file);
    });

    it('drops the connection at once when it is aborted in the middle of a write', async () => {
      begin(noise);
      const proxy = await startFaultProxy(server.port);
      const session = await stream.push(server.target(newName(), proxy.port));
      proxy.freeze();
      stream.append(noise.samples);
      await until(() => session.publisher.stats().pendingBytes > 0, { what: 'bytes to wait' });
      const reason = new Error('enough');
      const since = performance.now();
      session.abort(reason);
      expect(await session.sent).toBe(reason);
      expect(performance.now() - since).toBeLessThan(ABORT_MS);
      await proxy.stop();
    });

    it('blames the target when that closes the connection and takes no other', async () => {
      begin(clip);
      const proxy = await startFaultProxy(server.port);
      const session = await stream.push(server.target(newName(), proxy.port));
      const groups = groupsOfPictures(clip);
      await stream.appendPaced(groups.slice(0, 2));
      proxy.refuse();
      proxy.reset();
      const failure = await failureOf(session, groups.slice(2));
      expect(failure).toBeInstanceOf(PublishError);
      expect((failure as PublishError).fault).toBe('target');
      expect((failure as PublishError).retry).toBe('backoff');
      await proxy.stop();
    });

    /** Goes on with media, over and over, until the session fails. */
    async function failureOf(session: Session, groups: Media['samples'][]): Promise<unknown> {
      let next = 0;
      let settled: unknown;
      void session.sent.then((result) => {
        settled = result;
      });
      await until(
        () => {
          stream.append(groups[next++ % groups.length]!);
          return settled !== undefined;
        },
        { what: 'the session to fail', timeoutMs: GIVE_UP_MS, everyMs: 200 },
      );
      return settled;
    }

    it('holds little for a target that stalls, and serves its neighbour all the same', async () => {
      begin(noise);
      const proxy = await startFaultProxy(server.port);
      const name = newName();
      const stalled = await stream.push(server.target(newName(), proxy.port));
      const neighbour = await stream.push(server.target(name));
      proxy.freeze();
      await stream.appendPaced(groupsOfPictures(noise), [neighbour]);
      const { pendingBytes, bytesSent } = stalled.publisher.stats();
      expect(pendingBytes).toBeGreaterThan(0);
      expect(pendingBytes).toBeLessThanOrEqual(peer.mostPendingBytes);
      expect(bytesSent).toBeLessThan(neighbour.publisher.stats().bytesSent);
      neighbour.feed.end();
      expect(await neighbour.sent).toBe('ended');
      await server.ended(name);
      const { video } = await frameCount(await server.received(name));
      expect(video).toBeGreaterThanOrEqual(600 - server.keptBackFrames);
      await proxy.stop();
    });

    it('counts the bytes that have really left', async () => {
      begin(clip);
      const proxy = await startFaultProxy(server.port);
      const { publisher, sent } = await stream.push(server.target(newName(), proxy.port));
      await stream.appendPaced(groupsOfPictures(clip));
      await until(() => publisher.stats().bytesSent === proxy.bytesToServer, {
        what: () => `${publisher.stats().bytesSent} bytes at the target, which has ${proxy.bytesToServer}`,
      });
      stream.end();
      expect(await sent).toBe('ended');
      expect(publisher.stats().peer).toBe(`127.0.0.1:${proxy.port}`);
      await proxy.stop();
    });

    it('is told of a refusal, with a code', async () => {
      begin(clip);
      const failure = await pushAndFail(server.refused.url);
      expect(failure).toBeInstanceOf(PublishError);
      expect(server.refused.codes).toContain((failure as PublishError).code);
    });

    async function pushAndFail(url: string): Promise<unknown> {
      const session = await stream.push(url).catch((error: unknown) => error);
      return session instanceof Error ? session : failureOf(session as Session, groupsOfPictures(clip));
    }

    it.runIf(peer.redirects)('follows a redirect', async () => {
      begin(clip);
      const name = newName();
      const { sent } = await stream.push(server.redirected!(name));
      await stream.appendPaced(groupsOfPictures(clip).slice(0, 3));
      stream.end();
      expect(await sent).toBe('ended');
      expect(await server.ended(name)).toBe(true);
      await expectClean(await server.received(name));
    });

    it('shares the bytes of media with a second push', async () => {
      begin(noise);
      const pushes = [await stream.push(server.target(newName())), await stream.push(server.target(newName()))];
      await stream.appendPaced(groupsOfPictures(noise).slice(0, 4));
      await untilTaken(pushes);
      const [first, second] = pushes.map(({ sockets }) => sockets.sockets.flatMap(({ written }) => written));
      const shared = second!.filter((piece) =>
        first!.some(({ memory, offset }) => memory === piece.memory && offset === piece.offset),
      );
      const total = (pieces: typeof shared) => pieces.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      expect(total(second!)).toBeGreaterThan(1 << 20);
      expect(total(shared) / total(second!)).toBeGreaterThanOrEqual(SHARED_SHARE);
    });
  });
}

async function expectClean(file: string): Promise<void> {
  expect(await decodeErrors(file)).toEqual([]);
  await expectMonotonic(file);
}

async function expectMonotonic(file: string): Promise<void> {
  const streams = await monotonic(file);
  expect(Object.fromEntries(streams.map(({ kind, nonMonotonic }) => [kind, nonMonotonic]))).toEqual({
    video: 0,
    audio: 0,
  });
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length;
}
