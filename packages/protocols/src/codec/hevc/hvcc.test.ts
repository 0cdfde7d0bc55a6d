import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedError } from '../../bytes/malformed-error.ts';
import { buildHevcConfiguration, parseHevcConfiguration } from './hvcc.ts';
import { mergeHevcParameterSets } from './parameter-sets.ts';

/** hvcC that ffmpeg wrote into MP4 files of x265 streams. */
const records = {
  main: '0101600000009000000000005df000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003005d959809a10001002b42010101600000030090000003000003005da00280802d165959a4932bc05a020000030002000003003210a2000100074401c172b46240',
  'format range extensions, 4:4:4':
    '0104080000009e08000000003ff000fcfff8f800000f03a00001001740010c01ffff0408000003009e0800000300003f928090a1000100294201010408000003009e0800000300003f90014101e2cb2549272bc05a020000030002000003006410a2000100084401c172860c4624',
} as const;
/** Main 10, with an array of SEI. */
const withSei = Buffer.from(
  '01022000000090000000000096f000fcfdfafa00000f04a00001001940010c01ffff02200000030090000003000003009695880240a100010035420101022000000300900000030000030096a003c08010e754d9656224932bc05a02000007d20000ea60c1392cdc001e848003d091a2000100074401c172b4624027000100064e0181010f80',
  'hex',
);
const record = Buffer.from(records.main, 'hex');

const rebuilt = (bytes: Buffer): Buffer => {
  const { vps, sps, pps } = parseHevcConfiguration(bytes);
  return buildHevcConfiguration(vps, sps, pps);
};

describe('hvcC', () => {
  it.each(Object.entries(records))('is built as ffmpeg builds it: %s', (_, hex) => {
    expect(rebuilt(Buffer.from(hex, 'hex')).toString('hex')).toBe(hex);
  });

  it('leaves out what is no parameter set', () => {
    const expected = Buffer.from(withSei.subarray(0, -11));
    expected[22] = 3; // numOfArrays
    expect(rebuilt(withSei)).toEqual(expected);
  });

  it('knows the length of the length fields', () => {
    const short = Buffer.from(record);
    short[21] = 0x0d; // lengthSizeMinusOne 1
    expect(parseHevcConfiguration(short).lengthBytes).toBe(2);
    expect(rebuilt(short)).toEqual(record);
  });

  it('throws nothing but MalformedError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8 }), fc.nat(withSei.length), (noise, at) => {
        const bytes = Buffer.concat([withSei.subarray(0, at), noise, withSei.subarray(at + noise.length)]);
        try {
          const { vps, sps, pps } = parseHevcConfiguration(bytes);
          buildHevcConfiguration(vps, sps, pps);
          mergeHevcParameterSets(record, [...vps, ...sps, ...pps]);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
    );
  });
});

describe('mergeHevcParameterSets', () => {
  const own = parseHevcConfiguration(record);
  const other = parseHevcConfiguration(withSei);

  it('finds nothing new in sets that the record holds', () => {
    expect(mergeHevcParameterSets(record, [...own.vps, ...own.sps, ...own.pps])).toBeUndefined();
  });

  it('replaces the sets with the same id', () => {
    const merged = mergeHevcParameterSets(record, [...other.vps, ...other.sps, ...other.pps]);
    expect(merged).toEqual(rebuilt(withSei));
  });

  it('makes a record of nothing but in-band sets, once there is one of each kind', () => {
    expect(mergeHevcParameterSets(undefined, [...own.sps, ...own.pps])).toBeUndefined();
    expect(mergeHevcParameterSets(undefined, [...own.vps, ...own.sps, ...own.pps])).toEqual(record);
  });
});
