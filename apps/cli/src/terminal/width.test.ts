import { describe, expect, it } from 'vitest';
import { displayWidth, fit, printable, truncate } from './width.ts';

describe('displayWidth', () => {
  it.each([
    ['plain', 5],
    ['', 0],
    ['Grüße', 5],
    ['e\u0301', 1],
    ['日本語', 6],
    ['한국', 4],
    ['ｗｉｄｅ', 8],
    ['👍', 2],
    ['👩‍👩‍👧‍👦', 2],
    ['❤️', 2],
    ['∞', 1],
    ['•••', 3],
    ['a\u200bb', 2],
  ])('counts the cells of %j as %i', (text, cells) => expect(displayWidth(text)).toBe(cells));
});

describe('truncate', () => {
  it('leaves alone what fits', () => expect(truncate('日本語', 6)).toBe('日本語'));
  it('never cuts a wide character in half', () => expect(truncate('日本語', 4)).toBe('日…'));
  it('keeps a family of emoji together', () => expect(truncate('x👩‍👩‍👧‍👦yz', 4)).toBe('x👩‍👩‍👧‍👦…'));
  it('gives nothing for no room', () => expect(truncate('abc', 0)).toBe(''));
});

describe('fit', () => {
  it.each(['日本語', 'abc', '👍👍👍', 'Grüße', ''])('makes %j exactly as wide as asked', (text) => {
    for (const width of [1, 2, 3, 4, 5, 9]) {
      expect(displayWidth(fit(text, width))).toBe(width);
      expect(displayWidth(fit(text, width, 'right'))).toBe(width);
    }
  });

  it('puts the space before what is aligned right', () => expect(fit('7', 3, 'right')).toBe('  7'));
});

describe('printable', () => {
  it('lets no escape sequence of a peer reach the terminal', () => {
    expect(printable('bad\x1b]0;title\x07\r\nname')).toBe('bad ]0;title name');
  });

  it('lets no text turn the direction of writing', () => expect(printable('a\u202eb')).toBe('a b'));
});
