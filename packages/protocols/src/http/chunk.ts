// Chunked transfer coding, RFC 9112 §7.1, written: each batch of a stream is one chunk, framed once for all its targets.

/** The most that a chunk head takes: eight hexadecimal digits and the line break. A packager leaves so much free before each batch. */
export const CHUNK_HEAD_ROOM = 10;
/** The line break behind the data. A packager leaves so much free behind each batch. */
export const HTTP_CHUNK_END: Buffer = Buffer.from('\r\n');
/** Ends a chunked body, without trailer fields. */
export const LAST_CHUNK: Buffer = Buffer.from('0\r\n\r\n');

/** The line before the data of a chunk. A chunk of size 0 would end the body. */
function chunkHead(sizeBytes: number): Buffer {
  return Buffer.from(`${sizeBytes.toString(16)}\r\n`);
}

/**
 * Makes one chunk of the bytes from `start` to `end`, in place: CHUNK_HEAD_ROOM bytes before them and two behind them are free. Returns the
 * chunk as a view.
 */
export function frameChunk(slab: Buffer, start: number, end: number): Buffer {
  const head = (end - start).toString(16);
  const chunkStart = start - head.length - HTTP_CHUNK_END.length;
  slab.write(head, chunkStart, 'latin1');
  slab[start - 2] = 0x0d;
  slab[start - 1] = 0x0a;
  slab[end] = 0x0d;
  slab[end + 1] = 0x0a;
  return slab.subarray(chunkStart, end + 2);
}

/** A copy of `bytes` as one chunk, for headers and other small things; nothing for no bytes. */
export function chunkOf(bytes: Buffer): Buffer {
  return bytes.length === 0 ? bytes : Buffer.concat([chunkHead(bytes.length), bytes, HTTP_CHUNK_END]);
}
