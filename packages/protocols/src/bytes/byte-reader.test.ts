import { describe, expect, it } from 'vitest';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { MalformedError } from './malformed-error.ts';

const reader = (hex: string): ByteReader => new ByteReader(Buffer.from(hex, 'hex'));

describe('ByteReader and ByteWriter', () => {
  const cases: [string, string, number, (r: ByteReader) => number, (w: ByteWriter, value: number) => void][] = [
    ['u8', 'fe', 0xfe, (r) => r.u8(), (w, v) => w.u8(v)],
    ['u16', 'fedc', 0xfedc, (r) => r.u16(), (w, v) => w.u16(v)],
    ['u24', 'fedcba', 0xfedcba, (r) => r.u24(), (w, v) => w.u24(v)],
    ['u32', 'fedcba98', 0xfedcba98, (r) => r.u32(), (w, v) => w.u32(v)],
    ['u32le', 'fedcba98', 0x98badcfe, (r) => r.u32le(), (w, v) => w.u32le(v)],
    ['u64', '001fffffffffffff', Number.MAX_SAFE_INTEGER, (r) => r.u64(), (w, v) => w.u64(v)],
    ['i16', 'fffe', -2, (r) => r.i16(), (w, v) => w.i16(v)],
    ['i24', 'fffffe', -2, (r) => r.i24(), (w, v) => w.i24(v)],
    ['i32', 'fffffffe', -2, (r) => r.i32(), (w, v) => w.i32(v)],
    ['f64', 'bff0000000000000', -1, (r) => r.f64(), (w, v) => w.f64(v)],
  ];

  it.each(cases)('read and write %s', (_name, hex, value, read, write) => {
    expect(read(reader(hex))).toBe(value);
    const writer = new ByteWriter(1);
    write(writer, value);
    expect(writer.finish().toString('hex')).toBe(hex);
  });

  it.each(cases)('do not read half a %s', (_name, hex, _value, read) => {
    const short = reader(hex.slice(2));
    expect(() => read(short)).toThrow(MalformedError);
    expect(short.offset).toBe(0);
  });
});

describe('ByteReader', () => {
  it('moves over what it hands out', () => {
    const r = reader('0102030405c3a9ff');
    expect(r.peekU24()).toBe(0x010203);
    expect(r.take(2)).toEqual(Buffer.of(1, 2));
    r.skip(3);
    expect(r.utf8(2)).toBe('é');
    expect([r.offset, r.remaining]).toEqual([7, 1]);
    expect(r.i8()).toBe(-1);
    expect(r.rest()).toHaveLength(0);
  });

  it('hands out views, not copies', () => {
    const bytes = Buffer.from('abcd');
    bytes.write('z', 1);
    expect(new ByteReader(bytes, 1).take(1).buffer).toBe(bytes.buffer);
  });

  it('names the offset of what it could not read', () => {
    const r = reader('000000');
    r.skip(1);
    expect(() => r.u32()).toThrow('4 bytes wanted, 2 left at byte 1');
    expect(() => r.take(-1)).toThrow(MalformedError);
    expect(() => r.peekU24()).toThrow(MalformedError);
    expect(r.offset).toBe(1);
  });

  it('refuses numbers that JavaScript cannot hold', () => {
    expect(() => reader('0020000000000000').u64()).toThrow(MalformedError);
  });
});

describe('ByteWriter', () => {
  it('grows over its first capacity', () => {
    const writer = new ByteWriter(2);
    writer.u8(1).bytes(Buffer.from('abcdefgh')).utf8('é').fill(0xff, 3);
    expect(writer.offset).toBe(14);
    expect(writer.finish().toString('hex')).toBe('016162636465666768c3a9ffffff');
  });

  it('patches a size that is known later', () => {
    const writer = new ByteWriter().u32(0).utf8('moof');
    writer.patchU32(0, writer.offset);
    expect(writer.finish().toString('hex')).toBe('000000086d6f6f66');
    expect(() => new ByteWriter().u16(0).patchU32(0, 1)).toThrow(RangeError);
  });

  it('refuses values that do not fit their field', () => {
    expect(() => new ByteWriter().u8(256)).toThrow(RangeError);
    expect(() => new ByteWriter().u24(2 ** 24)).toThrow(RangeError);
  });
});
