import type { LiveEvent } from '@pushfleet/contract/live';
import { describe, expect, it } from 'vitest';
import { type EventFilter, eventTest } from './event-filter.ts';
import { compareEventIds, countNewer, mergeEvents, toJsonLines } from './event-list.ts';
import { eventDetail, eventSubject, eventWord } from './event-text.ts';

const event = (id: string, fields: Partial<LiveEvent> = {}): LiveEvent => ({
  id,
  event: 'push_retry',
  at: '2026-11-29T20:00:00Z',
  ...fields,
});
const ids = (events: readonly LiveEvent[]) => events.map(({ id }) => id);

describe('the list of events', () => {
  it('orders by milliseconds and then by sequence, as numbers', () => {
    expect(compareEventIds('999-0', '1000-0')).toBeLessThan(0);
    expect(compareEventIds('1000-9', '1000-10')).toBeLessThan(0);
    expect(compareEventIds('1000-3', '1000-3')).toBe(0);
  });

  it('joins what came live with what was before, each once, newest first', () => {
    const live = [event('9-0'), event('7-1'), event('5-0')];
    const earlier = [event('8-0'), event('7-1'), event('7-0'), event('3-0')];
    expect(ids(mergeEvents(live, earlier))).toEqual(['9-0', '8-0', '7-1', '7-0', '5-0', '3-0']);
    expect(ids(mergeEvents([], earlier))).toEqual(ids(earlier));
    expect(ids(mergeEvents(live, []))).toEqual(ids(live));
  });

  it('counts what has come since it was held', () => {
    const events = [event('9-0'), event('7-1'), event('5-0')];
    expect(countNewer(events, event('5-0'))).toBe(2);
    expect(countNewer(events, event('9-0'))).toBe(0);
    expect(countNewer(events, undefined)).toBe(3);
  });

  it('is written as one object a line, oldest first', () => {
    const lines = toJsonLines([event('2-0'), event('1-0')])
      .trimEnd()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line).id)).toEqual(['1-0', '2-0']);
  });
});

describe('the filter of events', () => {
  const any: EventFilter = { kind: 'all', query: '', isProblemsOnly: false };
  const retry = event('1-0', {
    stream: 'news',
    worker: 'fra-1',
    url: 'rtmp://a.example/live/***',
    cause: 'connect_refused',
    message: 'The target refused the TCP connection.',
  });

  it.each<[string, Partial<EventFilter>, boolean]>([
    ['of its kind', { kind: 'push' }, true],
    ['not of another kind', { kind: 'worker' }, false],
    ['as a problem', { isProblemsOnly: true }, true],
    ['by its type', { query: 'event:push_retry' }, true],
    ['by its stream', { query: 'stream:news' }, true],
    ['by the whole name only', { query: 'stream:new' }, false],
    ['by a pattern', { query: 'stream:n*s' }, true],
    ['by a part of the host', { query: 'host:a.exam' }, true],
    ['by its worker', { query: 'worker:fra-2' }, false],
    ['by its cause and words', { query: 'cause:connect_refused TCP' }, true],
    ['by what the page calls it', { query: 'retries' }, true],
    ['by a URL, in spite of the colon', { query: 'rtmp://a.example' }, true],
    ['while a field is being typed', { query: 'stream:' }, true],
  ])('finds a retry %s', (_how, filter, expected) => {
    expect(eventTest({ ...any, ...filter })(retry)).toBe(expected);
  });

  it('takes nothing that goes well for a problem', () => {
    expect(eventTest({ ...any, isProblemsOnly: true })(event('1-0', { event: 'push_started' }))).toBe(false);
  });
});

describe('an event in words', () => {
  it('names stream and target', () => {
    expect(eventSubject(event('1-0', { stream: 'news', url: 'rtmp://a/b' }))).toBe('news → rtmp://a/b');
    expect(eventSubject(event('1-0', { event: 'worker_lost', worker: 'fra-1' }))).toBe('fra-1');
    expect(eventSubject(event('1-0', { event: 'target_down', host: 'a:1935' }))).toBe('a:1935');
  });

  it('tells why, and which failure it is', () => {
    expect(eventDetail(event('1-0', { message: 'Refused.', cause: 'connect_refused', failures_in_a_row: 3 }))).toBe(
      'Refused. · failure 3',
    );
    expect(eventDetail(event('1-0', { event: 'push_disabled', by: 'api' }))).toBe('by api');
    expect(eventDetail(event('1-0', { event: 'push_closed', cause: 'drained', bytes: 12_000_000 }))).toBe(
      'drained · 12.0 MB sent',
    );
  });

  it('is still readable when its type is of a later version', () => {
    expect(eventWord('push_painted_green')).toEqual({ word: 'push painted green', level: 'note' });
  });
});
