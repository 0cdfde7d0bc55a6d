import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedError } from '../../bytes/malformed-error.ts';
import { buildOpusHead, dopsOfOpusHead, opusHeadOfDops, parseOpusHead } from './opus-head.ts';
import { opusPacketSamples } from './packet.ts';

/** OpusHead that ffmpeg wrote into Matroska, and dOps that it wrote into MP4 for the same stream. */
const cases = [
  ['mono', '4f707573486561640101380180bb0000000000', '000101380000bb80000000', 1],
  ['stereo', '4f707573486561640102380180bb0000000000', '000201380000bb80000000', 2],
  ['5.1', '4f707573486561640106380180bb00000000010402000401020305', '000601380000bb800000010402000401020305', 6],
] as const;

describe('OpusHead', () => {
  it.each(cases)('of %s is turned into dOps and back as ffmpeg does', (_, head, dops, channels) => {
    const parsed = parseOpusHead(Buffer.from(head, 'hex'));
    expect(parsed).toMatchObject({ channels, preSkip: 312, inputSampleRate: 48_000, outputGain: 0 });
    expect(buildOpusHead(parsed).toString('hex')).toBe(head);
    expect(dopsOfOpusHead(Buffer.from(head, 'hex')).toString('hex')).toBe(dops);
    expect(opusHeadOfDops(Buffer.from(dops, 'hex')).toString('hex')).toBe(head);
  });

  it('is made of a number of channels where a container tells no more', () => {
    expect(buildOpusHead({ channels: 2 }).toString('hex')).toBe('4f707573486561640102000080bb0000000000');
  });

  it('keeps a negative gain', () => {
    const head = buildOpusHead({ channels: 1, outputGain: -300 });
    expect(parseOpusHead(opusHeadOfDops(dopsOfOpusHead(head))).outputGain).toBe(-300);
  });

  it('throws nothing but MalformedError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), fc.boolean(), (noise, named) => {
        const bytes = Buffer.concat([Buffer.from(named ? 'OpusHead' : ''), noise]);
        for (const parse of [parseOpusHead, opusHeadOfDops, dopsOfOpusHead, opusPacketSamples]) {
          try {
            parse(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(MalformedError);
          }
        }
      }),
    );
  });
});

describe('opusPacketSamples', () => {
  it.each([
    ['20 ms CELT of OBS', 'f89ef311', 960],
    ['2.5 ms CELT', 'e0', 120],
    ['60 ms SILK', '18', 2880],
    ['10 ms hybrid', '60', 480],
    ['two frames of 20 ms', 'f900', 1920],
    ['five frames of 20 ms, told by their count', 'fb05', 4800],
  ])('reads %s', (_, hex, samples) => {
    expect(opusPacketSamples(Buffer.from(hex, 'hex'))).toBe(samples);
  });

  it('refuses packets that are longer than 120 ms or have no frame', () => {
    expect(() => opusPacketSamples(Buffer.from('fb07', 'hex'))).toThrow(MalformedError);
    expect(() => opusPacketSamples(Buffer.from('fb00', 'hex'))).toThrow(MalformedError);
  });
});
