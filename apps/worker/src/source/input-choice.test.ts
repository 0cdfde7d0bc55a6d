import { describe, expect, it } from 'vitest';
import { chooseInputs, type InputState, mayTakeOver } from './input-choice.ts';

const TIMEOUT_MS = 10_000;

const untried: InputState = {
  isOpen: false,
  isOn: false,
  quietMs: Number.POSITIVE_INFINITY,
  openForMs: 0,
  isProven: true,
  failures: 0,
  restedMs: Number.POSITIVE_INFINITY,
};
const opening: InputState = { ...untried, isOpen: true, quietMs: 500, openForMs: 500 };
const hopeless: InputState = { ...opening, quietMs: 10_500, openForMs: 10_500 };
const feeding: InputState = { ...opening, isOn: true, quietMs: 30, openForMs: 60_000 };
const silent: InputState = { ...feeding, quietMs: 10_000 };
const justFailed: InputState = { ...untried, failures: 1, restedMs: 0 };
const rested: InputState = { ...justFailed, restedMs: 1_000 };
const failedOften = (restedMs: number): InputState => ({ ...untried, failures: 9, restedMs });

describe('chooseInputs', () => {
  it.each<[string, InputState[], number[], number[]]>([
    ['opens the first alone', [untried, untried], [0], []],
    ['gives it time before the second', [opening, untried], [], []],
    ['opens the second when the first has failed', [justFailed, untried], [1], []],
    ['opens the second beside a first that does not come', [hopeless, untried], [1], []],
    ['opens the second when the first is connected and silent', [silent, untried], [1], []],
    ['needs no second while the first feeds the stream', [feeding, untried], [], []],
    ['closes what lies behind the one that feeds', [feeding, opening, feeding], [], [1, 2]],
    ['keeps the second while the first is tried again', [{ ...opening, failures: 1 }, feeding], [], []],
    ['tries the first again while the second feeds', [rested, feeding], [0], []],
    ['tries it less often the more often it has failed', [failedOften(9_000), feeding], [], []],
    ['tries it every 10 s at least', [failedOften(10_000), feeding], [0], []],
    ['tries all of them every second while nothing feeds', [failedOften(1_000), failedOften(1_000)], [0, 1], []],
    ['does not let one that has failed hold up the next', [{ ...opening, failures: 1 }, rested], [1], []],
    ['goes on to the third', [justFailed, justFailed, untried], [2], []],
    ['has nothing to do without inputs', [], [], []],
  ])('%s', (_what, inputs, open, close) => {
    expect(chooseInputs(inputs, TIMEOUT_MS)).toEqual({ open, close });
  });
});

describe('mayTakeOver', () => {
  it.each<[string, InputState[], number, boolean]>([
    ['anyone when nothing feeds the stream', [rested, opening], 1, true],
    ['a better one at once', [opening, feeding], 0, true],
    ['none that is worse than one that works', [feeding, opening], 1, false],
    ['one that is worse when the other has fallen silent', [silent, opening], 1, true],
    [
      'no better one that has given up before until it has proved itself',
      [{ ...opening, isProven: false }, feeding],
      0,
      false,
    ],
    ['such a one all the same when nothing else works', [{ ...opening, isProven: false }, silent], 0, true],
    ['the one that feeds, connected anew', [rested, feeding], 1, true],
  ])('lets %s', (_what, inputs, index, expected) => {
    expect(mayTakeOver(inputs, index, TIMEOUT_MS)).toBe(expected);
  });
});
