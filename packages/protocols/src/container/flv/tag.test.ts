import { expect, it } from 'vitest';
import { isPicture, parseVideoTag } from './tag.ts';

const hvc1 = Buffer.from('hvc1');
const ex = (packetType: number, ...rest: number[]) =>
  Buffer.concat([Buffer.of(0x90 | packetType), hvc1, Buffer.of(...rest)]);

it.each<[string, Buffer, boolean]>([
  ['an H.264 picture', Buffer.of(0x27, 1, 0, 0, 0, 9), true],
  ['an H.264 configuration', Buffer.of(0x17, 0, 0, 0, 0, 1), false],
  ['the end of an H.264 sequence', Buffer.of(0x17, 2, 0, 0, 0), false],
  ['coded frames', ex(1, 0, 0, 0, 9), true],
  ['coded frames without composition time', ex(3, 9), true],
  ['a sequence start', ex(0, 1), false],
  ['the end of a sequence', ex(2), false],
  ['metadata', ex(4), false],
])('sees at a look whether there is a picture in %s', (_title, body, expected) => {
  expect(isPicture(body)).toBe(expected);
  expect(parseVideoTag(body)?.content === 'frame').toBe(expected);
});

it.each([0, 1])('sees none in %i bytes', (bytes) => {
  expect(isPicture(Buffer.alloc(bytes))).toBe(false);
});
