import { MalformedError } from '../../bytes/malformed-error.ts';
import type { ProgramClock } from './clock.ts';
import type { PayloadReader } from './payload-reader.ts';
import { PES_FIXED_BYTES, parsePesHeader } from './pes.ts';

/** What the header of a PES packet says of the first access unit that begins in it; times in ticks of 90 kHz, unwrapped. */
export interface PesStart {
  readonly pts: number | undefined;
  readonly dts: number | undefined;
  readonly isRandomAccess: boolean;
}

/** Takes the bytes of one elementary stream. */
export interface ElementaryStream {
  /** A PES packet begins. */
  begin(start: PesStart): void;
  /** Bytes of that packet, never to be kept. */
  data(bytes: Buffer): void;
  /** That packet is over. */
  finish(): void;
  /** Bytes are missing: of the packet that has begun, or whole packets. Data comes again after the next `begin`. */
  lost(): void;
  /** The stream is over. */
  end(): void;
}

const EMPTY = Buffer.alloc(0);

/** The PES packets of one PID. */
export class PesReader implements PayloadReader {
  readonly #stream: ElementaryStream;
  readonly #clock: ProgramClock;
  /** A header that is not complete. */
  #header: Buffer | undefined;
  #isRandomAccess = false;
  /** Payload that is still to come: 0 between packets, infinite where only the next packet tells. */
  #leftBytes = 0;

  constructor(stream: ElementaryStream, clock: ProgramClock) {
    this.#stream = stream;
    this.#clock = clock;
  }

  payload(bytes: Buffer, isUnitStart: boolean, isRandomAccess: boolean): void {
    if (isUnitStart) {
      if (this.#leftBytes > 0) this.#stream.finish();
      this.#header = EMPTY;
      this.#leftBytes = 0;
      this.#isRandomAccess = isRandomAccess;
    }
    if (this.#header !== undefined) this.#readHeader(Buffer.concat([this.#header, bytes]));
    else this.#forward(bytes);
  }

  lost(): void {
    this.#header = undefined;
    this.#leftBytes = 0;
    this.#stream.lost();
  }

  end(): void {
    this.#stream.end();
  }

  /** Throws MalformedError; the packet is left out then. */
  #readHeader(bytes: Buffer): void {
    const isComplete = bytes.length >= PES_FIXED_BYTES && bytes.length >= PES_FIXED_BYTES + bytes[PES_FIXED_BYTES - 1]!;
    this.#header = isComplete ? undefined : bytes;
    if (!isComplete) return;
    const { headerBytes, payloadBytes, pts, dts } = this.#parseHeader(bytes);
    const start = dts === undefined ? undefined : this.#clock.unwrap(dts);
    const shown = pts === undefined ? undefined : this.#clock.unwrap(pts);
    this.#stream.begin({ pts: shown, dts: start ?? shown, isRandomAccess: this.#isRandomAccess });
    this.#leftBytes = payloadBytes ?? Number.POSITIVE_INFINITY;
    this.#forward(bytes.subarray(headerBytes));
  }

  #parseHeader(bytes: Buffer) {
    try {
      return parsePesHeader(bytes);
    } catch (error) {
      if (error instanceof MalformedError) this.lost();
      throw error;
    }
  }

  #forward(bytes: Buffer): void {
    const sizeBytes = Math.min(bytes.length, this.#leftBytes);
    if (sizeBytes === 0) return;
    this.#stream.data(sizeBytes === bytes.length ? bytes : bytes.subarray(0, sizeBytes));
    this.#leftBytes -= sizeBytes;
    if (this.#leftBytes === 0) this.#stream.finish();
  }
}
