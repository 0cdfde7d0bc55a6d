import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedError } from '../../bytes/malformed-error.ts';
import { parseSps } from './sps.ts';

/** SPS of x264, with what ffprobe says about them. */
const cases = [
  ['baseline 1080p29.97, cropped', '6742c028da01e0089f97011000003e90000ea600f1832a', 66, 40, 1920, 1080, 30_000 / 1001],
  ['interlaced 1080i25', '67640028acd94078044fde0220000003002000000643e2c5b2c0', 100, 40, 1920, 1080, 25],
  ['4:4:4 with scaling matrix', '67f40016919b28363fcfe022000003000200000300c81e2c5b2c', 244, 22, 426, 240, 50],
  [
    '4:2:2 10 bit, cropped both ways',
    '677a001eb6cd940b835e222f011000000300100000030300f162d960',
    122,
    30,
    722,
    406,
    24,
  ],
  ['anamorphic baseline', '6742c01ed900b4126c1040000003004000000c83c58b92', 66, 30, 720, 576, 25],
] as const;

describe('parseSps', () => {
  it.each(cases)('reads %s as ffprobe does', (_, hex, profile, level, width, height, frameRate) => {
    const sps = parseSps(Buffer.from(hex, 'hex'));
    expect(sps).toMatchObject({ profile, level, width, height });
    expect(sps.frameRate).toBeCloseTo(frameRate, 6);
  });

  it.each([
    ['B-frames that others refer to', '6764000cacd941419f9f011000000300100000030320f1429960', 2],
    ['HRD parameters', '6764000dacd305067e7c0440000003004000000c9808007a10001e84e4c28078a149c0', 1],
    ['no B-frames', '6764000cacb40a0cfcf808800000030080000019078a1550', 0],
    ['a VUI that is cut off', '6764000dacd305067e7c0440000003004000000c9808007a10', undefined],
  ] as const)('reads max_num_reorder_frames with %s as ffmpeg does', (_, hex, maxReorderFrames) => {
    expect(parseSps(Buffer.from(hex, 'hex'))).toMatchObject({ maxReorderFrames });
  });

  it('reads chroma format and bit depths of the high profiles', () => {
    expect(parseSps(Buffer.from(cases[3][1], 'hex'))).toMatchObject({
      chromaFormat: 2,
      bitDepthLuma: 10,
      bitDepthChroma: 10,
    });
  });

  it('throws nothing but MalformedError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.constantFrom(...cases), fc.uint8Array({ maxLength: 40 }), fc.nat(30), ([, hex], noise, at) => {
        const bytes = Buffer.from(hex, 'hex');
        bytes.set(noise.subarray(0, Math.max(0, bytes.length - 1 - at)), 1 + Math.min(at, bytes.length - 1));
        try {
          parseSps(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
    );
  });
});
