import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitReader } from './bit-reader.ts';
import { MalformedError } from './malformed-error.ts';

const reader = (bits: string): BitReader => {
  const padded = bits.replaceAll(' ', '').padEnd(Math.ceil(bits.length / 8) * 8, '0');
  return new BitReader(Buffer.from(padded.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? []));
};

describe('BitReader', () => {
  it('reads fields across byte borders', () => {
    const r = reader('101 1 000011110000 1');
    expect([r.bits(3), r.flag(), r.bits(12), r.flag()]).toEqual([5, true, 0x0f0, true]);
    expect(r.offset).toBe(17);
  });

  it('reads 32 bits as unsigned', () => {
    expect(new BitReader(Buffer.from('7fffffffff', 'hex')).bits(0)).toBe(0);
    const r = new BitReader(Buffer.from('7fffffffff', 'hex'));
    r.skip(1);
    expect(r.bits(32)).toBe(0xffffffff);
  });

  // H.264 table 9-2 and 9-3.
  it.each([
    ['1', 0, 0],
    ['010', 1, 1],
    ['011', 2, -1],
    ['00100', 3, 2],
    ['00101', 4, -2],
    ['00110', 5, 3],
    ['00111', 6, -3],
    ['0001000', 7, 4],
  ])('reads the Exp-Golomb code %s', (bits, unsigned, signed) => {
    expect(reader(bits).ue()).toBe(unsigned);
    expect(reader(bits).se()).toBe(signed);
  });

  it('reads the longest Exp-Golomb code', () => {
    expect(reader(`${'0'.repeat(31)}1${'1'.repeat(31)}`).ue()).toBe(2 ** 32 - 2);
    expect(() => reader(`${'0'.repeat(32)}1${'1'.repeat(32)}`).ue()).toThrow(MalformedError);
  });

  it('moves to the next byte border', () => {
    const r = reader('1000000011111111');
    r.align();
    expect(r.offset).toBe(0);
    r.skip(1);
    r.align();
    expect(r.bits(8)).toBe(0xff);
    expect(r.remaining).toBe(0);
  });

  it('throws MalformedError past the end, whatever the bytes', () => {
    expect(() => reader('11111111').bits(9)).toThrow('9 bits wanted, 8 left at byte 0');
    expect(() => reader('').flag()).toThrow(MalformedError);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
        const r = new BitReader(Buffer.from(bytes));
        expect(() => {
          for (;;) r.se();
        }).toThrow(MalformedError);
      }),
    );
  });
});
