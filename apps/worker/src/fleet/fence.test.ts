import { describe, expect, it } from 'vitest';
import { isCutOff, mayHaveBuried, SILENT_MS, type Vote } from './fence.ts';

const sees: Vote = { seesRedis: true, silentMs: 100 };
const misses: Vote = { seesRedis: false, silentMs: 60_000 };

describe('isCutOff', () => {
  it.each<[string, number, Vote[], boolean]>([
    ['one peer sees Redis and this worker does not', SILENT_MS, [sees, misses], true],
    ['nobody sees Redis: it is down and the pushes go on', 60_000, [misses, misses], false],
    ['no peer can be asked', 60_000, [undefined, undefined], false],
    ['there are no peers', 60_000, [], false],
    ['Redis answered a moment ago', SILENT_MS - 1, [sees], false],
  ])('%s', (_case, silentMs, votes, expected) => {
    expect(isCutOff({ silentMs, unconfirmedMs: silentMs }, votes)).toBe(expected);
  });
});

describe('mayHaveBuried: a peer, and a worker of which Redis has not heard for 10 s', () => {
  it.each([
    ['sees Redis', true, 100, true],
    ['has just lost it', false, 300, true],
    ['has lost it after the worker was missed', false, 7_900, true],
    ['has lost it before', false, 8_000, false],
    ['has lost it with the worker', false, 10_000, false],
  ])('%s', (_case, seesRedis, silentMs, expected) => {
    expect(mayHaveBuried(10_000, { seesRedis, silentMs })).toBe(expected);
  });

  it('has missed Redis so shortly that no grace follows', () => {
    expect(mayHaveBuried(1_500, { seesRedis: false, silentMs: 1_400 })).toBe(true);
    expect(mayHaveBuried(1_500, { seesRedis: false, silentMs: 1_500 })).toBe(false);
  });
});
