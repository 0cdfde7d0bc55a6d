import { expect, it } from 'vitest';
import { Patience } from './patience.ts';

it('is over when something has waited for three seconds without becoming less', () => {
  const patience = new Patience();
  const looks: [number, number][] = [
    [0, 0],
    [5, 1_000],
    [5, 3_900],
    [5, 4_000],
    [4, 4_500],
    [4, 7_400],
    [6, 7_500],
    [0, 8_000],
    [1, 8_500],
  ];
  expect(looks.map(([waiting, at]) => patience.isOver(waiting, at))).toEqual([
    false,
    false,
    false,
    true,
    false,
    false,
    true,
    false,
    false,
  ]);
});
