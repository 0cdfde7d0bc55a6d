import { describe, expect, it } from 'vitest';
import { ChunkedBody } from './body.ts';
import { CHUNK_HEAD_ROOM, chunkOf, frameChunk, HTTP_CHUNK_END, LAST_CHUNK } from './chunk.ts';

describe('frameChunk', () => {
  it.each([1, 15, 16, 188, 4096, 70_000, 3 << 20])('frames %i bytes where they are', (sizeBytes) => {
    const slab = Buffer.alloc(CHUNK_HEAD_ROOM + sizeBytes + HTTP_CHUNK_END.length + 1, 0x55);
    const chunk = frameChunk(slab, CHUNK_HEAD_ROOM, CHUNK_HEAD_ROOM + sizeBytes);
    expect(chunk.buffer).toBe(slab.buffer);
    const received: Buffer[] = [];
    const body = new ChunkedBody((bytes) => received.push(bytes));
    expect(body.push(Buffer.concat([chunk, LAST_CHUNK]))).toBe(chunk.length + LAST_CHUNK.length);
    expect(body.isComplete).toBe(true);
    expect(Buffer.concat(received).equals(Buffer.alloc(sizeBytes, 0x55))).toBe(true);
    expect(slab.at(-1)).toBe(0x55); // nothing behind it was touched
  });

  it('writes the size without zeros in front, which some servers count', () => {
    const slab = Buffer.alloc(64);
    expect(frameChunk(slab, CHUNK_HEAD_ROOM, CHUNK_HEAD_ROOM + 26).toString('latin1')).toMatch(/^1a\r\n/);
  });
});

it('never makes the chunk that ends a body out of nothing', () => {
  expect(chunkOf(Buffer.alloc(0))).toHaveLength(0);
  expect(chunkOf(Buffer.from('hello')).toString()).toBe('5\r\nhello\r\n');
});
