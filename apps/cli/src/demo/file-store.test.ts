import { describe, expect, it } from 'vitest';
import { FileStore } from './file-store.ts';

describe('FileStore', () => {
  it('gives up the files written longest ago when there is no room', () => {
    const store = new FileStore(10);
    store.put('a', Buffer.alloc(4));
    store.put('b', Buffer.alloc(4));
    store.put('a', Buffer.alloc(5));
    store.put('c', Buffer.alloc(3));
    expect(store.get('b')).toBeUndefined();
    expect(store.get('a')).toHaveLength(5);
    expect(store.get('c')).toHaveLength(3);
    store.put('d', Buffer.alloc(11));
    expect(['a', 'c', 'd'].map((path) => store.get(path))).toEqual([undefined, undefined, undefined]);
    store.put('e', Buffer.alloc(10));
    expect(store.get('e')).toHaveLength(10);
  });
});
