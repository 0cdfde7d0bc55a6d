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
});
