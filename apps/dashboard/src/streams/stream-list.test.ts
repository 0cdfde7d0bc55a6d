import type { PushStatus } from '@pushfleet/contract';
import type { PushRow, StreamRow } from '@pushfleet/contract/live';
import { describe, expect, it } from 'vitest';
import { listStreams } from './stream-list.ts';

const streams = new Map(['news', 'cam', 'empty'].map((name) => [name, { name, title: '', comment: '' } as StreamRow]));
const push = (id: string, stream: string, status: PushStatus) =>
  ({ id, stream, status, url: `rtmp://host/${id}`, host: 'host', revision: 1, comment: '', labels: {} }) as PushRow;
const pushes = [push('n1', 'news', 'running'), push('n2', 'news', 'error'), push('c1', 'cam', 'running')];
const list = (query: string, statuses: PushStatus[] = [], open: string[] = []) =>
  listStreams({
    streams,
    pushesOf: (stream) => pushes.filter((one) => one.stream === stream),
    filter: { query, statuses: new Set(statuses) },
    isOpen: (stream) => open.includes(stream),
  });

describe('the list of streams', () => {
  it('is in the order of their names, with the pushes of open ones below them', () => {
    expect(list('', [], ['news']).items).toEqual(['stream cam', 'stream empty', 'stream news', 'push n1', 'push n2']);
  });

  it('shows of a stream only the pushes that fit', () => {
    const { items, streamCount, pushes: fitting } = list('', ['error'], ['news', 'cam']);
    expect(items).toEqual(['stream news', 'push n2']);
    expect([streamCount, fitting]).toEqual([1, ['n2']]);
  });

  it('counts the pushes of closed streams too', () => {
    expect(list('stream:news').pushes).toEqual(['n1', 'n2']);
  });

  it('shows a stream without pushes when it is looked for by name', () => {
    expect(list('empt').items).toEqual(['stream empty']);
    expect(list('host:nowhere').items).toEqual([]);
  });
});
