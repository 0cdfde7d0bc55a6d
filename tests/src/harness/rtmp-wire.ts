// The receiving half of RTMP 1.0, written apart from packages/protocols on purpose: it judges what that sends.

/** A whole message. Only commands and protocol control keep their payload, of media the length is enough. */
export interface RtmpMessage {
  readonly type: number;
  readonly timestampMs: number;
  readonly sizeBytes: number;
  readonly payload: Buffer | undefined;
}

export const MESSAGE = {
  setChunkSize: 1,
  abort: 2,
  acknowledgement: 3,
  windowSize: 5,
  bandwidth: 6,
  audio: 8,
  video: 9,
  data: 18,
  command: 20,
};

interface ChunkStream {
  timestampMs: number;
  deltaMs: number;
  sizeBytes: number;
  type: number;
  /** The extended timestamp of the message, which each of its continuations repeats (§5.3.1.3). */
  extended: number | undefined;
  received: number;
  payload: Buffer | undefined;
}

const MESSAGE_HEADER_SIZES = [11, 7, 3, 0];
const EXTENDED = 0xffffff;

/** Turns the bytes of a chunk stream (§5.3) into messages. Bytes may come in pieces of any size. */
export class ChunkReader {
  readonly #onMessage: (message: RtmpMessage) => void;
  readonly #streams = new Map<number, ChunkStream>();
  #chunkSize = 128;
  #rest: Buffer = Buffer.alloc(0);
  #current: ChunkStream | undefined;
  /** Payload bytes of the current chunk that are still to come. */
  #missing = 0;

  constructor(onMessage: (message: RtmpMessage) => void) {
    this.#onMessage = onMessage;
  }

  push(bytes: Buffer): void {
    const data = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let offset = 0;
    while (offset < data.length) {
      if (this.#current === undefined) {
        const size = this.#readHeader(data, offset);
        if (size === 0) break;
        offset += size;
      }
      offset += this.#readPayload(this.#current!, data.subarray(offset, offset + this.#missing));
    }
    this.#rest = offset < data.length ? Buffer.from(data.subarray(offset)) : Buffer.alloc(0);
  }

  /** Size of the chunk's header; 0 when it is not there as a whole yet. */
  #readHeader(data: Buffer, start: number): number {
    const format = data[start]! >> 6;
    let id = data[start]! & 0x3f;
    const idSize = id === 0 ? 2 : id === 1 ? 3 : 1;
    let offset = start + idSize;
    const headerSize = MESSAGE_HEADER_SIZES[format]!;
    if (offset + headerSize > data.length) return 0;
    if (idSize === 2) id = 64 + data[start + 1]!;
    if (idSize === 3) id = 64 + data[start + 1]! + 256 * data[start + 2]!;

    const known = this.#streams.get(id);
    if (known === undefined && format !== 0) throw new Error(`chunk stream ${id} begins with format ${format}`);
    const stream = known ?? newChunkStream();
    let time = format < 3 ? data.readUIntBE(offset, 3) : 0;
    const isExtended = format < 3 ? time === EXTENDED : stream.extended !== undefined;
    if (offset + headerSize + (isExtended ? 4 : 0) > data.length) return 0;
    if (isExtended) time = data.readUInt32BE(offset + headerSize);

    this.#streams.set(id, stream);
    if (format < 2) {
      stream.sizeBytes = data.readUIntBE(offset + 3, 3);
      stream.type = data[offset + 6]!;
    }
    if (stream.received === 0) {
      stream.extended = isExtended ? time : undefined;
      stream.deltaMs = format === 1 || format === 2 ? time : format === 0 ? 0 : stream.deltaMs;
      stream.timestampMs = format === 0 ? time : (stream.timestampMs + stream.deltaMs) % 2 ** 32;
      const isKept = stream.type < MESSAGE.audio || stream.type === MESSAGE.command;
      stream.payload = isKept ? Buffer.alloc(stream.sizeBytes) : undefined;
    } else if (format !== 3) {
      throw new Error(`chunk stream ${id}: a new message in the middle of another`);
    } else if (isExtended && time !== stream.extended) {
      throw new Error(`chunk stream ${id}: a continuation repeats another extended timestamp`);
    }
    offset += headerSize + (isExtended ? 4 : 0);
    this.#current = stream;
    this.#missing = Math.min(this.#chunkSize, stream.sizeBytes - stream.received);
    return offset - start;
  }

  #readPayload(stream: ChunkStream, bytes: Buffer): number {
    stream.payload?.set(bytes, stream.received);
    stream.received += bytes.length;
    this.#missing -= bytes.length;
    if (this.#missing > 0) return bytes.length;
    this.#current = undefined;
    if (stream.received === stream.sizeBytes) {
      stream.received = 0;
      this.#finish(stream);
    }
    return bytes.length;
  }

  #finish({ type, timestampMs, sizeBytes, payload }: ChunkStream): void {
    if (type === MESSAGE.setChunkSize) this.#chunkSize = payload!.readUInt32BE(0) & 0x7fffffff;
    if (type === MESSAGE.abort) this.#streams.delete(payload!.readUInt32BE(0));
    this.#onMessage({ type, timestampMs, sizeBytes, payload });
  }
}

const newChunkStream = (): ChunkStream => ({
  timestampMs: 0,
  deltaMs: 0,
  sizeBytes: 0,
  type: 0,
  extended: undefined,
  received: 0,
  payload: undefined,
});

/** A message in one chunk of format 0; the payload must fit the chunk size that the peer was told. */
export function message(
  type: number,
  chunkStreamId: number,
  messageStreamId: number,
  payload: Buffer,
  timestampMs = 0,
): Buffer {
  const isExtended = timestampMs >= EXTENDED;
  const header = Buffer.alloc(isExtended ? 16 : 12);
  header[0] = chunkStreamId; // fmt 0
  header.writeUIntBE(isExtended ? EXTENDED : timestampMs, 1, 3); // timestamp
  header.writeUIntBE(payload.length, 4, 3); // message length
  header[7] = type; // message type id
  header.writeUInt32LE(messageStreamId, 8); // message stream id
  if (isExtended) header.writeUInt32BE(timestampMs, 12); // extended timestamp
  return Buffer.concat([header, payload]);
}

export type AmfValue = string | number | boolean | null | undefined | AmfValue[] | { [name: string]: AmfValue };

export type AmfArgument = string | number | null | Readonly<Record<string, string | number>>;

/** AMF 0 as far as commands go. */
export function encodeAmf(...values: readonly AmfArgument[]): Buffer {
  return Buffer.concat(values.map(encodeValue));
}

function encodeValue(value: AmfArgument): Buffer {
  if (value === null) return Buffer.from([0x05]);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(9);
    bytes.writeDoubleBE(value, 1);
    return bytes;
  }
  if (typeof value === 'string') return Buffer.concat([Buffer.from([0x02]), encodeText(value)]);
  const members = Object.entries(value).flatMap(([name, member]) => [encodeText(name), encodeValue(member)]);
  return Buffer.concat([Buffer.from([0x03]), ...members, Buffer.from([0, 0, 0x09])]);
}

function encodeText(text: string): Buffer {
  const size = Buffer.alloc(2);
  size.writeUInt16BE(Buffer.byteLength(text));
  return Buffer.concat([size, Buffer.from(text)]);
}

/** All values of a command message. */
export function decodeAmf(payload: Buffer): AmfValue[] {
  const values: AmfValue[] = [];
  for (let offset = 0; offset < payload.length; ) {
    const [value, end] = decodeValue(payload, offset);
    values.push(value);
    offset = end;
  }
  return values;
}

function decodeValue(data: Buffer, offset: number): [AmfValue, number] {
  const start = offset + 1;
  switch (data[offset]) {
    case 0x00:
      return [data.readDoubleBE(start), start + 8];
    case 0x01:
      return [data[start] !== 0, start + 1];
    case 0x02:
      return decodeText(data, start);
    case 0x03:
      return decodeMembers(data, start);
    case 0x08:
      return decodeMembers(data, start + 4); // ECMA array: its count is only a hint
    case 0x05:
      return [null, start];
    case 0x06:
      return [undefined, start];
    case 0x0a: {
      const array: AmfValue[] = [];
      let end = start + 4;
      for (let left = data.readUInt32BE(start); left > 0; left--) {
        const [value, next] = decodeValue(data, end);
        array.push(value);
        end = next;
      }
      return [array, end];
    }
    default:
      throw new Error(`AMF 0 type ${data[offset]} at byte ${offset} of a command`);
  }
}

function decodeText(data: Buffer, offset: number): [string, number] {
  const end = offset + 2 + data.readUInt16BE(offset);
  return [data.toString('utf8', offset + 2, end), end];
}

function decodeMembers(data: Buffer, start: number): [AmfValue, number] {
  const members: { [name: string]: AmfValue } = {};
  for (let offset = start; ; ) {
    const [name, valueStart] = decodeText(data, offset);
    if (data[valueStart] === 0x09) return [members, valueStart + 1];
    const [value, end] = decodeValue(data, valueStart);
    members[name] = value;
    offset = end;
  }
}
