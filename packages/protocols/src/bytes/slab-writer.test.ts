import { expect, it } from 'vitest';
import { SlabWriter } from './slab-writer.ts';

it('writes integers and bytes one behind the other', () => {
  const writer = new SlabWriter();
  writer.reserve(64);
  writer.u32(0xfffffffe);
  writer.i32(-2);
  writer.u64(2 ** 53 - 1);
  writer.bytes(Buffer.from('ab'));
  writer.leave(2);
  expect(writer.length).toBe(20);
  expect(writer.take().subarray(0, 18).toString('hex')).toBe('fffffffefffffffe001fffffffffffff6162');
  expect(writer.length).toBe(0);
});

it('never touches a unit that it has handed out, also when the next one needs another block', () => {
  const writer = new SlabWriter();
  const unit = (sizeBytes: number, fill: number) => {
    writer.reserve(4);
    writer.u32(fill); // begun before it is known how large it gets
    writer.reserve(sizeBytes);
    writer.bytes(Buffer.alloc(sizeBytes, fill));
    return writer.take();
  };
  const units = [100_000, 100_000, 100_000, 900_000, 5].map(unit);
  expect(
    units.every((bytes, fill) => bytes.readUInt32BE(0) === fill && bytes.subarray(4).every((b) => b === fill)),
  ).toBe(true);
  expect(units[0]!.buffer).toBe(units[1]!.buffer);
  expect(units[2]!.buffer).not.toBe(units[1]!.buffer);
});
