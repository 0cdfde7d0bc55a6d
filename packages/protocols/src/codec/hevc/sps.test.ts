import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedError } from '../../bytes/malformed-error.ts';
import { parseHevcSps } from './sps.ts';

/** SPS of x265, with what ffprobe says about them. */
const cases = [
  [
    'Main 720p25',
    '42010101600000030090000003000003005da00280802d165959a4932bc05a020000030002000003003210',
    { profile: 1, tier: 'main', level: 93, width: 1280, height: 720, frameRate: 25, maxReorderFrames: 2 },
  ],
  [
    'Main 10, cropped, with HRD',
    '420101022000000300900000030000030096a003c08010e754d9656224932bc05a02000007d20000ea60c1392cdc001e848003d091',
    { profile: 2, tier: 'main', level: 150, width: 1918, height: 1078, frameRate: 30_000 / 1001, maxReorderFrames: 2 },
  ],
  [
    'Main 4:2:2 10 in High tier with scaling lists',
    '4201012408000003009d08000003000096b003c08010e4d96562249395e02d424402410000030001000003003208',
    { profile: 4, tier: 'high', level: 150, width: 1920, height: 1080, frameRate: 50, maxReorderFrames: 2 },
  ],
  [
    'Main 4:4:4 without B-frames',
    '4201010408000003009e0800000300003f90014101e2cb2549272bc05a020000030002000003006410',
    { profile: 4, tier: 'main', level: 63, width: 320, height: 240, frameRate: 50, maxReorderFrames: 0 },
  ],
  [
    'two temporal sub-layers',
    '42010201600000030090000003000003003f0000a00a080f1659594acb249caf0168080000030008000003019040',
    { level: 63, temporalLayers: 2, temporalIdNested: false, width: 320, height: 240, frameRate: 50 },
  ],
  [
    'no timing',
    '42010101600000030090000003000003001ea0208316592ae4caf0168008',
    { profile: 1, tier: 'main', level: 30, width: 64, height: 48, frameRate: 0, maxReorderFrames: 0 },
  ],
] as const;

describe('parseHevcSps', () => {
  it.each(cases)('reads %s as ffprobe does', (_, hex, expected) => {
    expect(parseHevcSps(Buffer.from(hex, 'hex'))).toMatchObject(expected);
  });

  it('reads chroma format and bit depths', () => {
    const formats = cases.map(([, hex]) => {
      const { chromaFormat, bitDepthLuma, bitDepthChroma } = parseHevcSps(Buffer.from(hex, 'hex'));
      return [chromaFormat, bitDepthLuma, bitDepthChroma];
    });
    expect(formats.slice(0, 4)).toEqual([
      [1, 8, 8],
      [1, 10, 10],
      [2, 10, 10],
      [3, 8, 8],
    ]);
  });

  it('has no frame rate when the SPS is cut off behind the picture order', () => {
    const cut = Buffer.from(cases[0][1], 'hex').subarray(0, 32);
    expect(parseHevcSps(cut)).toMatchObject({ width: 1280, height: 720, frameRate: 0 });
  });

  it('throws nothing but MalformedError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.constantFrom(...cases), fc.uint8Array({ maxLength: 40 }), fc.nat(40), ([, hex], noise, at) => {
        const bytes = Buffer.from(hex, 'hex');
        bytes.set(noise.subarray(0, Math.max(0, bytes.length - 2 - at)), 2 + Math.min(at, bytes.length - 2));
        try {
          parseHevcSps(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
    );
  });
});
