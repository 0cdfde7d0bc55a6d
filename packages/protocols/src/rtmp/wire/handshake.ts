// Handshake. RTMP 1.0 §5.2, and the digest form that players of Adobe's family and ffmpeg use, which no document describes.
import { createHmac, randomBytes } from 'node:crypto';
import { MalformedError } from '../../bytes/malformed-error.ts';

const VERSION = 3;
/** C1, C2, S1 and S2 have the same size. */
const PACKET_BYTES = 1536;
const EMPTY = Buffer.alloc(0);

/** What to do after a `push`. */
export interface HandshakeStep {
  /** Bytes to send now; may be empty. */
  readonly send: Buffer;
  /** The handshake is complete: the chunk stream begins, in both directions. */
  readonly done: boolean;
  /** Bytes of the peer behind the handshake; empty until `done`. */
  readonly rest: Buffer;
}

/** Collects what one side sends: a version byte, then packets. */
class Inbox {
  #bytes: Buffer = EMPTY;

  push(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]); // which may be overwritten afterwards
    if (this.#bytes.length > 0 && this.#bytes[0] !== VERSION) {
      throw new MalformedError(describeStranger(this.#bytes));
    }
  }

  /** Packet 0 is C1 or S1, packet 1 is C2 or S2. */
  packet(index: 0 | 1): Buffer | undefined {
    const start = 1 + index * PACKET_BYTES;
    return this.#bytes.length < start + PACKET_BYTES ? undefined : this.#bytes.subarray(start, start + PACKET_BYTES);
  }

  /** What follows the packets. */
  rest(): Buffer {
    return this.#bytes.subarray(1 + 2 * PACKET_BYTES);
  }
}

const TLS_ALERT = 0x15; // RFC 8446 §5.1

/** What the first bytes of a peer that is not of our kind give away. */
function describeStranger(bytes: Buffer): string {
  if (bytes.toString('latin1', 0, 5) === 'HTTP/') return 'the port speaks HTTP and not RTMP';
  if (bytes[0] === TLS_ALERT) return 'the port speaks TLS; write rtmps:// instead of rtmp://';
  return `RTMP version ${bytes[0]} is not 3`;
}

/** The simple handshake of a client. Every server takes it from a publisher. Run once, throws MalformedError. */
export class ClientHandshake {
  /** C0 and C1: to be sent first. */
  readonly start: Buffer;
  readonly #inbox = new Inbox();
  #isAnswered = false;

  /** `random` gives as many bytes as it is asked for. */
  constructor(random: (sizeBytes: number) => Buffer = randomBytes) {
    this.start = Buffer.concat([Buffer.of(VERSION), Buffer.alloc(8), random(PACKET_BYTES - 8)]); // C0, time 0, zero
  }

  /** C2 goes out as soon as S1 is there: a server may hold S2 back until then. */
  push(bytes: Buffer): HandshakeStep {
    this.#inbox.push(bytes);
    const s1 = this.#inbox.packet(0);
    let send: Buffer = EMPTY;
    if (s1 !== undefined && !this.#isAnswered) {
      this.#isAnswered = true;
      send = s1; // C2 echoes S1
    }
    // S2 is not compared with C1: several servers send something else there, and librtmp only warns.
    const done = this.#inbox.packet(1) !== undefined;
    return { send, done, rest: done ? this.#inbox.rest() : EMPTY };
  }
}

/** The handshake of a server: digest for a client whose C1 carries one, else simple. Run once, throws MalformedError. */
export class ServerHandshake {
  readonly #random: (sizeBytes: number) => Buffer;
  readonly #inbox = new Inbox();
  #isAnswered = false;

  constructor(random: (sizeBytes: number) => Buffer = randomBytes) {
    this.#random = random;
  }

  push(bytes: Buffer): HandshakeStep {
    this.#inbox.push(bytes);
    const c1 = this.#inbox.packet(0);
    let send: Buffer = EMPTY;
    if (c1 !== undefined && !this.#isAnswered) {
      this.#isAnswered = true;
      send = Buffer.concat([Buffer.of(VERSION), ...this.#answer(c1)]); // S0, S1, S2
    }
    const done = this.#inbox.packet(1) !== undefined; // C2, whatever it says
    return { send, done, rest: done ? this.#inbox.rest() : EMPTY };
  }

  #answer(c1: Buffer): [s1: Buffer, s2: Buffer] {
    const digest = c1.readUInt32BE(4) === 0 ? undefined : findDigest(c1, CLIENT_KEY);
    if (digest === undefined) return [this.#s1([0, 0, 0, 0]), c1];
    // Any version from 3 on makes ffmpeg, as a player, check the digests. With version 0, above, it does not.
    const s1 = this.#s1([4, 5, 0, 1]);
    sign(s1, digest.schema);
    const s2 = this.#random(PACKET_BYTES);
    hmac(hmac(FULL_SERVER_KEY, digest.value), s2.subarray(0, -DIGEST_BYTES)).copy(s2, PACKET_BYTES - DIGEST_BYTES);
    return [s1, s2];
  }

  #s1(version: readonly number[]): Buffer {
    return Buffer.concat([Buffer.alloc(4), Buffer.from(version), this.#random(PACKET_BYTES - 8)]); // time 0
  }
}

const DIGEST_BYTES = 32;
const CLIENT_KEY = Buffer.from('Genuine Adobe Flash Player 001');
const SERVER_KEY = Buffer.from('Genuine Adobe Flash Media Server 001');
/** Appended to a key where the digest of the other side is signed. */
const KEY_TAIL = Buffer.from('f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae', 'hex');
const FULL_SERVER_KEY = Buffer.concat([SERVER_KEY, KEY_TAIL]);

/** Where C1 and S1 keep their digest: in schema 0 the digest block follows the key block, in schema 1 it precedes it. */
type Schema = 0 | 1;
const DIGEST_BLOCK_OFFSETS = [772, 8] as const;

interface Digest {
  readonly schema: Schema;
  readonly value: Buffer;
}

/** The digest in C1 or S1 that `key` has made, if there is one. */
function findDigest(packet: Buffer, key: Buffer): Digest | undefined {
  for (const schema of [0, 1] as const) {
    const offset = digestOffset(packet, schema);
    const value = packet.subarray(offset, offset + DIGEST_BYTES);
    if (digestOf(packet, offset, key).equals(value)) return { schema, value };
  }
  return undefined;
}

function sign(s1: Buffer, schema: Schema): void {
  const offset = digestOffset(s1, schema);
  digestOf(s1, offset, SERVER_KEY).copy(s1, offset);
}

/** The block begins with four bytes whose sum says where in it the digest is. */
function digestOffset(packet: Buffer, schema: Schema): number {
  const block = DIGEST_BLOCK_OFFSETS[schema];
  const sum = packet[block]! + packet[block + 1]! + packet[block + 2]! + packet[block + 3]!;
  return block + 4 + (sum % 728);
}

/** HMAC of the packet without its digest. */
function digestOf(packet: Buffer, offset: number, key: Buffer): Buffer {
  return createHmac('sha256', key)
    .update(packet.subarray(0, offset))
    .update(packet.subarray(offset + DIGEST_BYTES))
    .digest();
}

function hmac(key: Buffer, bytes: Buffer): Buffer {
  return createHmac('sha256', key).update(bytes).digest();
}
