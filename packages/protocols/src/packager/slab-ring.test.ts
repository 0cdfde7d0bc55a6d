import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Sample } from '../media/sample.ts';
import type { VideoTrack } from '../media/track.ts';
import type { BatchSink } from '../publisher/publisher.ts';
import { rtmpWireFormat } from '../rtmp/packager.ts';
import { Channel } from './channel.ts';
import type { ChannelFeed } from './feed.ts';

const track = { kind: 'video', codec: 'vp9', timescale: 1000, config: Buffer.alloc(0) } as unknown as VideoTrack;
const FORMAT = rtmpWireFormat({ chunkSize: 65_536, messageStreamId: 1, timeline: 0 });
const FRAME_MS = 40;

/** A socket whose kernel takes what it is given at once, or when the test says so. Until then it needs the very bytes. */
class Socket implements BatchSink {
  readonly memory = new Set<ArrayBufferLike>();
  /** Of every batch, when it came. */
  readonly copies: Buffer[] = [];
  #held: { bytes: Buffer; copy: Buffer }[] = [];
  #isHeader = true;
  isSlow = false;

  write(bytes: Buffer): void {
    this.memory.add(bytes.buffer);
    const copy = Buffer.from(bytes);
    if (!this.#isHeader) this.copies.push(copy);
    this.#isHeader = false;
    if (this.isSlow) this.#held.push({ bytes, copy });
  }

  end(): void {}

  get pendingBytes(): number {
    return this.#held.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** How many batches have become others while they waited. */
  drain(): number {
    const broken = this.#held.filter(({ bytes, copy }) => !bytes.equals(copy)).length;
    this.#held = [];
    return broken;
  }
}

class Stream {
  readonly channel = new Channel(FORMAT, [track]);
  #frame = 0;

  /** A group of `frames` pictures, each different. */
  group(frames: number, frameBytes: number): void {
    for (let index = 0; index < frames; index++) {
      const dts = this.#frame++ * FRAME_MS;
      const data = Buffer.alloc(frameBytes, this.#frame);
      const sample: Sample = { track, dts, pts: dts, isSync: index === 0, data };
      this.channel.append(sample, dts);
    }
  }

  join(): { socket: Socket; feed: ChannelFeed } {
    const socket = new Socket();
    const feed = this.channel.openFeed({ maxPendingMs: Number.POSITIVE_INFINITY });
    feed.open(socket);
    return { socket, feed };
  }
}

describe('SlabRing', () => {
  it('writes a stream of any length into the same memory while all sockets keep up', () => {
    const stream = new Stream();
    const sockets = Array.from({ length: 3 }, () => stream.join().socket);
    for (let group = 0; group < 40; group++) stream.group(50, 20_000); // 40 MB
    for (const { memory } of sockets) {
      expect(memory.size).toBeGreaterThan(3);
      expect(memory.size).toBeLessThan(12);
    }
  });

  it('keeps the group of pictures for a newcomer', () => {
    const stream = new Stream();
    const { socket } = stream.join();
    for (let group = 0; group < 5; group++) stream.group(50, 20_000);
    stream.group(45, 20_000);
    const newcomer = stream.join().socket;
    expect(newcomer.copies.length).toBe(45);
    expect(Buffer.concat(newcomer.copies).equals(Buffer.concat(socket.copies.slice(-45)))).toBe(true);
  });

  it('leaves the bytes alone that a slow socket still holds', () => {
    const stream = new Stream();
    stream.join();
    const { socket } = stream.join();
    stream.group(50, 20_000);
    socket.isSlow = true;
    for (let group = 0; group < 10; group++) stream.group(50, 20_000);
    expect(socket.pendingBytes).toBeGreaterThan(1_000_000);
    expect(socket.drain()).toBe(0);
  });

  it.each([2, 30])('leaves %i batches alone that a socket still holds whose feed is closed', (batches) => {
    const stream = new Stream();
    stream.join();
    const { socket, feed } = stream.join();
    stream.group(50, 20_000);
    socket.isSlow = true;
    stream.group(batches, 20_000);
    feed.close();
    for (let group = 0; group < 10; group++) stream.group(50, 20_000);
    expect(socket.pendingBytes).toBeGreaterThan(20_000 * batches);
    expect(socket.drain()).toBe(0);
  });

  it('never changes what a socket holds, whatever sockets do', () => {
    const act = fc.record({
      what: fc.constantFrom('join', 'leave', 'slow', 'fast', 'group', 'group', 'group'),
      which: fc.nat(3),
      frames: fc.integer({ min: 1, max: 60 }),
      frameBytes: fc.constantFrom(500, 20_000, 90_000, 300_000),
    });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const stream = new Stream();
        const members = [stream.join(), stream.join()];
        const all = members.map(({ socket }) => socket);
        let broken = 0;
        for (const { what, which, frames, frameBytes } of acts) {
          const member = members[which % Math.max(1, members.length)];
          if (what === 'group') stream.group(frames, frameBytes);
          else if (what === 'join') all.push(members[members.push(stream.join()) - 1]!.socket);
          else if (member === undefined) continue;
          else if (what === 'leave') members.splice(members.indexOf(member), 1)[0]!.feed.close();
          else if (what === 'slow') member.socket.isSlow = true;
          else {
            member.socket.isSlow = false;
            broken += member.socket.drain();
          }
        }
        for (const socket of all) broken += socket.drain();
        expect(broken).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});
