import { describe, expect, it } from 'vitest';
import { isCutOff, SILENT_MS, type Vote } from './fence.ts';

describe('isCutOff', () => {
  it.each<[string, number, Vote[], boolean]>([
    ['one peer sees Redis and this worker does not', SILENT_MS, [true, false], true],
    ['nobody sees Redis: it is down and the pushes go on', 60_000, [false, false], false],
    ['no peer can be asked', 60_000, [undefined, undefined], false],
    ['there are no peers', 60_000, [], false],
    ['Redis answered a moment ago', SILENT_MS - 1, [true], false],
  ])('%s', (_case, silentMs, votes, expected) => {
    expect(isCutOff(silentMs, votes)).toBe(expected);
  });
});
