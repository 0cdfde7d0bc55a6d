// FLV file: a header, then tags. Adobe Flash Video File Format 10.1 §E.2 to §E.4.1.
import { MalformedError } from '../../bytes/malformed-error.ts';
import type { FlvDemuxer } from './demuxer.ts';

const FILE_HEADER_BYTES = 9;
const TAG_HEADER_BYTES = 11;
const TAG_SIZE_BYTES = 4;
const EMPTY = Buffer.alloc(0);

/** Cuts the bytes of an FLV file or HTTP-FLV stream into tags and gives them to a demuxer. */
export class FlvFileReader {
  readonly #demuxer: FlvDemuxer;
  /** Beginning of a unit that is not complete. */
  #rest: Buffer = EMPTY;
  #hasHeader = false;

  constructor(demuxer: FlvDemuxer) {
    this.#demuxer = demuxer;
  }

  /** Reads to the end. Who paces the source paces the samples. A last tag that is cut off is left out. Throws MalformedError. */
  async read(source: AsyncIterable<Buffer>): Promise<void> {
    for await (const bytes of source) this.push(bytes);
  }

  /** Takes the next bytes, however they are cut. Samples may be views of them. Throws MalformedError. */
  push(bytes: Buffer): void {
    const available = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let offset = this.#hasHeader ? 0 : this.#readHeader(available);
    if (this.#hasHeader) offset = this.#readTags(available, offset);
    this.#rest = available.subarray(offset);
  }

  #readHeader(bytes: Buffer): number {
    if (bytes.length < FILE_HEADER_BYTES) return 0;
    if (bytes.toString('latin1', 0, 3) !== 'FLV') throw new MalformedError('not an FLV file: signature'); // Signature
    const headerBytes = bytes.readUInt32BE(5); // DataOffset
    if (headerBytes < FILE_HEADER_BYTES || headerBytes > 1024) throw new MalformedError(`DataOffset ${headerBytes}`, 5);
    if (bytes.length < headerBytes + TAG_SIZE_BYTES) return 0;
    this.#hasHeader = true;
    return headerBytes + TAG_SIZE_BYTES; // PreviousTagSize0
  }

  #readTags(bytes: Buffer, start: number): number {
    let offset = start;
    while (bytes.length - offset >= TAG_HEADER_BYTES) {
      const type = bytes[offset]! & 0x1f; // Reserved 2, Filter 1, TagType 5
      const body = offset + TAG_HEADER_BYTES; // behind StreamID
      const end = body + bytes.readUIntBE(offset + 1, 3); // DataSize
      if (end + TAG_SIZE_BYTES > bytes.length) break;
      const timestamp = bytes.readUIntBE(offset + 4, 3) + bytes[offset + 7]! * 2 ** 24; // Timestamp, TimestampExtended
      this.#demuxer.message(type, timestamp, bytes.subarray(body, end));
      offset = end + TAG_SIZE_BYTES; // PreviousTagSize
    }
    return offset;
  }
}
