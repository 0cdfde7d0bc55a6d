import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { looksLikeFmp4, looksLikeTs } from './media-signature.ts';

function packets(count: number, sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(count * sizeBytes, 0xff);
  for (let at = 0; at < bytes.length; at += sizeBytes) bytes[at] = 0x47;
  return bytes;
}

describe('MPEG-TS', () => {
  it.each([188, 192, 204])('is recognised by packets of %i bytes, wherever they begin', (sizeBytes) => {
    expect(looksLikeTs(packets(4, sizeBytes))).toBe(true);
    expect(looksLikeTs(Buffer.concat([Buffer.from('G  rubbish'), packets(4, sizeBytes)]))).toBe(true);
    expect(looksLikeTs(packets(3, sizeBytes))).toBeUndefined();
  });

  it('is not seen in text, noise or an MP4 file', () => {
    const clip = new URL('../../../../examples/clip.mp4', import.meta.url);
    for (const bytes of [
      readFileSync(import.meta.filename),
      randomBytes(8192),
      readFileSync(clip).subarray(0, 65_536),
    ]) {
      expect(looksLikeTs(bytes)).toBeUndefined();
    }
  });
});

describe('fragmented MP4', () => {
  it.each([
    ['\0\0\0\x18ftypiso6', true],
    ['\0\0\0\x18moof----', true],
    ['\0\0\0\x18fty', undefined],
    ['G'.repeat(188), false],
    ['{"json": true}', false],
  ])('%j: %s', (beginning, expected) => {
    expect(looksLikeFmp4(Buffer.from(beginning, 'latin1'))).toBe(expected);
  });
});
