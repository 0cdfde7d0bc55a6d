import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteQueue } from './byte-queue.ts';

describe('ByteQueue', () => {
  it('hands out the same bytes whatever the pieces and the units', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 12 });
    const units = fc.array(fc.record({ size: fc.nat(20), isSkipped: fc.boolean() }), { maxLength: 20 });
    fc.assert(
      fc.property(pieces, units, (pushed, wanted) => {
        const all = Buffer.concat(pushed);
        const queue = new ByteQueue();
        for (const piece of pushed) queue.push(Buffer.from(piece));
        let offset = 0;
        for (const { size, isSkipped } of wanted) {
          const isThere = offset + size <= all.length;
          expect(queue.peek(size)).toEqual(isThere ? all.subarray(offset, offset + size) : undefined);
          if (isSkipped) offset += queue.skip(size);
          else offset += queue.take(size)?.length ?? 0;
          expect(queue.length).toBe(all.length - offset);
        }
      }),
    );
  });

  it('copies nothing that lies in one piece', () => {
    const piece = Buffer.from('abcdef');
    const queue = new ByteQueue();
    queue.push(piece);
    queue.skip(1);
    expect(queue.take(3)!.buffer).toBe(piece.buffer);
    expect(queue.take(3)).toBeUndefined();
    expect(queue.length).toBe(2);
  });

  it('hands out the same bytes when they come in crumbs', () => {
    const all = Buffer.from(Array.from({ length: 20_000 }, (_, index) => index & 0xff));
    const queue = new ByteQueue();
    const taken: Buffer[] = [];
    for (let offset = 0; offset < all.length; ) {
      const piece = all.subarray(offset, offset + (offset % 997 === 0 ? 300 : 1));
      queue.push(piece);
      offset += piece.length;
      if (offset % 5 === 0) taken.push(queue.take(Math.min(queue.length, offset % 3))!);
    }
    taken.push(queue.take(queue.length)!);
    expect(Buffer.concat(taken).equals(all)).toBe(true);
  });

  it('needs little more memory for bytes that come one by one than for others', () => {
    const slab = Buffer.alloc(1000);
    const queue = new ByteQueue();
    const usedBytes = () => process.memoryUsage().rss;
    const before = usedBytes();
    for (let count = 0; count < 4_000_000; count++) queue.push(slab.subarray(count % 1000, (count % 1000) + 1));
    expect(usedBytes() - before).toBeLessThan(120_000_000);
    expect(queue.take(4_000_000)).toHaveLength(4_000_000);
  });
});
