import { checkConfig, type StreamSpec } from '@pushfleet/config';
import type { DesiredPush, DesiredStream } from '@pushfleet/contract';
import { describe, expect, it } from 'vitest';
import type { DesiredState } from '../push/desired-state.ts';
import { desiredPush, desiredState, desiredStream } from '../testing/desired.ts';
import { diffDocument } from './document-diff.ts';
import { filePushId } from './file-push-id.ts';

const now = '2026-02-03T04:05:06.000Z';
const specs = (text: string): StreamSpec[] => checkConfig(text).document!.streams.map(({ spec }) => spec);

/** What desired state is after the document was applied, each change under the next revision. */
function applied(text: string, before: DesiredState = desiredState([], [])): DesiredState {
  const { streams, pushes } = diffDocument(specs(text), before, now);
  const after = {
    pushes: new Map<string, DesiredPush>(before.pushes),
    streams: new Map<string, DesiredStream>(before.streams),
  };
  let revision = 10;
  for (const { value } of streams) after.streams.set(value.name, { ...value, revision: ++revision });
  for (const { value } of pushes) after.pushes.set(value.id, { ...value, revision: ++revision });
  return after;
}

const one = 'stream bunny { input publish://; push rtmp://a.example.com/live/key-number-one-1111; }';
const two =
  'stream bunny { input publish://; push rtmp://a.example.com/live/key-number-one-1111; push rtmp://b.example.com/live/two; }';

describe('diffDocument', () => {
  it('makes streams and pushes that belong to the file', () => {
    const { streams, pushes } = applied(one);
    expect(streams.get('bunny')).toMatchObject({ origin: 'file', spec: { inputs: ['publish://'] } });
    expect([...pushes.values()]).toMatchObject([
      { stream: 'bunny', origin: 'file', url: 'rtmp://a.example.com/live/key-number-one-1111' },
    ]);
  });

  it('changes nothing when the text says the same', () => {
    expect(diffDocument(specs(two), applied(two), now)).toEqual({ streams: [], pushes: [] });
  });

  it('changes only the push whose line has changed', () => {
    const before = applied(two);
    const { streams, pushes } = diffDocument(specs(two.replace('/two;', '/two retry_limit=3;')), before, now);
    expect(streams).toEqual([]);
    expect(pushes).toMatchObject([
      { value: { url: 'rtmp://b.example.com/live/two', options: { retry_limit: 3 } }, expected: 12 + 1 },
    ]);
  });

  it('removes what has left the text and leaves what the API has made', () => {
    const fromApi = [desiredPush({ id: 'mine', stream: 'bunny' }), desiredPush({ id: 'other' })];
    const before = applied(two, desiredState(fromApi));
    const { streams, pushes } = diffDocument(specs(one), before, now);
    expect(streams).toEqual([]);
    expect(pushes).toMatchObject([{ value: { url: 'rtmp://b.example.com/live/two', removed: true } }]);
    const all = diffDocument([], before, now);
    expect(all.streams.map(({ value }) => [value.name, value.removed])).toEqual([['bunny', true]]);
    expect(all.pushes.every(({ value }) => value.origin === 'file' && value.removed)).toBe(true);
    expect(all.pushes).toHaveLength(2);
  });

  it('keeps a pause by a person when the line changes', () => {
    const before = applied(one);
    const [known] = [...before.pushes.values()];
    const pushes = new Map([[known!.id, { ...known!, override: { disabled: true, by: 'api', at: now } }]]);
    const diff = diffDocument(specs(one.replace('1111;', '1111 retry_timeout=9;')), { ...before, pushes }, now);
    expect(diff.pushes).toMatchObject([{ value: { override: { disabled: true }, options: { retry_timeout: 9 } } }]);
  });

  it('takes a stream of the API over when the file names it', () => {
    const before = desiredState([], [desiredStream({ name: 'bunny', revision: 3 })]);
    expect(diffDocument(specs(one), before, now).streams).toMatchObject([
      { value: { name: 'bunny', origin: 'file' }, expected: 3 },
    ]);
  });

  it('brings back a removed stream under its old revision', () => {
    const before = desiredState([], [desiredStream({ name: 'bunny', origin: 'file', removed: true, revision: 7 })]);
    expect(diffDocument(specs(one), before, now).streams).toMatchObject([
      { value: { removed: false, createdAt: now }, expected: 7 },
    ]);
  });

  it('keeps the id of a push when its stream key changes', () => {
    const before = applied(two);
    const after = applied(two.replace('key-number-one-1111', 'quite-another-key-2222'), before);
    expect([...after.pushes.keys()]).toEqual([...before.pushes.keys()]);
    expect([...after.pushes.values()].filter(({ removed }) => removed)).toEqual([]);
  });

  it('never renames a push because a neighbour with the same target is removed', () => {
    const line = (key: string) => `push rtmp://a.example.com/live/${key};`;
    const text = (...keys: string[]) => `stream s { input publish://; ${keys.map(line).join(' ')} }`;
    const before = applied(text('key-number-one', 'key-number-two', 'key-number-three'));
    const idOf = (state: DesiredState, key: string) =>
      [...state.pushes.values()].find(({ url, removed }) => url.endsWith(key) && !removed)?.id;
    const after = applied(text('key-number-two', 'key-number-three'), before);
    expect(idOf(after, 'key-number-two')).toBe(idOf(before, 'key-number-two'));
    expect(idOf(after, 'key-number-three')).toBe(idOf(before, 'key-number-three'));
    expect(idOf(after, 'key-number-one')).toBeUndefined();
  });
});

describe('filePushId', () => {
  it('is the same for the same stream and target, whatever the key', () => {
    const id = (key: string) => filePushId('my/stream', `rtmp://a.example.com/live/${key}`, new Set());
    expect(id('a-very-long-stream-key')).toMatch(/^my-stream-[0-9a-f]{8}$/);
    expect(id('another-long-stream-key')).toBe(id('a-very-long-stream-key'));
    expect(id('short')).toBe(id('a-very-long-stream-key'));
  });

  it('tells targets apart by an ordinal when only their keys differ', () => {
    const first = filePushId('s', 'rtmp://a/live/one', new Set());
    expect(filePushId('s', 'rtmp://a/live/two', new Set([first]))).toBe(`${first}-2`);
    expect(filePushId('s', 'rtmp://b/live/one', new Set([first]))).not.toContain(first);
  });

  it('fits into what the API takes as an id, for any stream name', () => {
    for (const name of ['a/b.c-d_e', '_', '-x-', 'n'.repeat(255)]) {
      expect(filePushId(name, 'rtmp://a/b/c', new Set())).toMatch(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/);
    }
  });
});
