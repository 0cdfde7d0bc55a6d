import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedError } from '../../bytes/malformed-error.ts';
import { readCapture } from '../testing/capture.ts';
import { ClientHandshake, type HandshakeStep, ServerHandshake } from './handshake.ts';

const counting = (size: number): Buffer => Buffer.from(Uint8Array.from({ length: size }, (_, i) => i & 0xff));
const hmac = (key: Buffer, bytes: Buffer): Buffer => createHmac('sha256', key).update(bytes).digest();
const KEY_TAIL = Buffer.from('f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae', 'hex');
const SERVER_KEY = Buffer.from('Genuine Adobe Flash Media Server 001');
const PLAYER_KEY = Buffer.from('Genuine Adobe Flash Player 001');

/** Position of the digest when its block begins at `block`. */
const digestAt = (packet: Buffer, block: number): number =>
  block + 4 + ((packet[block]! + packet[block + 1]! + packet[block + 2]! + packet[block + 3]!) % 728);

/** What a player does with S1, in either schema. */
function carriesDigest(packet: Buffer, block: number, key: Buffer): boolean {
  const at = digestAt(packet, block);
  const rest = Buffer.concat([packet.subarray(0, at), packet.subarray(at + 32)]);
  return hmac(key, rest).equals(packet.subarray(at, at + 32));
}

function c1WithDigest(block: number): Buffer {
  const c1 = counting(1536);
  const at = digestAt(c1, block);
  hmac(PLAYER_KEY, Buffer.concat([c1.subarray(0, at), c1.subarray(at + 32)])).copy(c1, at);
  return c1;
}

function s1s2(answer: Buffer): { s1: Buffer; s2: Buffer } {
  expect(answer).toHaveLength(1 + 2 * 1536);
  expect(answer[0]).toBe(3);
  return { s1: answer.subarray(1, 1537), s2: answer.subarray(1537) };
}

function pushAll(handshake: { push(bytes: Buffer): HandshakeStep }, bytes: Buffer, size: number): HandshakeStep {
  const sent: Buffer[] = [];
  for (let offset = 0; offset < bytes.length; offset += size) {
    const step = handshake.push(bytes.subarray(offset, offset + size));
    sent.push(step.send);
    if (step.done) {
      return { send: Buffer.concat(sent), done: true, rest: Buffer.concat([step.rest, bytes.subarray(offset + size)]) };
    }
  }
  return { send: Buffer.concat(sent), done: false, rest: Buffer.alloc(0) };
}

describe('ClientHandshake', () => {
  it('starts with version 3, time 0 and version 0', () => {
    const { start } = new ClientHandshake(counting);
    expect(start).toHaveLength(1537);
    expect(start.subarray(0, 11).toString('hex')).toBe('0300000000000000000001');
  });

  it.each([1, 700, 1537, 100_000])('answers S1 with its echo when bytes come %i at a time', (size) => {
    const { handshake, chunks } = readCapture('nms.s2c');
    const step = pushAll(new ClientHandshake(), Buffer.concat([handshake, chunks]), size);
    expect(step.done).toBe(true);
    expect(step.send).toEqual(handshake.subarray(1, 1537));
    expect(step.rest).toEqual(chunks);
  });

  it('does not wait for S2 before it sends C2', () => {
    const step = new ClientHandshake().push(readCapture('nms.s2c').handshake.subarray(0, 1537));
    expect(step.send).toHaveLength(1536);
    expect(step.done).toBe(false);
  });

  it('refuses a peer that does not speak RTMP', () => {
    expect(() => new ClientHandshake().push(Buffer.from('HTTP/1.1 400'))).toThrow(MalformedError);
  });
});

describe('ServerHandshake', () => {
  it.each(['gst1.c2s', 'gst2.c2s', 'rtmpdump.c2s'])(
    'answers the simple handshake of %s with version 0 and an echo',
    (name) => {
      const { handshake, chunks } = readCapture(name);
      const step = pushAll(new ServerHandshake(), Buffer.concat([handshake, chunks]), 999);
      const { s1, s2 } = s1s2(step.send);
      expect(s1.readUInt32BE(4)).toBe(0);
      expect(s2).toEqual(handshake.subarray(1, 1537));
      expect(step.done).toBe(true);
      expect(step.rest).toEqual(chunks);
    },
  );

  it.each([
    ['schema 0', c1WithDigest(772), 772],
    ['schema 1', c1WithDigest(8), 8],
    ['what ffmpeg sends', readCapture('ffpub.c2s').handshake.subarray(1, 1537), 8],
  ])('answers a digest handshake with a digest: %s', (_title, c1, block) => {
    expect(carriesDigest(c1, block, PLAYER_KEY)).toBe(true);
    const { s1, s2 } = s1s2(new ServerHandshake().push(Buffer.concat([Buffer.of(3), c1])).send);
    expect(s1[4]).toBeGreaterThanOrEqual(3);
    expect(carriesDigest(s1, block, SERVER_KEY)).toBe(true);
    const at = digestAt(c1, block);
    const key = hmac(Buffer.concat([SERVER_KEY, KEY_TAIL]), c1.subarray(at, at + 32));
    expect(s2.subarray(1504)).toEqual(hmac(key, s2.subarray(0, 1504)));
  });

  it('signs as nginx-rtmp does', () => {
    const { s1, s2 } = s1s2(readCapture('ffpub.s2c').handshake);
    const c1 = readCapture('ffpub.c2s').handshake.subarray(1, 1537);
    const at = digestAt(c1, 8);
    expect(carriesDigest(s1, 8, SERVER_KEY)).toBe(true);
    const key = hmac(Buffer.concat([SERVER_KEY, KEY_TAIL]), c1.subarray(at, at + 32));
    expect(s2.subarray(1504)).toEqual(hmac(key, s2.subarray(0, 1504)));
  });

  it('answers simply when a version is set but no digest fits', () => {
    const c1 = counting(1536);
    const { s1, s2 } = s1s2(new ServerHandshake().push(Buffer.concat([Buffer.of(3), c1])).send);
    expect(s1.readUInt32BE(4)).toBe(0);
    expect(s2).toEqual(c1);
  });

  it('refuses other versions', () => {
    expect(() => new ServerHandshake().push(Buffer.of(6))).toThrow(MalformedError); // RTMPE
    expect(() => new ServerHandshake().push(Buffer.from('GET / HTTP/1.1'))).toThrow('RTMP version 71 is not 3');
  });

  it.each([
    ['HTTP', Buffer.from('HTTP/1.1 400 Bad Request'), 'speaks HTTP'],
    ['TLS', Buffer.of(0x15, 3, 1, 0, 2, 2, 10), 'rtmps://'],
  ])('knows a server of %s by its answer', (_protocol, bytes, hint) => {
    expect(() => new ClientHandshake().push(bytes)).toThrow(hint);
  });

  it('throws nothing but MalformedError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 5000, size: 'max' }), fc.boolean(), (bytes, isRtmp) => {
        const input = Buffer.from(bytes);
        if (isRtmp) input[0] = 3;
        try {
          pushAll(new ServerHandshake(), input, 1000);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
    );
  });

  it('understands our own client', () => {
    const client = new ClientHandshake();
    const server = new ServerHandshake();
    const fromServer = client.push(server.push(client.start).send);
    expect(fromServer.done).toBe(true);
    expect(server.push(fromServer.send)).toEqual({ send: Buffer.alloc(0), done: true, rest: Buffer.alloc(0) });
  });
});
