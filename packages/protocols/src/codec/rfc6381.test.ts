import { describe, expect, it } from 'vitest';
import type { Track } from '../media/track.ts';
import { codecString } from './rfc6381.ts';

const named = (codec: Track['codec'], hex = ''): string =>
  codecString({ codec, config: Buffer.from(hex, 'hex') } as Track);

describe('codecString', () => {
  it.each([
    ['h264', '0164001effe1001a6764001eacd940a02ff97011', 'avc1.64001e'],
    ['hevc', '0101600000009000000000005df000fcfdf8f800000f03', 'hvc1.1.6.L93.90'],
    ['hevc', '0124080000009d080000000096f000fcfefafa00000f04', 'hvc1.4.10.H150.9D.8'],
    ['av1', '81010c000a0b0000000cc4ff6700be0010', 'av01.0.01M.08'],
    ['av1', '81004c00', 'av01.0.00M.10'],
    ['vp9', '010000000015820202020000', 'vp09.00.21.08'],
    ['aac', '1190', 'mp4a.40.2'],
    ['aac', '2b8a0800', 'mp4a.40.5'],
    ['mp3', '', 'mp4a.40.34'],
    ['ac3', '', 'ac-3'],
    ['eac3', '', 'ec-3'],
    ['opus', '', 'opus'],
    ['flac', '', 'fLaC'],
  ] as const)('names %s with configuration %s: %s', (codec, hex, expected) => {
    expect(named(codec, hex)).toBe(expected);
  });
});
