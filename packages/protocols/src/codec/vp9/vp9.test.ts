import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedError } from '../../bytes/malformed-error.ts';
import { parseVp9KeyFrame } from './frame-header.ts';
import { parseVp9Configuration, vpccOfRecord } from './vpcc.ts';

/** Bodies of vpcC that ffmpeg wrote. */
const body = Buffer.from('010000000015820202020000', 'hex');
const body422 = Buffer.from('010000000315a40202020000', 'hex');

describe('vpcC', () => {
  it('is read as ffmpeg wrote it', () => {
    expect(parseVp9Configuration(body)).toEqual({ profile: 0, level: 21, bitDepth: 8, chromaSubsampling: 1 });
    expect(parseVp9Configuration(body422)).toEqual({ profile: 3, level: 21, bitDepth: 10, chromaSubsampling: 2 });
  });

  it('is made of the record alone, and of itself', () => {
    expect(vpccOfRecord(body.subarray(4))).toEqual(body);
    expect(vpccOfRecord(body422)).toBe(body422);
    expect(() => vpccOfRecord(body.subarray(5))).toThrow(MalformedError);
  });
});

describe('parseVp9KeyFrame', () => {
  it.each([
    ['profile 0', '824983420027f016760638241c184a10', 0],
    ['profile 3, 4:2:2 10 bit', 'b124c1a102013f80b3b031c120e0c2c0', 3],
  ])('reads the size of a key frame: %s', (_, hex, profile) => {
    expect(parseVp9KeyFrame(Buffer.from(hex, 'hex'))).toEqual({ profile, width: 640, height: 360 });
  });

  it('has nothing to say of other frames', () => {
    expect(parseVp9KeyFrame(Buffer.from('860040927012a000', 'hex'))).toBeUndefined();
  });

  it('throws nothing but MalformedError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 16 }), (bytes) => {
        for (const parse of [parseVp9KeyFrame, parseVp9Configuration, vpccOfRecord]) {
          try {
            parse(Buffer.from(bytes));
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedError);
          }
        }
      }),
    );
  });
});
