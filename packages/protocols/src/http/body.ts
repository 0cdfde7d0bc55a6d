// The body of a response: where it ends. RFC 9112 §6 and §7.1.
import { MalformedError } from '../bytes/malformed-error.ts';
import { fieldValue, type ResponseHead } from './response-head.ts';

/** Takes what comes behind a head and hands on what is body, as views of it. */
export interface Body {
  /** Returns how many of the bytes belong to the response: fewer than all when it ends among them. Throws MalformedError. */
  push(bytes: Buffer): number;
  readonly isComplete: boolean;
  /** Nothing in the body itself says where it ends: the close of the connection does. */
  readonly endsWithConnection: boolean;
}

/** The body of the final response to a GET, POST or PUT. Throws MalformedError when its length cannot be known. */
export function bodyOf(head: ResponseHead, onBytes: (bytes: Buffer) => void): Body {
  if (head.status === 204 || head.status === 304) return new SizedBody(0, onBytes);
  const coding = fieldValue(head, 'transfer-encoding')?.toLowerCase();
  if (coding === 'chunked') return new ChunkedBody(onBytes);
  if (coding !== undefined && coding !== 'identity') {
    throw new MalformedError('the transfer coding of the response is not "chunked"');
  }
  const lengths = new Set(
    fieldValue(head, 'content-length')
      ?.split(',')
      .map((length) => length.trim()),
  );
  if (lengths.size === 0) return new UntilClose(onBytes);
  const [length = ''] = lengths;
  if (lengths.size > 1 || !/^\d{1,15}$/.test(length)) throw new MalformedError('the Content-Length is no number');
  return new SizedBody(Number(length), onBytes);
}

class UntilClose implements Body {
  readonly isComplete = false;
  readonly endsWithConnection = true;
  readonly #onBytes: (bytes: Buffer) => void;

  constructor(onBytes: (bytes: Buffer) => void) {
    this.#onBytes = onBytes;
  }

  push(bytes: Buffer): number {
    if (bytes.length > 0) this.#onBytes(bytes);
    return bytes.length;
  }
}

class SizedBody implements Body {
  readonly endsWithConnection = false;
  readonly #onBytes: (bytes: Buffer) => void;
  #missingBytes: number;

  constructor(sizeBytes: number, onBytes: (bytes: Buffer) => void) {
    this.#missingBytes = sizeBytes;
    this.#onBytes = onBytes;
  }

  get isComplete(): boolean {
    return this.#missingBytes === 0;
  }

  push(bytes: Buffer): number {
    const size = Math.min(bytes.length, this.#missingBytes);
    this.#missingBytes -= size;
    if (size > 0) this.#onBytes(bytes.subarray(0, size));
    return size;
  }
}

/** A size with extensions, or a field behind the last chunk. */
const MAX_LINE_BYTES = 4096;
const MAX_TRAILER_BYTES = 32 * 1024;
const LINE_FEED = 0x0a;

/** `size`: the line before a chunk. `end`: the line break behind it. `trailer`: fields behind the last one. */
type ChunkedState = 'size' | 'data' | 'end' | 'trailer' | 'complete';

export class ChunkedBody implements Body {
  readonly endsWithConnection = false;
  readonly #onBytes: (bytes: Buffer) => void;
  #state: ChunkedState = 'size';
  /** The line that has begun, without its end. */
  #line = '';
  #missingBytes = 0;
  #trailerBytes = 0;

  constructor(onBytes: (bytes: Buffer) => void) {
    this.#onBytes = onBytes;
  }

  get isComplete(): boolean {
    return this.#state === 'complete';
  }

  push(bytes: Buffer): number {
    let offset = 0;
    while (offset < bytes.length && this.#state !== 'complete') {
      offset += this.#state === 'data' ? this.#takeData(bytes, offset) : this.#takeLine(bytes, offset);
    }
    return offset;
  }

  #takeData(bytes: Buffer, offset: number): number {
    const size = Math.min(bytes.length - offset, this.#missingBytes);
    this.#missingBytes -= size;
    if (this.#missingBytes === 0) this.#state = 'end';
    this.#onBytes(bytes.subarray(offset, offset + size));
    return size;
  }

  #takeLine(bytes: Buffer, offset: number): number {
    const lineFeed = bytes.indexOf(LINE_FEED, offset);
    const end = lineFeed < 0 ? bytes.length : lineFeed;
    if (this.#line.length + end - offset > MAX_LINE_BYTES) {
      throw new MalformedError(`a line of the chunked body is longer than ${MAX_LINE_BYTES} bytes`);
    }
    this.#line += bytes.toString('latin1', offset, end);
    if (lineFeed < 0) return end - offset;
    const line = this.#line.endsWith('\r') ? this.#line.slice(0, -1) : this.#line;
    this.#line = '';
    this.#onLine(line);
    return end + 1 - offset;
  }

  #onLine(line: string): void {
    if (this.#state === 'size') {
      this.#missingBytes = parseChunkSize(line);
      this.#state = this.#missingBytes === 0 ? 'trailer' : 'data';
    } else if (this.#state === 'end') {
      if (line !== '') throw new MalformedError('a chunk is longer than it said');
      this.#state = 'size';
    } else {
      this.#trailerBytes += line.length;
      if (this.#trailerBytes > MAX_TRAILER_BYTES)
        throw new MalformedError('the trailer of the chunked body has no end');
      if (line === '') this.#state = 'complete';
    }
  }
}

function parseChunkSize(line: string): number {
  const [, digits] = /^([0-9a-f]{1,12})[ \t]*(?:;.*)?$/i.exec(line) ?? [];
  if (digits === undefined) throw new MalformedError('the size of a chunk is no number');
  return Number.parseInt(digits, 16);
}
