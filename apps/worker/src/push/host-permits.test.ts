import { describe, expect, it, vi } from 'vitest';
import type { HostScripts } from '../fleet/host-scripts.ts';
import { HostPermits } from './host-permits.ts';

const everything = { permits: 7, againInMs: 0, suspect: false, down: undefined };

function kit() {
  const scripts = { permit: vi.fn(), failed: vi.fn(async () => true), reached: vi.fn(async () => 5_000) };
  const deps = { redisAnswers: vi.fn(() => true), wentDown: vi.fn(), cameUp: vi.fn() };
  return { scripts, ...deps, permits: new HostPermits({ scripts: scripts as unknown as HostScripts, ...deps }) };
}

describe('permits while Redis', () => {
  it('is known to be away are granted without a question', async () => {
    const { permits, scripts, redisAnswers } = kit();
    redisAnswers.mockReturnValue(false);
    expect(await permits.ask('h:1', 7, true)).toEqual(everything);
    permits.reached('h:1');
    expect(scripts.permit).not.toHaveBeenCalled();
    expect(scripts.reached).not.toHaveBeenCalled();
  });

  it('hangs are granted after half a second', async () => {
    vi.useFakeTimers();
    try {
      const { permits, scripts } = kit();
      scripts.permit.mockReturnValue(new Promise(() => {}));
      const answer = permits.ask('h:1', 7, true);
      await vi.advanceTimersByTimeAsync(500);
      expect(await answer).toEqual(everything);
    } finally {
      vi.useRealTimers();
    }
  });

  it('answers with an error are granted', async () => {
    const { permits, scripts } = kit();
    scripts.permit.mockRejectedValue(new Error('READONLY'));
    expect(await permits.ask('h:1', 7, true)).toEqual(everything);
  });
});

describe('what is learned of a host', () => {
  it('is told together when it comes together, with the newest error', async () => {
    const { permits, scripts, wentDown } = kit();
    permits.failed('h:1', 'a', 'dns');
    permits.failed('h:1', 'b', 'connect_refused');
    permits.failed('h:1', 'a', 'unreachable');
    await vi.waitFor(() => expect(wentDown).toHaveBeenCalledExactlyOnceWith('h:1', 'unreachable'));
    expect(scripts.failed).toHaveBeenCalledExactlyOnceWith('h:1', 'unreachable', new Set(['a', 'b']));
  });

  it('is not told any more when somebody has reached the host since', async () => {
    const { permits, scripts, cameUp } = kit();
    permits.failed('h:1', 'a', 'dns');
    permits.reached('h:1');
    permits.failed('other:1', 'a', 'dns');
    await vi.waitFor(() => expect(scripts.failed).toHaveBeenCalled());
    expect(scripts.failed.mock.calls).toEqual([['other:1', 'dns', new Set(['a'])]]);
    expect(cameUp).toHaveBeenCalledExactlyOnceWith('h:1', 5_000);
  });
});
