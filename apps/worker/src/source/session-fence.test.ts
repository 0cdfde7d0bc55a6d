import { describe, expect, it } from 'vitest';
import { SessionFence } from './session-fence.ts';

const MINUTE_MS = 60_000;
const session = (epoch: number, push = 'p-1') => ({ push, epoch });

describe('SessionFence', () => {
  it('keeps out what is as old as the newest attempt, or older, while that goes on', () => {
    const fence = new SessionFence();
    expect(fence.isOutdated('studio', session(5))).toBe(false);
    fence.began('studio', session(5));
    expect([4, 5, 6].map((epoch) => fence.isOutdated('studio', session(epoch)))).toEqual([true, true, false]);
  });

  it('still does so ten minutes after the newest attempt has ended, and then forgets it', () => {
    const fence = new SessionFence();
    fence.began('studio', session(5));
    fence.ended('studio', session(5), 0);
    expect(fence.isOutdated('studio', session(5), 10 * MINUTE_MS)).toBe(true);
    expect(fence.isOutdated('studio', session(6), 10 * MINUTE_MS)).toBe(false);
    expect(fence.isOutdated('studio', session(5), 20 * MINUTE_MS)).toBe(false);
  });

  it('does not take the end of a replaced attempt for the end of the newest', () => {
    const fence = new SessionFence();
    fence.began('studio', session(5));
    fence.began('studio', session(6));
    fence.ended('studio', session(5), 0);
    expect(fence.isOutdated('studio', session(6), 60 * MINUTE_MS)).toBe(true);
  });

  it('holds nothing against another push, nor against another stream', () => {
    const fence = new SessionFence();
    fence.began('studio', session(5));
    expect(fence.isOutdated('studio', session(1, 'p-2'))).toBe(false);
    expect(fence.isOutdated('stage', session(1))).toBe(false);
  });

  it('remembers a bounded number of attempts that have ended: those that ended last', () => {
    const fence = new SessionFence(2);
    for (const push of ['a', 'b', 'c']) {
      fence.began('studio', session(5, push));
      fence.ended('studio', session(5, push), 0);
    }
    expect(['a', 'b', 'c'].map((push) => fence.isOutdated('studio', session(5, push), 1))).toEqual([false, true, true]);
  });
});
