import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedError } from '../../bytes/malformed-error.ts';
import { joinAnnexB, splitAnnexB } from '../nal/annex-b.ts';
import { joinLengthPrefixed, splitLengthPrefixed } from '../nal/length-prefixed.ts';
import { parseAnnexB, parseLengthPrefixed } from './access-unit.ts';

const delimiter = Buffer.from('09f0', 'hex');
const sps = Buffer.from('6742c01ed900b4126c1040000003004000000c83c58b92', 'hex');
const pps = Buffer.from('68cb83cb20', 'hex');
const sei = Buffer.from('0605ff80', 'hex');
const idr = Buffer.from('65888400', 'hex').subarray(0, 3);
const slice = Buffer.from('419a2211', 'hex');
const filler = Buffer.from('0cffff80', 'hex');

describe('parseLengthPrefixed', () => {
  it('hands out the same bytes when there is nothing to take out', () => {
    const bytes = joinLengthPrefixed([sei, slice]);
    expect(parseLengthPrefixed(bytes, 4).data).toBe(bytes);
  });

  it('takes out delimiter, parameter sets and filler, and keeps SEI', () => {
    const unit = parseLengthPrefixed(joinLengthPrefixed([delimiter, sps, pps, sei, idr, filler]), 4);
    expect(unit.data).toEqual(joinLengthPrefixed([sei, idr]));
    expect(unit.parameterSets).toEqual([sps, pps]);
    expect(unit.isIdr).toBe(true);
  });

  it('widens short length fields', () => {
    const bytes = Buffer.concat([Buffer.from([0, slice.length]), slice]);
    expect(parseLengthPrefixed(bytes, 2)).toEqual({
      data: joinLengthPrefixed([slice]),
      isIdr: false,
      parameterSets: [],
    });
  });

  it('refuses an access unit whose lengths do not add up', () => {
    expect(() => parseLengthPrefixed(joinLengthPrefixed([slice]).subarray(0, -1), 4)).toThrow(MalformedError);
    expect(() => parseLengthPrefixed(Buffer.from([0, 9, 1]), 2)).toThrow(MalformedError);
  });

  it('throws nothing but MalformedError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.constantFrom(1, 2, 4), (bytes, lengthBytes) => {
        try {
          parseLengthPrefixed(Buffer.from(bytes), lengthBytes);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
    );
  });
});

describe('parseAnnexB', () => {
  it('reads start codes of three and four bytes and drops trailing zeros', () => {
    const stream = Buffer.concat([
      Buffer.from([0, 0, 0, 1]),
      delimiter,
      Buffer.from([0, 0, 1]),
      idr,
      Buffer.from([0, 0, 0, 0, 1]),
      sei,
      Buffer.from([0, 0]),
    ]);
    const unit = parseAnnexB(stream);
    expect(splitLengthPrefixed(unit.data, 4)).toEqual([idr, sei]);
    expect(unit.isIdr).toBe(true);
  });

  it('is the inverse of joinAnnexB', () => {
    expect(splitAnnexB(joinAnnexB([sps, pps, idr]))).toEqual([sps, pps, idr]);
  });
});
