import { describe, expect, it } from 'vitest';
import { statusDetail, statusReason } from './push-status-text.ts';

const now = Date.parse('2026-11-29T20:00:00Z');
const push = {
  next_retry_at: null,
  failures_in_a_row: 0,
  retry_limit: null,
  reason: '',
  last_error: null,
  paused: null,
};
const refused = { code: 'connect_refused', message: 'The target refused the TCP connection.', at: '', peer: '' };

describe('behind the word of a status', () => {
  it.each([
    [
      'the countdown and the budget',
      { status: 'retry', next_retry_at: '2026-11-29T20:00:03.2Z', failures_in_a_row: 3, retry_limit: 5 },
      'in 4 s · 3 of 5',
    ],
    [
      'the failures where the budget is endless',
      { status: 'retry', next_retry_at: '2026-11-29T20:00:03Z', failures_in_a_row: 12 },
      'in 3 s · failure 12',
    ],
    [
      'that the time has come',
      { status: 'retry', next_retry_at: '2026-11-29T19:59:59Z', failures_in_a_row: 1, retry_limit: 5 },
      'now · 1 of 5',
    ],
    ['that the budget is used up', { status: 'error', failures_in_a_row: 5, retry_limit: 5 }, '5 of 5'],
    ['which failure a new attempt follows', { status: 'starting', failures_in_a_row: 2, retry_limit: 5 }, '2 of 5'],
    ['nothing for a first attempt', { status: 'starting' }, ''],
    ['nothing while it runs', { status: 'running', failures_in_a_row: 2 }, ''],
  ] as const)('stands %s', (_what, fields, text) => expect(statusDetail({ ...push, ...fields }, now)).toBe(text));
});

describe('the reason', () => {
  it('is the last error while a push retries or has given up', () => {
    expect(statusReason({ ...push, status: 'retry', last_error: refused })).toBe(refused.message);
    expect(statusReason({ ...push, status: 'error', reason: 'used up', last_error: null })).toBe('used up');
  });
  it('is not told of a push that runs, whatever happened before', () => {
    expect(statusReason({ ...push, status: 'running', last_error: refused })).toBe('');
  });
  it('names who paused', () => {
    expect(statusReason({ ...push, status: 'disabled', paused: { by: 'api', at: '' } })).toBe('Paused by api.');
  });
});
