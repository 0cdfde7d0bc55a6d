import { describe, expect, it } from 'vitest';
import { describePush, PushChanges } from './push-table.ts';
import { pushView } from './testing/views.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');
const line = (change: Parameters<typeof pushView>[0]): string => describePush(pushView(change), nowMs).text;

describe('describePush', () => {
  it.each([
    [{ status: 'running' }, 'running on worker-1'],
    [{ status: 'pending', worker: null, reason: 'no worker in the pool' }, 'pending: no worker in the pool'],
    [
      {
        status: 'retry',
        failures_in_a_row: 1,
        retry_limit: 3,
        next_retry_at: '2026-01-01T00:00:05Z',
        reason: 'Refused.',
      },
      'retry 1/3 in 5 s: Refused.',
    ],
    [
      { status: 'error', failures_in_a_row: 3, retry_limit: 3, reason: 'Refused.' },
      'error after 3/3 attempts: Refused.',
    ],
    [{ status: 'disabled', worker: null }, 'disabled'],
  ] as const)('says what has become of it: %j', (change, text) => {
    expect(line(change)).toBe(`demo [p-1] -> rtmp://127.0.0.1:19350/live/***: ${text}`);
  });
});

describe('PushChanges', () => {
  it('tells each status once, each further failure, and what is gone', () => {
    const changes = new PushChanges();
    const [a, b] = [pushView({ id: 'a' }), pushView({ id: 'b', status: 'retry', failures_in_a_row: 1 })];
    expect(changes.update([a, b])).toEqual({ changed: [a, b], gone: [] });
    expect(changes.update([{ ...a, bytes: a.bytes + 1 }, b])).toEqual({ changed: [], gone: [] });
    const again = { ...b, failures_in_a_row: 2 };
    expect(changes.update([again])).toEqual({ changed: [again], gone: ['a'] });
  });
});
