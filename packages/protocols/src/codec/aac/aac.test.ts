import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedError } from '../../bytes/malformed-error.ts';
import { parseMpegAudioHeader } from '../mp3/frame-header.ts';
import { buildAdtsHeader, configOfAdts, MAX_ADTS_PAYLOAD_BYTES, parseAdtsHeader, setAdtsPayloadBytes } from './adts.ts';
import { buildAudioSpecificConfig, parseAudioSpecificConfig } from './audio-specific-config.ts';

const parse = (hex: string) => parseAudioSpecificConfig(Buffer.from(hex, 'hex'));

describe('AudioSpecificConfig', () => {
  it.each([
    ['LC 48 kHz stereo', '1190', 2, 48_000, 48_000, 2],
    ['LC with the SBR extension that ffmpeg marks as absent', '119056e500', 2, 48_000, 48_000, 2],
    ['LC 44.1 kHz mono', '1208', 2, 44_100, 44_100, 1],
    ['LC 5.1', '11b0', 2, 48_000, 48_000, 6],
    ['HE-AAC, explicit (AOT 5)', '2b118800', 2, 48_000, 24_000, 2],
    ['HE-AAC v2, explicit (AOT 29)', 'eb098800', 2, 48_000, 24_000, 2],
    ['HE-AAC, signalled backward compatibly', '131056e598', 2, 48_000, 24_000, 2],
    ['a frequency without index', '17801f4010', 2, 16_000, 16_000, 2],
  ])('reads %s', (_, hex, objectType, sampleRate, coreSampleRate, channels) => {
    expect(parse(hex)).toMatchObject({ objectType, sampleRate, coreSampleRate, channels });
  });

  it.each([
    ['quad', '118004c404002110', 4],
    ['2.1', '118004c401002000', 3],
    ['6.1', '118004c848002000c440', 7],
  ])('counts the channels of a program config element: %s, as ffmpeg writes it', (_, hex, channels) => {
    expect(parse(`${hex}0d4c61766335392e33372e31303056e500`).channels).toBe(channels);
  });

  it('reads object types that it does not know up to the channels', () => {
    expect(parse('f8e85000')).toMatchObject({ objectType: 39, channels: 2 });
  });

  it('knows frames of 960 samples', () => {
    expect(parse('1194').samplesPerFrame).toBe(960);
  });

  it.each([
    [48_000, '1190'],
    [22_050, '1390'],
    [16_001, '17801f4090'],
  ])('is built for %i Hz', (sampleRate, hex) => {
    expect(buildAudioSpecificConfig(2, sampleRate, 2).toString('hex')).toBe(hex);
    expect(parse(hex)).toMatchObject({ sampleRate, channels: 2 });
  });

  it('throws nothing but MalformedError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
        try {
          parseAudioSpecificConfig(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
    );
  });
});

describe('ADTS', () => {
  it('is read back as it was built', () => {
    const config = parse('1190');
    const header = parseAdtsHeader(Buffer.concat([Buffer.alloc(3), buildAdtsHeader(config, 400)]), 3);
    expect(header).toEqual({
      objectType: 2,
      sampleRate: 48_000,
      channelConfiguration: 2,
      headerBytes: 7,
      frameBytes: 407,
    });
    expect(configOfAdts(header).toString('hex')).toBe('1190');
  });

  it('is read from a header with CRC, of ffmpeg for 44.1 kHz mono', () => {
    expect(parseAdtsHeader(Buffer.from('fff050401f5ffc', 'hex'))).toMatchObject({
      sampleRate: 44_100,
      channelConfiguration: 1,
      headerBytes: 9,
      frameBytes: 250,
    });
  });

  it('refuses other bytes and access units that are too long', () => {
    expect(() => parseAdtsHeader(Buffer.alloc(7))).toThrow(MalformedError);
    expect(() => parseAdtsHeader(Buffer.from('fff1'))).toThrow(MalformedError);
    expect(() => buildAdtsHeader(parse('1190'), 9000)).toThrow(MalformedError);
  });

  it('sets the size of an access unit in a header that is used again', () => {
    const header = buildAdtsHeader(parse('1190'), 0);
    for (const payloadBytes of [MAX_ADTS_PAYLOAD_BYTES, 341]) {
      setAdtsPayloadBytes(header, payloadBytes);
      expect(header).toEqual(buildAdtsHeader(parse('1190'), payloadBytes));
    }
  });
});

describe('MPEG audio', () => {
  it.each([
    ['fffb9064', 3, 44_100, 2, 417, 1152],
    ['fffb94c4', 3, 48_000, 1, 384, 1152],
    ['fff38064', 3, 22_050, 2, 208, 576],
    ['ffe390c4', 3, 11_025, 1, 522, 576],
    ['fffd8404', 2, 48_000, 2, 384, 1152],
    ['fffb0064', 3, 44_100, 2, 0, 1152],
  ])('header %s', (hex, layer, sampleRate, channels, frameBytes, samplesPerFrame) => {
    const header = parseMpegAudioHeader(Buffer.from(`00${hex}`, 'hex'), 1);
    expect(header).toEqual({ layer, sampleRate, channels, frameBytes, samplesPerFrame });
  });

  it('refuses other bytes', () => {
    expect(() => parseMpegAudioHeader(Buffer.from('af010203', 'hex'))).toThrow(MalformedError);
  });
});
