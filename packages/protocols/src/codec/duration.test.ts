import { describe, expect, it } from 'vitest';
import type { AudioCodec, AudioTrack } from '../media/track.ts';
import { audioFrameSamples } from './duration.ts';

const track = (codec: AudioCodec, sampleRate: number, config = ''): AudioTrack => ({
  kind: 'audio',
  codec,
  timescale: 1000,
  sampleRate,
  channels: 2,
  bitrateBps: 0,
  config: Buffer.from(config, 'hex'),
});

describe('audioFrameSamples', () => {
  it.each([
    ['AAC-LC', track('aac', 48_000, '1190'), '', 1024],
    ['HE-AAC, at the doubled rate', track('aac', 44_100, '2b920800'), '', 2048],
    ['MP3', track('mp3', 48_000), 'fffb94c4', 1152],
    ['MP3 of MPEG-2', track('mp3', 22_050), 'fff38064', 576],
    ['Opus', track('opus', 48_000), 'f89ef311', 960],
    ['FLAC', track('flac', 48_000), 'fff859080000', 4608],
    ['AC-3', track('ac3', 48_000), '0b77d676144043e106f46370c0c0c218', 1536],
    ['E-AC-3', track('eac3', 48_000), '0b77017f3f87c00020e8200002004000', 1536],
  ] as const)('tells how long a frame of %s sounds', (_, of, hex, samples) => {
    expect(audioFrameSamples(of, Buffer.from(hex, 'hex'))).toBe(samples);
  });
});
