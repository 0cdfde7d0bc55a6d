import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedError } from '../../bytes/malformed-error.ts';
import { buildAvcConfiguration, parseAvcConfiguration } from './avcc.ts';
import { mergeParameterSets } from './parameter-sets.ts';

/** avcC that ffmpeg wrote for an x264 stream, High profile. */
const record = Buffer.from(
  '0164001effe1001a6764001eacd940a02ff97011000003000100000300320f162d9601000468efbcb0fdf8f800',
  'hex',
);
const otherSps = Buffer.from('6742c01ed900b4126c1040000003004000000c83c58b92', 'hex');
const otherPps = Buffer.from('68cb83cb20', 'hex');

describe('avcC', () => {
  it('is built as ffmpeg builds it', () => {
    const { sps, pps, lengthBytes } = parseAvcConfiguration(record);
    expect(lengthBytes).toBe(4);
    expect(buildAvcConfiguration(sps, pps)).toEqual(record);
  });

  it('throws nothing but MalformedError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8 }), fc.nat(record.length), (noise, at) => {
        const bytes = Buffer.concat([record.subarray(0, at), noise, record.subarray(at + noise.length)]);
        try {
          const { sps, pps } = parseAvcConfiguration(bytes);
          buildAvcConfiguration(sps, pps);
          mergeParameterSets(record, [...sps, ...pps]);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
    );
  });
});

describe('mergeParameterSets', () => {
  it('finds nothing new in sets that the record holds', () => {
    const { sps, pps } = parseAvcConfiguration(record);
    expect(mergeParameterSets(record, [...sps, ...pps])).toBeUndefined();
  });

  it('replaces the sets with the same id', () => {
    const merged = parseAvcConfiguration(mergeParameterSets(record, [otherSps, otherPps])!);
    expect(merged).toMatchObject({ sps: [otherSps], pps: [otherPps] });
  });

  it('makes a record of in-band sets alone, as in MPEG-TS, once both kinds are there', () => {
    expect(mergeParameterSets(undefined, [otherSps])).toBeUndefined();
    expect(mergeParameterSets(undefined, [otherSps, otherPps])).toEqual(buildAvcConfiguration([otherSps], [otherPps]));
  });
});
