import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AmfObject, type AmfValue, decodeAmf0, EcmaArray, encodeAmf0 } from './amf0.ts';
import { MalformedError } from './malformed-error.ts';

const decode = (hex: string): AmfValue[] => decodeAmf0(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const object = (properties: AmfObject): AmfObject => Object.assign(Object.create(null), properties);

describe('AMF0', () => {
  const cases: [string, string, AmfValue | EcmaArray, AmfValue][] = [
    ['a number', '00 3ff8000000000000', 1.5, 1.5],
    ['true', '01 01', true, true],
    ['false', '01 00', false, false],
    ['a string', '02 0004 6c697665', 'live', 'live'],
    ['an empty string', '02 0000', '', ''],
    ['text beyond ASCII', '02 0002 c3a9', 'é', 'é'],
    ['an object', '03 0001 61 05 000009', { a: null }, object({ a: null })],
    ['null', '05', null, null],
    ['undefined', '06', undefined, undefined],
    ['an ECMA array', '08 00000001 0001 61 0101 000009', new EcmaArray({ a: true }), object({ a: true })],
    ['a strict array', '0a 00000002 05 06', [null, undefined], [null, undefined]],
    ['a date', '0b 4271f71fb04cb000 0000', new Date(1234567890123), new Date(1234567890123)],
  ];

  it.each(cases)('reads and writes %s', (_name, hex, value, read) => {
    expect(decode(hex)).toStrictEqual([read]);
    expect(encodeAmf0(value).toString('hex')).toBe(hex.replaceAll(' ', ''));
  });

  it('writes strings over 65,535 bytes in the long form', () => {
    const text = 'x'.repeat(65_536);
    const bytes = encodeAmf0(text);
    expect(bytes.subarray(0, 5).toString('hex')).toBe('0c00010000');
    expect(decodeAmf0(bytes)).toEqual([text]);
  });

  it.each([
    ['an ECMA array with a wrong count', '08 00000000 0001 61 0101 000009', [object({ a: true })]],
    ['an ECMA array without end marker', '08 00000001 0001 61 0101', [object({ a: true })]],
    ['an ECMA array whose end marker is cut', '08 00000001 0001 61 0101 0000', [object({ a: true })]],
    ['a property with an empty key', '03 0000 0101 000009', [object({ '': true })]],
    ['a typed object', '10 0003 466f6f 0001 61 05 000009', [object({ a: null })]],
    ['an XML document', '0f 00000003 3c612f', ['<a/']],
    ['an unsupported value', '0d', [undefined]],
    ['a reference', '03 0001 61 05 000009 07 0000', [object({ a: null }), object({ a: null })]],
    ['AMF3 undefined, null, false and true', '11 00 11 01 11 02 11 03', [undefined, null, false, true]],
    ['AMF3 integers', '11 04 05 11 04 8100 11 04 ffffffff', [5, 128, -1]],
    ['an AMF3 double', '11 05 3ff8000000000000', [1.5]],
    ['an AMF3 string', '11 06 09 6c697665', ['live']],
  ])('reads %s', (_name, hex, values) => {
    expect(decode(hex)).toStrictEqual(values);
  });

  it.each([
    ['a number that is cut', '00 3ff8'],
    ['a string that is cut', '02 0004 6c'],
    ['an object that is cut', '03 0001 61 05'],
    ['a strict array with an absurd count', '0a ffffffff 05'],
    ['a reference to nothing', '07 0000'],
    ['a reference to the object that it is in', '03 0001 61 07 0000 000009'],
    ['an unknown marker', '12'],
    ['an AMF3 object', '11 0a 0b 01'],
    ['an AMF3 string reference', '11 06 00'],
  ])('refuses %s', (_name, hex) => {
    expect(() => decode(hex)).toThrow(MalformedError);
  });

  it('reads properties with the names of built-in ones as plain properties', () => {
    const [value] = decodeAmf0(encodeAmf0(JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}')));
    expect(Object.keys(value as AmfObject)).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('refuses nesting that could exhaust the stack', () => {
    expect(() => decode(`${'0a00000001'.repeat(16)}05`)).not.toThrow();
    expect(() => decode(`${'0a00000001'.repeat(17)}05`)).toThrow(/deeper than 16/);
  });

  it('refuses references that unfold a short message into a huge one', () => {
    const doubling = Array.from(
      { length: 40 },
      (_, i) => `0a00000002 ${'07'.concat(i.toString(16).padStart(4, '0')).repeat(2)}`,
    );
    expect(() => decode(`0a0000000105 ${doubling.join('')}`)).toThrow(/more than 65536/);
  });

  it('gives back what it wrote', () => {
    const { value } = fc.letrec<{ value: AmfValue }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', maxDepth: 4 },
        fc.double({ noNaN: true }),
        fc.boolean(),
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom(null, undefined),
        fc.date({ noInvalidDate: true }),
        fc.array(tie('value'), { maxLength: 4 }),
        fc
          .dictionary(fc.string({ unit: 'grapheme' }), tie('value'), { maxKeys: 4, noNullPrototype: false })
          .map(object),
      ),
    }));
    fc.assert(
      fc.property(fc.array(value), (values) => {
        expect(decodeAmf0(encodeAmf0(...values))).toStrictEqual(values);
      }),
    );
  });

  it('throws nothing but MalformedError, whatever the bytes', () => {
    const bytes = fc.array(fc.oneof(fc.nat(17), fc.nat(255)), { maxLength: 300 });
    fc.assert(
      fc.property(bytes, (values) => {
        try {
          decodeAmf0(Buffer.from(values));
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
