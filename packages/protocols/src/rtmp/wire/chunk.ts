// Chunk stream. RTMP 1.0 §5.3: messages cut into chunks that may interleave.
import { MalformedError } from '../../bytes/malformed-error.ts';
import { PayloadMemory } from '../../bytes/payload-memory.ts';
import { MessageType, parseControlValue, type RtmpMessage } from './message.ts';

/** The chunk size that both directions start with. */
export const DEFAULT_CHUNK_SIZE = 128;
/** From this time on, and for the field value itself, the time moves to the extended timestamp field. */
const EXTENDED_TIMESTAMP = 0xffffff;
/** Message header bytes by fmt. */
const MESSAGE_HEADER_BYTES = [11, 7, 3, 0] as const;
/** Basic header 3, message header 11, extended timestamp 4. */
const MAX_HEADER_BYTES = 18;
const MAX_CHUNK_STREAMS = 64;
const INCOMPLETE = 0;

/**
 * Chunk stream ids by use. They stay below 32 because nginx-rtmp refuses higher ones, and one kind of message keeps to one id because
 * some players find out by it what a chunk is.
 */
export const ChunkStreamId = { control: 2, command: 3, audio: 4, data: 5, video: 6, publish: 8 } as const;

export interface ChunkReaderOptions {
  /** A longer message is refused. */
  readonly maxMessageBytes: number;
  /** Called inside `push` for each whole message, SetChunkSize and Abort included (the reader has applied them already). */
  readonly onMessage: (message: RtmpMessage) => void;
  /**
   * Does somebody need a payload that lies in this memory? Given, all payloads are copied out of the pushed bytes, which may be overwritten afterwards,
   * into memory that is used again as soon as the answer is no.
   */
  readonly isHeld?: (memory: ArrayBufferLike) => boolean;
}

/** What the receiver remembers of one chunk stream: the last header, and the message under way. */
class ChunkStream {
  timestamp = 0;
  /** What a new message with fmt 3 adds to the time. */
  delta = 0;
  length = 0;
  type = 0;
  streamId = 0;
  /** Value of the extended timestamp field of the last header of fmt 0, 1 or 2; -1 when it had none. */
  extended = -1;
  /** A message has begun and not ended. */
  isOpen = false;
  /** Memory of an open message that is put together. */
  payload: Buffer | undefined;
  received = 0;
}

/**
 * Bytes of one direction after the handshake -> messages.
 *
 * Without `isHeld` a payload that lies in one chunk and one pushed Buffer is a view on it, and anything else is copied once into a Buffer of its own.
 * Payloads may be kept for ever then, as long as nobody writes to the pushed bytes; a Node socket gives a fresh Buffer for every read.
 */
export class ChunkReader {
  readonly #maxMessageBytes: number;
  readonly #onMessage: (message: RtmpMessage) => void;
  readonly #memory: PayloadMemory | undefined;
  readonly #streams = new Map<number, ChunkStream>();
  #chunkSize = DEFAULT_CHUNK_SIZE;
  #bytesReceived = 0;
  /** Memory held by open messages. */
  #openBytes = 0;
  /** Start of a header that the last push ended in. */
  readonly #header = Buffer.alloc(MAX_HEADER_BYTES);
  #headerBytes = 0;
  /** Whose chunk data comes next; undefined: a chunk header comes next. */
  #current: ChunkStream | undefined;
  #chunkRemaining = 0;

  constructor({ maxMessageBytes, onMessage, isHeld }: ChunkReaderOptions) {
    this.#maxMessageBytes = maxMessageBytes;
    this.#onMessage = onMessage;
    this.#memory = isHeld && new PayloadMemory((memory) => this.#isUnderWay(memory) || isHeld(memory));
  }

  /** Bytes pushed so far. */
  get bytesReceived(): number {
    return this.#bytesReceived;
  }

  /** All messages that have begun are whole. */
  get isAtRest(): boolean {
    return this.#current === undefined && this.#headerBytes === 0 && this.#openBytes === 0;
  }

  /** Takes the next bytes, however they are cut. After a MalformedError the reader is of no further use. */
  push(bytes: Buffer): void {
    this.#bytesReceived += bytes.length;
    this.#consume(bytes);
  }

  /**
   * Would a push of these bytes bring one whole message of this type and nothing else? False also where more than a look were needed to tell: the
   * header leaves the type out, or the message has several chunks.
   */
  isOneMessage(bytes: Buffer, type: number): boolean {
    if (this.#current !== undefined || this.#headerBytes > 0 || bytes.length < MAX_HEADER_BYTES) return false;
    const fmt = bytes[0]! >> 6;
    const csid = bytes[0]! & 0x3f;
    if (fmt > 1 || csid < 2 || bytes[7] !== type) return false;
    const extendedBytes = bytes.readUIntBE(1, 3) === EXTENDED_TIMESTAMP ? 4 : 0;
    const length = bytes.readUIntBE(4, 3);
    return length <= this.#chunkSize && bytes.length === 1 + MESSAGE_HEADER_BYTES[fmt]! + extendedBytes + length;
  }

  /** None of the payloads so far is overwritten, whatever `isHeld` will say. */
  keepPayloads(): void {
    this.#memory?.forget();
  }

  #consume(bytes: Buffer): void {
    let offset = 0;
    while (offset < bytes.length) {
      if (this.#current !== undefined) offset = this.#readData(this.#current, bytes, offset);
      else if (this.#headerBytes > 0) offset = this.#completeHeader(bytes, offset);
      else offset = this.#readHeader(bytes, offset);
    }
  }

  #readHeader(bytes: Buffer, offset: number): number {
    const size = this.#parseHeader(bytes, offset, bytes.length);
    if (size !== INCOMPLETE) return offset + size;
    this.#headerBytes = bytes.copy(this.#header, 0, offset);
    return bytes.length;
  }

  /** Like `readHeader`, for a header that began in an earlier push. */
  #completeHeader(bytes: Buffer, offset: number): number {
    const before = this.#headerBytes;
    const available = before + bytes.copy(this.#header, before, offset);
    const size = this.#parseHeader(this.#header, 0, available);
    if (size === INCOMPLETE) {
      this.#headerBytes = available;
      return offset + available - before;
    }
    this.#headerBytes = 0;
    if (size >= before) return offset + size - before;
    // What was kept as the start of an extended timestamp has turned out to be chunk data.
    this.#consume(Buffer.from(this.#header.subarray(size, before)));
    return offset;
  }

  /** Basic header and message header, §5.3.1. Returns their size, or INCOMPLETE without having changed anything. */
  #parseHeader(bytes: Buffer, start: number, end: number): number {
    const fmt = bytes[start]! >> 6;
    let csid = bytes[start]! & 0x3f;
    let at = start + 1;
    if (csid < 2) {
      at += csid + 1;
      if (at > end) return INCOMPLETE;
      csid = csid === 0 ? 64 + bytes[at - 1]! : 64 + bytes[at - 2]! + 256 * bytes[at - 1]!;
    }
    const field = at;
    at += MESSAGE_HEADER_BYTES[fmt]!;
    if (at > end) return INCOMPLETE;
    if (fmt === 3) return this.#parseRepeatedHeader(csid, bytes, start, at, end);

    const time = bytes.readUIntBE(field, 3);
    const isExtended = time === EXTENDED_TIMESTAMP;
    if (isExtended) at += 4;
    if (at > end) return INCOMPLETE;

    const stream = this.#stream(csid, fmt);
    stream.extended = isExtended ? bytes.readUInt32BE(at - 4) : -1;
    stream.delta = isExtended ? stream.extended : time;
    if (fmt < 2) {
      stream.length = bytes.readUIntBE(field + 3, 3);
      stream.type = bytes[field + 6]!;
    }
    if (fmt === 0) {
      stream.streamId = bytes.readUInt32LE(field + 7);
      stream.timestamp = 0; // the time field is absolute: `begin` adds it to nothing
    }
    this.#begin(stream);
    return at - start;
  }

  /** fmt 3: the next chunk of an open message, or a new message with the header of the last one. */
  #parseRepeatedHeader(csid: number, bytes: Buffer, start: number, at: number, end: number): number {
    const stream = this.#streams.get(csid);
    if (stream === undefined) throw new MalformedError(`chunk stream ${csid} begins with fmt 3`);
    const extendedBytes = repeatedTimestampBytes(stream.extended, bytes, at, end);
    if (extendedBytes === undefined) return INCOMPLETE;
    if (stream.isOpen) this.#expectData(stream);
    else this.#begin(stream);
    return at + extendedBytes - start;
  }

  #stream(csid: number, fmt: number): ChunkStream {
    const known = this.#streams.get(csid);
    if (known?.isOpen) throw new MalformedError(`fmt ${fmt} inside an unfinished message on chunk stream ${csid}`);
    if (known !== undefined) return known;
    if (fmt === 2) throw new MalformedError(`chunk stream ${csid} begins with fmt 2`);
    if (this.#streams.size >= MAX_CHUNK_STREAMS)
      throw new MalformedError(`more than ${MAX_CHUNK_STREAMS} chunk streams`);
    const stream = new ChunkStream();
    this.#streams.set(csid, stream);
    return stream;
  }

  #begin(stream: ChunkStream): void {
    if (stream.length > this.#maxMessageBytes) {
      throw new MalformedError(`message of ${stream.length} bytes is longer than ${this.#maxMessageBytes}`);
    }
    stream.timestamp = (stream.timestamp + stream.delta) >>> 0;
    stream.received = 0;
    stream.isOpen = true;
    if (stream.length === 0) this.#finish(stream, EMPTY);
    else this.#expectData(stream);
  }

  #expectData(stream: ChunkStream): void {
    this.#current = stream;
    this.#chunkRemaining = Math.min(this.#chunkSize, stream.length - stream.received);
  }

  #readData(stream: ChunkStream, bytes: Buffer, offset: number): number {
    const end = offset + Math.min(this.#chunkRemaining, bytes.length - offset);
    const size = end - offset;
    if (size === stream.length && this.#memory === undefined) {
      this.#finish(stream, bytes.subarray(offset, end));
      return end;
    }
    stream.payload ??= this.#allocate(stream.length);
    const payload = stream.payload;
    bytes.copy(payload, stream.received, offset, end);
    stream.received += size;
    this.#chunkRemaining -= size;
    if (stream.received === stream.length) this.#finish(stream, payload);
    else if (this.#chunkRemaining === 0) this.#current = undefined;
    return end;
  }

  /** Interleaving needs room for a video and an audio message; a peer that opens many long messages only wants our memory. */
  #allocate(length: number): Buffer {
    this.#openBytes += length;
    if (this.#openBytes > 2 * this.#maxMessageBytes) throw new MalformedError('too many unfinished messages');
    return this.#memory?.take(length) ?? Buffer.allocUnsafe(length);
  }

  /** Is a message being written into this memory? */
  #isUnderWay(memory: ArrayBufferLike): boolean {
    for (const { payload } of this.#streams.values()) if (payload?.buffer === memory) return true;
    return false;
  }

  #finish(stream: ChunkStream, payload: Buffer): void {
    this.#current = undefined;
    this.#close(stream);
    const message = { type: stream.type, timestamp: stream.timestamp, streamId: stream.streamId, payload };
    if (message.type === MessageType.setChunkSize) this.#setChunkSize(parseControlValue(message));
    else if (message.type === MessageType.abort) this.#abort(parseControlValue(message));
    this.#onMessage(message);
  }

  #close(stream: ChunkStream): void {
    if (stream.payload !== undefined) this.#openBytes -= stream.length;
    stream.payload = undefined;
    stream.isOpen = false;
  }

  /** §5.4.1. The top bit shall be zero; it is ignored as all servers do. Open messages go on with the new size. */
  #setChunkSize(value: number): void {
    const size = value & 0x7fffffff;
    if (size === 0) throw new MalformedError('SetChunkSize: chunk size 0');
    this.#chunkSize = size;
  }

  /** §5.4.2. */
  #abort(csid: number): void {
    const stream = this.#streams.get(csid);
    if (stream !== undefined) this.#close(stream);
  }
}

const EMPTY = Buffer.alloc(0);

/**
 * Size of the extended timestamp field behind a header of fmt 3: 4 bytes when the last full header had the field, §5.3.1.3. Older senders
 * (ffmpeg, librtmp) leave it out, so it counts only if it repeats the same value. Undefined: more bytes are needed to tell.
 */
function repeatedTimestampBytes(extended: number, bytes: Buffer, at: number, end: number): 0 | 4 | undefined {
  if (extended === -1) return 0;
  const available = Math.min(4, end - at);
  for (let i = 0; i < available; i += 1) {
    if (bytes[at + i] !== ((extended >>> (24 - 8 * i)) & 0xff)) return 0;
  }
  return available === 4 ? 4 : undefined;
}

export interface MessageHeader {
  /** Chunk stream id, 2 to 63: one of `ChunkStreamId`. */
  readonly csid: number;
  readonly type: number;
  /** Milliseconds modulo 2^32. */
  readonly timestamp: number;
  readonly streamId: number;
}

/** Bytes that `writeMessage` needs. */
export function messageSize(payloadBytes: number, timestamp: number, chunkSize: number): number {
  const extendedBytes = timestamp >= EXTENDED_TIMESTAMP ? 4 : 0;
  const continuations = payloadBytes > chunkSize ? Math.ceil(payloadBytes / chunkSize) - 1 : 0;
  return 12 + extendedBytes + payloadBytes + continuations * (1 + extendedBytes);
}

/**
 * Writes one message whose payload is `parts` put together and returns the offset behind it. The first chunk has fmt 0 and absolute time,
 * so that the bytes mean the same on every connection whatever went before; the others have fmt 3 and repeat the extended timestamp
 * (§5.3.1.3): without it streams break after 4 h 39 min. Throws RangeError when `into` is too small.
 */
export function writeMessage(
  into: Buffer,
  offset: number,
  header: MessageHeader,
  parts: readonly Buffer[],
  chunkSize: number,
): number {
  const { csid, type, timestamp, streamId } = header;
  let length = 0;
  for (const part of parts) length += part.length;
  if (offset + messageSize(length, timestamp, chunkSize) > into.length) {
    throw new RangeError(`message of ${length} bytes does not fit into ${into.length} bytes at ${offset}`);
  }
  const isExtended = timestamp >= EXTENDED_TIMESTAMP;
  let at = into.writeUInt8(csid, offset); // fmt 0, csid
  at = into.writeUIntBE(isExtended ? EXTENDED_TIMESTAMP : timestamp, at, 3); // timestamp
  at = into.writeUIntBE(length, at, 3); // message length
  at = into.writeUInt8(type, at); // message type id
  at = into.writeUInt32LE(streamId, at); // message stream id
  if (isExtended) at = into.writeUInt32BE(timestamp, at); // extended timestamp

  let room = chunkSize;
  for (const part of parts) {
    let from = 0;
    while (from < part.length) {
      if (room === 0) {
        at = into.writeUInt8(0xc0 | csid, at); // fmt 3, csid
        if (isExtended) at = into.writeUInt32BE(timestamp, at); // extended timestamp
        room = chunkSize;
      }
      const size = Math.min(room, part.length - from);
      part.copy(into, at, from, from + size);
      at += size;
      from += size;
      room -= size;
    }
  }
  return at;
}

/** One message as a Buffer of its own. */
export function serializeMessage(message: RtmpMessage, csid: number, chunkSize: number): Buffer {
  const { type, timestamp, streamId, payload } = message;
  const bytes = Buffer.allocUnsafe(messageSize(payload.length, timestamp, chunkSize));
  writeMessage(bytes, 0, { csid, type, timestamp, streamId }, [payload], chunkSize);
  return bytes;
}
