import { describe, expect, it } from 'vitest';
import { KeySequence } from './key-sequence.ts';

describe('keys after each other', () => {
  const known = new Set(['g w', 'w', '?']);

  it('are a sequence when the second comes soon', () => {
    const keys = new KeySequence();
    expect(keys.press('g', 0, known)).toBeUndefined();
    expect(keys.press('w', 500, known)).toBe('g w');
    expect(keys.press('w', 600, known)).toBe('w');
  });

  it('are keys alone when it comes late, or another one comes between', () => {
    const keys = new KeySequence();
    keys.press('g', 0, known);
    expect(keys.press('w', 9_000, known)).toBe('w');
    keys.press('g', 10_000, known);
    expect(keys.press('?', 10_100, known)).toBe('?');
    expect(keys.press('w', 10_200, known)).toBe('w');
  });

  it('mean nothing when nobody knows them', () => expect(new KeySequence().press('x', 0, known)).toBeUndefined());
});
