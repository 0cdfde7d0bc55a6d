import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PayloadMemory } from './payload-memory.ts';

/** Payloads that somebody holds, each with what was written into it. */
class Holder {
  readonly held: { payload: Buffer; fill: number }[] = [];
  readonly slabs = new Set<ArrayBufferLike>();
  readonly memory = new PayloadMemory((memory) => this.held.some(({ payload }) => payload.buffer === memory));
  #fill = 0;

  take(sizeBytes: number): void {
    const fill = this.#fill++ % 256;
    const payload = this.memory.take(sizeBytes).fill(fill);
    expect(payload).toHaveLength(sizeBytes);
    this.slabs.add(payload.buffer);
    this.held.push({ payload, fill });
  }

  /** Lets go of all but the newest. */
  keep(count: number): void {
    this.held.splice(0, this.held.length - count);
  }

  get areWhole(): boolean {
    return this.held.every(({ payload, fill }) => payload.equals(Buffer.alloc(payload.length, fill)));
  }
}

it('never writes to what is held', () => {
  const step = fc.record({ sizeBytes: fc.nat({ max: 60_000 }), keep: fc.nat({ max: 12 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const holder = new Holder();
      for (const { sizeBytes, keep } of steps) {
        holder.take(sizeBytes);
        expect(holder.areWhole).toBe(true);
        holder.keep(Math.min(keep, holder.held.length));
      }
    }),
    { numRuns: 40, endOnFailure: true },
  );
});

it('uses the same memory again and again for a stream that goes on', () => {
  const holder = new Holder();
  const group = () => {
    for (let picture = 0; picture < 50; picture++) {
      holder.take(20_000);
      holder.keep(Math.min(holder.held.length, 50));
    }
  };
  for (let count = 0; count < 3; count++) group();
  const before = holder.slabs.size;
  for (let count = 0; count < 20; count++) group();
  expect(holder.slabs.size).toBe(before);
});

it('needs little for a stream of little', () => {
  const holder = new Holder();
  for (let count = 0; count < 1_000; count++) {
    holder.take(400);
    holder.keep(1);
  }
  const bytes = [...holder.slabs].reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(bytes).toBeLessThanOrEqual(48 * 1024);
});

it('gives a payload that is larger than any slab memory of its own', () => {
  const holder = new Holder();
  holder.take(100);
  holder.take(1_000_000);
  holder.take(100);
  expect([...holder.slabs].map(({ byteLength }) => byteLength)).toEqual([16 * 1024, 1_000_000]);
  expect(holder.areWhole).toBe(true);
});

it('writes to nothing again that it was told to forget, though nobody says that he holds it', () => {
  const memory = new PayloadMemory(() => false);
  const before = Array.from({ length: 10 }, () => memory.take(10_000).fill(1));
  memory.forget();
  for (let count = 0; count < 100; count++) memory.take(10_000).fill(2);
  expect(before.every((payload) => payload.every((byte) => byte === 1))).toBe(true);
});
