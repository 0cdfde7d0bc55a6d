import type { PushStatus } from '@pushfleet/contract';
import type { PushRow, StreamRow } from '@pushfleet/contract/live';
import { describe, expect, it } from 'vitest';
import { pushTest, searchWords, streamTest } from './push-search.ts';

const none: ReadonlySet<PushStatus> = new Set();
const row = {
  id: 'p-17',
  revision: 1,
  stream: 'cam1',
  host: 'a.rtmp.youtube.com:1935',
  protocol: 'rtmp',
  url: 'rtmp://a.rtmp.youtube.com/live2/***abcd',
  status: 'retry',
  worker: 'w1',
  pool: 'default',
  origin: 'api',
  last_error: { code: 'connect_refused', message: '', at: '', peer: '' },
  comment: 'Main target',
  labels: { team: 'sport' },
} as unknown as PushRow;

describe('the search for pushes', () => {
  it.each([
    ['', true],
    ['status:retry host:youtube stream:cam*', true],
    ['status:running', false],
    ['stream:cam', false],
    ['stream:CAM1', true],
    ['stream:*1', true],
    ['host:rtmp.you', true],
    ['worker:w1', true],
    ['worker:w2', false],
    ['error:connect_*', true],
    ['main sport', true],
    ['main news', false],
    ['rtmp://a.rtmp', true],
    ['pool:default origin:file', false],
    ['status:', true],
  ])('takes %j: %s', (query, fits) => expect(pushTest(query, none)(row)).toBe(fits));

  it('takes one of several statuses beside the words', () => {
    expect(pushTest('cam1', new Set<PushStatus>(['error', 'retry']))(row)).toBe(true);
    expect(pushTest('cam1', new Set<PushStatus>(['error']))(row)).toBe(false);
  });

  it('sees a comment that has been changed', () => {
    const fits = pushTest('backup', none);
    expect(fits(row)).toBe(false);
    expect(fits({ ...row, revision: 2, comment: 'Backup' })).toBe(true);
  });

  it('takes a dot for a dot in a pattern', () => {
    expect(pushTest('host:a?rtmp*', none)(row)).toBe(false);
    expect(pushTest('host:a.rtmp*', none)(row)).toBe(true);
  });

  it('takes a word with an unknown field for text', () => {
    expect(searchWords('rtmp://x status:error')).toEqual([
      { field: undefined, text: 'rtmp://x' },
      { field: 'status', text: 'error' },
    ]);
  });
});

describe('a stream without a push that fits', () => {
  const stream = { name: 'cam1', title: 'Stadium', comment: '' } as StreamRow;
  it.each([
    ['', true],
    ['stadium', true],
    ['stream:cam*', true],
    ['stream:cam2', false],
    ['host:youtube', false],
  ])('with %j is shown: %s', (query, fits) => expect(streamTest(query, none)(stream)).toBe(fits));

  it('is not shown where a status is asked for', () => {
    expect(streamTest('', new Set<PushStatus>(['error']))(stream)).toBe(false);
  });
});
