import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedError } from '../../bytes/malformed-error.ts';
import { ac3AccessUnitBytes, ac3AccessUnitSamples, parseAc3AccessUnit } from './access-unit.ts';
import { buildAc3Config, parseAc3Config } from './config.ts';
import { parseAc3Header } from './sync-frame.ts';

/** The first bytes of frames that ffmpeg encoded, and the body of dac3 or dec3 that it wrote for them. */
const cases = [
  ['ac3', '48 kHz mono', '0b77b69d14402f842bc1c77aaf5e1be7', '100940', 48_000, 1, 768],
  ['ac3', '48 kHz stereo', '0b77d676144043e106f46370c0c0c218', '101140', 48_000, 2, 768],
  ['ac3', '48 kHz 5.1', '0b7792d61440ebf8403efe007f0f0f08', '103d40', 48_000, 6, 768],
  ['ac3', '44.1 kHz stereo', '0b77a8e6504043e106f2b94303030308', '501100', 44_100, 2, 556],
  ['eac3', '48 kHz mono', '0b77017f3287c0002107c060e3bd57af', '0600200200', 48_000, 1, 768],
  ['eac3', '48 kHz 5.1', '0b77017f3f87c00020e8200002004000', '0600200f00', 48_000, 6, 768],
  ['eac3', '32 kHz stereo', '0b77011fb487c0002084210833c02506', '0300a00400', 32_000, 2, 576],
] as const;

/** A sync frame of E-AC-3 with nothing in it: 48 kHz, 5.1 or the four surrounds of a dependent substream. */
function eac3Frame(options: {
  dependent?: boolean;
  substream?: number;
  blocks?: 0 | 1 | 2 | 3;
  channelMap?: number;
}): Buffer {
  const { dependent = false, substream = 0, blocks = 3, channelMap } = options;
  const frame = Buffer.alloc(64);
  frame.writeUInt16BE(0x0b77, 0); // syncword
  frame.writeUInt16BE(((dependent ? 1 : 0) << 14) | (substream << 11) | 31, 2); // strmtyp, substreamid, frmsiz
  frame[4] = (blocks << 4) | (dependent ? 0x0c : 0x0f); // fscod 0, numblkscod, acmod 6 or 7, lfeon
  frame[5] = 16 << 3; // bsid 16, dialnorm
  if (channelMap !== undefined) frame.writeUInt32BE((0x10_000 | channelMap) * 2 ** 12, 6); // dialnorm, compre 0, chanmape 1, chanmap
  return frame;
}

describe('parseAc3Header', () => {
  it.each(cases)('reads %s of %s', (codec, _, hex, _config, sampleRate, channels, frameBytes) => {
    const bytes = Buffer.concat([Buffer.alloc(3), Buffer.from(hex, 'hex')]);
    const samplesPerFrame = 1536;
    expect(parseAc3Header(bytes, 3)).toMatchObject({ codec, sampleRate, channels, frameBytes, samplesPerFrame });
  });

  it('throws nothing but MalformedError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), fc.boolean(), (noise, synced) => {
        const bytes = Buffer.concat([Buffer.from(synced ? '0b77' : '', 'hex'), noise]);
        try {
          parseAc3Header(bytes);
          parseAc3AccessUnit(bytes);
          ac3AccessUnitBytes(bytes, 0, true);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
    );
  });
});

describe('dac3 and dec3', () => {
  it.each(cases)('of %s with %s are built as ffmpeg builds them', (codec, _, hex, config, sampleRate, channels) => {
    expect(buildAc3Config(parseAc3Header(Buffer.from(hex, 'hex'))).toString('hex')).toBe(config);
    expect(parseAc3Config(Buffer.from(config, 'hex'))).toEqual({ codec, sampleRate, channels });
  });

  it('count the speakers of dependent substreams: Lrs/Rrs make 7.1 of 5.1', () => {
    const unit = Buffer.concat([eac3Frame({}), eac3Frame({ dependent: true, channelMap: 0x0200 })]);
    const [first, ...others] = parseAc3AccessUnit(unit);
    const config = buildAc3Config(first!, others);
    expect(config.toString('hex')).toBe('0100200f0202'); // data_rate 32; num_dep_sub 1, chan_loc 2
    expect(parseAc3Config(config)).toEqual({ codec: 'eac3', sampleRate: 48_000, channels: 8 });
  });

  it('throw nothing but MalformedError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8 }), (bytes) => {
        try {
          parseAc3Config(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
    );
  });
});

describe('ac3AccessUnitBytes', () => {
  const main = eac3Frame({});
  const extension = eac3Frame({ dependent: true });
  const second = eac3Frame({ substream: 1 });

  it('takes dependent and further substreams along', () => {
    const bytes = Buffer.concat([main, extension, second, main]);
    expect(ac3AccessUnitBytes(bytes, 0, false)).toBe(192);
    expect(ac3AccessUnitSamples(bytes.subarray(0, 192))).toBe(1536);
  });

  it('gathers frames until there are six blocks', () => {
    const short = eac3Frame({ blocks: 1 }); // two blocks
    const bytes = Buffer.concat([short, short, short, short]);
    expect(ac3AccessUnitBytes(bytes, 0, false)).toBe(192);
    expect(ac3AccessUnitSamples(bytes.subarray(0, 192))).toBe(1536);
  });

  it('does not tell before it has seen what follows, unless nothing does', () => {
    expect(ac3AccessUnitBytes(main, 0, false)).toBeUndefined();
    expect(ac3AccessUnitBytes(main, 0, true)).toBe(64);
    expect(ac3AccessUnitBytes(main.subarray(0, 40), 0, true)).toBeUndefined();
  });
});
