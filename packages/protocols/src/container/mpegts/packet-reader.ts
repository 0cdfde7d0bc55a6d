import { MalformedError } from '../../bytes/malformed-error.ts';
import { PACKET_BYTES, SYNC_BYTE } from './packet.ts';

/** Distances from packet to packet: bare, behind a time code (M2TS), before 16 bytes of Reed-Solomon parity. */
const STRIDES = [PACKET_BYTES, 192, 204] as const;
const TIME_CODE_STRIDE = 192;
const TIME_CODE_BYTES = 4;
const LONGEST_STRIDE = 204;
/** Sync bytes at the right distances that prove a stride. */
const PROOFS = 3;
/** Bytes without a packet after which this is no transport stream. */
const MAX_UNSYNCED_BYTES = 64 * 1024;
const EMPTY = Buffer.alloc(0);

/** Finds the packets in the bytes of a stream, however these are cut, and finds them again after garbage. */
export class PacketReader {
  /** A packet begins at `offset` and is whole; `bytes` must not be kept. */
  readonly #onPacket: (bytes: Buffer, offset: number) => void;
  /** Less than a packet, or than what proves a stride. */
  #rest: Buffer = EMPTY;
  /** 0 while packets are searched for. */
  #stride = 0;
  #unsyncedBytes = 0;
  #skippedBytes = 0;

  constructor(onPacket: (bytes: Buffer, offset: number) => void) {
    this.#onPacket = onPacket;
  }

  /** Bytes that belonged to no packet. */
  get skippedBytes(): number {
    return this.#skippedBytes;
  }

  /** Throws MalformedError when there has been no packet for long; the reader starts afresh then. */
  push(bytes: Buffer): void {
    const available = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const offset = this.#read(available, false);
    this.#rest = offset === available.length ? EMPTY : Buffer.from(available.subarray(offset));
    if (this.#unsyncedBytes <= MAX_UNSYNCED_BYTES) return;
    this.#unsyncedBytes = 0;
    this.#rest = EMPTY;
    throw new MalformedError(`no MPEG-TS packets in ${MAX_UNSYNCED_BYTES} bytes: sync byte 0x47 every 188 expected`);
  }

  /** No more bytes come: the last packets need no proof. */
  end(): void {
    const rest = this.#rest;
    this.#rest = EMPTY;
    this.#read(rest, true);
  }

  /** Reads the packets and returns how far it came. */
  #read(bytes: Buffer, atEnd: boolean): number {
    let offset = 0;
    for (;;) {
      if (this.#stride === 0) offset = this.#search(bytes, offset, atEnd);
      if (this.#stride === 0) return offset;
      offset = this.#readPackets(bytes, offset, atEnd ? PACKET_BYTES : this.#stride);
      if (this.#stride !== 0) return Math.min(offset, bytes.length);
    }
  }

  /** Ends where the bytes end, or where no packet begins. */
  #readPackets(bytes: Buffer, start: number, neededBytes: number): number {
    let offset = start;
    while (offset + neededBytes <= bytes.length) {
      if (bytes[offset] !== SYNC_BYTE) {
        this.#stride = 0;
        return offset;
      }
      this.#onPacket(bytes, offset);
      this.#unsyncedBytes = 0;
      offset += this.#stride;
    }
    return offset;
  }

  /** Where a stride has been proved, or could be once there are more bytes. */
  #search(bytes: Buffer, start: number, atEnd: boolean): number {
    let offset = bytes.indexOf(SYNC_BYTE, start);
    while (offset !== -1) {
      const stride = STRIDES.find((candidate) => isProved(bytes, offset, candidate, atEnd));
      if (stride !== undefined) this.#stride = stride;
      if (stride === TIME_CODE_STRIDE && isProved(bytes, offset + TIME_CODE_BYTES, stride, atEnd)) {
        offset += TIME_CODE_BYTES; // the time code itself can look like a sync byte for half a second
      }
      const mayBeProved = !atEnd && offset + (PROOFS - 1) * LONGEST_STRIDE >= bytes.length;
      if (stride !== undefined || mayBeProved) break;
      offset = bytes.indexOf(SYNC_BYTE, offset + 1);
    }
    const found = offset === -1 ? bytes.length : offset;
    this.#unsyncedBytes += found - start;
    this.#skippedBytes += found - start;
    return found;
  }
}

function isProved(bytes: Buffer, offset: number, stride: number, atEnd: boolean): boolean {
  if (atEnd && offset + PACKET_BYTES > bytes.length) return false;
  for (let proof = 1; proof < PROOFS; proof++) {
    const position = offset + proof * stride;
    if (position >= bytes.length ? !atEnd : bytes[position] !== SYNC_BYTE) return false;
  }
  return true;
}
