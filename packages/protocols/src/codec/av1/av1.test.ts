import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedError } from '../../bytes/malformed-error.ts';
import { buildAv1Configuration, parseAv1Configuration } from './av1c.ts';
import { ObuType, obus } from './obu.ts';
import { parseSequenceHeader } from './sequence-header.ts';
import { parseTemporalUnit } from './temporal-unit.ts';

/** av1C that ffmpeg wrote for streams of libaom and SVT-AV1, with what ffprobe says about them. */
const records = [
  ['Main', '81010c000a0b0000000cc4ff6700be0010', { profile: 0, level: 1, bitDepth: 8, width: 640, height: 360 }],
  [
    'Main 10 bit',
    '81004c000a0b000000043ea7bcdaf94040',
    { profile: 0, level: 0, bitDepth: 10, width: 426, height: 240 },
  ],
  ['High 4:4:4', '812000000a0a200000043cffbcdaf902', { profile: 1, level: 0, bitDepth: 8, width: 320, height: 240 }],
  ['Main monochrome', '81001c000a0a000000043cffbcdaf92a', { profile: 0, isMonochrome: true, width: 320, height: 240 }],
] as const;

const delimiter = Buffer.from('1200', 'hex');
const sequenceHeader = Buffer.from('0a0b0000000cc4ff673efe4010', 'hex');
const keyFrame = Buffer.from('32041400a168', 'hex');
const interFrame = Buffer.from('320430c03d52', 'hex');
/** show_existing_frame, from an encoder. */
const shownFrame = Buffer.from('1a01c8', 'hex');

describe('av1C', () => {
  it.each(records)('of %s is built as ffmpeg builds it', (_, hex) => {
    expect(buildAv1Configuration(Buffer.from(hex, 'hex').subarray(4)).toString('hex')).toBe(hex);
  });

  it.each(records)('of %s tells what ffprobe tells', (_, hex, { width, height, ...expected }) => {
    const { sequenceHeader: header, ...configuration } = parseAv1Configuration(Buffer.from(hex, 'hex'));
    expect({ ...header, ...configuration }).toMatchObject({ width, height, tier: 'main', frameRate: 0, ...expected });
  });

  it('may leave the sequence header to the stream', () => {
    expect(parseAv1Configuration(Buffer.from('81010c00', 'hex')).sequenceHeader).toBeUndefined();
  });

  it('throws nothing but MalformedError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.constantFrom(...records), fc.uint8Array({ maxLength: 8 }), fc.nat(16), ([, hex], noise, at) => {
        const bytes = Buffer.from(hex, 'hex');
        bytes.set(noise.subarray(0, Math.max(0, bytes.length - at)), Math.min(at, bytes.length));
        for (const parse of [parseAv1Configuration, parseTemporalUnit, buildAv1Configuration, parseSequenceHeader]) {
          try {
            parse(bytes.subarray(parse === parseAv1Configuration ? 0 : 4));
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedError);
          }
        }
      }),
    );
  });
});

describe('parseSequenceHeader', () => {
  it('reads timing and operating points with a decoder model', () => {
    // seq_profile 0; timing 1/50, equal; decoder model with delays of 10 bits; display delay; two points, levels 5.1 High and 4.0
    const bits = [
      '000',
      '0',
      '0',
      '1',
      1n.toString(2).padStart(32, '0'),
      50n.toString(2).padStart(32, '0'),
      '1',
      '1',
      '1',
      '01001',
      '0'.repeat(32),
      '00000',
      '00000',
      '1',
      '00001',
      '0'.repeat(12),
      '01101',
      '1',
      '1',
      '0'.repeat(21),
      '1',
      '0011',
      '0'.repeat(12),
      '01000',
      '0',
      '0',
      '0',
      '1010',
      '1001',
      (1919).toString(2),
      '1000011011',
      '0',
      '000',
      '0000',
      '0',
      '1',
      '1',
      '000',
      '0',
      '0',
      '0',
      '0',
      '00',
    ].join('');
    const payload = Buffer.from(
      bits
        .padEnd(Math.ceil(bits.length / 8) * 8, '0')
        .match(/.{8}/g)!
        .map((byte) => Number.parseInt(byte, 2)),
    );
    const header = parseSequenceHeader(Buffer.concat([Buffer.from([0x0a, payload.length]), payload]));
    expect(header).toMatchObject({
      level: 13,
      tier: 'high',
      frameRate: 50,
      width: 1920,
      height: 540,
      subsamplingX: 1,
      bitDepth: 8,
    });
  });
});

describe('parseTemporalUnit', () => {
  it('takes out the delimiter and finds the sequence header', () => {
    const unit = parseTemporalUnit(Buffer.concat([delimiter, sequenceHeader, keyFrame]));
    expect(unit).toEqual({ data: Buffer.concat([sequenceHeader, keyFrame]), isKey: true, sequenceHeader });
  });

  it('hands out the same bytes when there is nothing to take out', () => {
    const bytes = Buffer.concat([interFrame, shownFrame]);
    expect(parseTemporalUnit(bytes)).toEqual({ data: bytes, isKey: false, sequenceHeader: undefined });
    expect(parseTemporalUnit(bytes).data).toBe(bytes);
  });

  it('knows a key frame without a sequence header, and that a frame shown again is none', () => {
    expect(parseTemporalUnit(keyFrame).isKey).toBe(true);
    expect(parseTemporalUnit(Buffer.concat([delimiter, shownFrame]))).toMatchObject({ isKey: false, data: shownFrame });
  });

  it('gives the last OBU the size field that it lacks', () => {
    const bare = Buffer.concat([Buffer.from([0x30]), Buffer.alloc(200, 0x30)]); // OBU_FRAME without size
    const { data } = parseTemporalUnit(bare);
    expect(data.subarray(0, 3).toString('hex')).toBe('32c801');
    expect(data.subarray(3)).toEqual(bare.subarray(1));
  });

  it('throws nothing but MalformedError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          parseTemporalUnit(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
    );
  });
});

describe('obus', () => {
  it('are handed out one after another, with and without their headers', () => {
    const found = [...obus(Buffer.concat([delimiter, sequenceHeader, keyFrame]))];
    expect(found.map(({ type }) => type)).toEqual([ObuType.temporalDelimiter, ObuType.sequenceHeader, ObuType.frame]);
    expect(found[2]).toMatchObject({ bytes: keyFrame, payload: keyFrame.subarray(2) });
  });

  it('refuses sizes that reach behind the end', () => {
    expect(() => [...obus(keyFrame.subarray(0, -1))]).toThrow(MalformedError);
    expect(() => [...obus(Buffer.from('32ffffffffffffffffff', 'hex'))]).toThrow(MalformedError);
  });
});
