import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedError } from '../../bytes/malformed-error.ts';
import { flacFrameSamples } from './frame-header.ts';
import { parseStreamInfo } from './stream-info.ts';

/** Marker and STREAMINFO of ffmpeg: 48 kHz stereo, 16 bit. */
const config = Buffer.from(
  '664c614380000022120012000001690005630bb802f000005dc0549def76f00e5817bc9cdcdc887f3de5',
  'hex',
);

describe('STREAMINFO', () => {
  it('is read behind its marker', () => {
    expect(parseStreamInfo(config)).toEqual({
      sampleRate: 48_000,
      channels: 2,
      bitsPerSample: 16,
      minBlockSamples: 4608,
      maxBlockSamples: 4608,
    });
  });

  it('refuses another block in its place', () => {
    expect(() => parseStreamInfo(Buffer.from('664c614384000022', 'hex'))).toThrow(MalformedError);
  });
});

describe('flacFrameSamples', () => {
  it.each([
    ['576 times a power of two', 'fff859080000', 4608],
    ['a power of two', 'fff8c9080000', 4096],
    ['192', 'fff819080000', 192],
    ['one byte behind a number of one byte', 'fff8690805bf00', 192],
    ['two bytes behind a number of two bytes', 'fff87908c2800bf600', 3063],
  ])('knows block sizes: %s', (_, hex, samples) => {
    expect(flacFrameSamples(Buffer.from(hex, 'hex'))).toBe(samples);
  });

  it('throws nothing but MalformedError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (noise) => {
        for (const [parse, head] of [
          [flacFrameSamples, 'fff8'],
          [parseStreamInfo, '664c6143'],
        ] as const) {
          try {
            parse(Buffer.concat([Buffer.from(head, 'hex'), noise]));
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedError);
          }
        }
      }),
    );
  });
});
