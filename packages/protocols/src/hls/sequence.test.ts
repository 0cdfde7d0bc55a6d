import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PushMemory } from '../publisher/push-memory.ts';
import { parsePlaylist } from './playlist.ts';
import { newSegment, SEGMENT_MS, startPush, TestMemory, type TestPush } from './testing/push.ts';
import { Store } from './testing/store.ts';

const PLAYLIST = '/live/index.m3u8';
const PATIENCE = { interval: 5 };

let store: Store;
let pushes: TestPush[];
beforeEach(async () => {
  store = await Store.open();
  pushes = [];
});
afterEach(async () => {
  for (const { stop, sent } of pushes) {
    stop.abort(new Error('the test is over'));
    await sent;
  }
  store.close();
});
async function start(memory: PushMemory, url = `${store.url}/live/`): Promise<TestPush> {
  const push = await startPush(url, {}, memory);
  pushes.push(push);
  return push;
}
const idle = (push: TestPush) => vi.waitFor(() => expect(push.publisher.stats().pendingBytes).toBe(0), PATIENCE);
async function deliver(push: TestPush, count: number): Promise<void> {
  for (let written = 0; written < count; written++) {
    push.write(newSegment());
    await idle(push);
  }
}
const listed = () => parsePlaylist(store.text(PLAYLIST))!;
const endOf = ({ mediaSequence, segments }: ReturnType<typeof listed>) => mediaSequence + segments.length;

describe('the media sequence', () => {
  it('goes on after a reconnect, behind what was listed and a discontinuity', async () => {
    const memory = new TestMemory();
    const first = await start(memory);
    await deliver(first, 3);
    first.stop.abort(new Error('the network broke'));
    await first.sent;
    const before = listed();
    const second = await start(memory);
    expect(listed()).toEqual(before); // uploaded again as it was, which proves that uploads are taken
    await deliver(second, 1);
    const after = listed();
    expect(endOf(after)).toBe(endOf(before) + 1);
    const added = { uri: `2-${endOf(before)}.ts`, isDiscontinuity: true };
    expect(after.segments).toEqual([...before.segments, expect.objectContaining(added)]);
  });

  it('goes on when another worker has taken over, and the one before stops before its next upload', async () => {
    const memory = new TestMemory();
    const first = await start(memory);
    await deliver(first, 2);
    const second = await start(memory);
    await deliver(second, 2);
    const { length } = store.requests;
    first.write(newSegment());
    expect(await first.sent).toMatchObject({ code: 'fenced' });
    const late = store.log.slice(length);
    expect(late.filter((line) => line.includes('.m3u8') || line.startsWith('DELETE'))).toEqual([]);
    expect(listed().isEnded).toBe(false);
    await deliver(second, 1);
    const uris = listed().segments.map(({ uri }) => uri.replace(/-.*/, ''));
    expect(uris).toEqual(['1', '1', '2', '2', '2']);
  });

  it('is not uploaded once more when another worker takes over between two tries', async () => {
    const memory = new TestMemory();
    const push = await start(memory);
    await deliver(push, 1);
    store.script = ({ url }) => {
      if (url !== PLAYLIST) return undefined;
      memory.newest += 1; // the target is slow to refuse, and we are taken for dead
      return { status: 503 };
    };
    const { length } = store.requests;
    push.write(newSegment());
    expect(await push.sent).toMatchObject({ code: 'fenced' });
    expect(store.log.slice(length).filter((line) => line.includes('.m3u8'))).toEqual([`PUT ${PLAYLIST}`]);
  });

  it('is not uploaded on a leave that is older than a standstill of the process', async () => {
    const memory = new TestMemory();
    const push = await start(memory);
    await deliver(push, 1);
    const { length } = store.requests;
    const { now } = performance;
    vi.spyOn(memory, 'save').mockImplementationOnce(async () => {
      vi.spyOn(performance, 'now').mockImplementation(() => now.call(performance) + 5000);
      memory.newest += 1;
      return true; // it was, when the memory was asked
    });
    push.write(newSegment());
    expect(await push.sent).toMatchObject({ code: 'fenced' });
    vi.restoreAllMocks();
    expect(store.log.slice(length).filter((line) => line.includes('.m3u8'))).toEqual([]);
  });

  it('goes on when another worker has taken over from one that sees the target and nothing else', async () => {
    const memory = new TestMemory();
    const first = await start(memory);
    await deliver(first, 2);
    const second = await start(memory);
    await deliver(second, 2);
    const { length } = store.requests;
    vi.spyOn(memory, 'save').mockRejectedValueOnce(new Error('ECONNREFUSED'));
    first.write(newSegment());
    expect(await first.sent).toMatchObject({ code: 'fenced' });
    expect(store.log.slice(length).filter((line) => line.includes('.m3u8'))).toEqual([`GET ${PLAYLIST}`]);
  });

  it('goes on from the playlist at the target when nobody remembers', async () => {
    const first = await start(new TestMemory());
    await deliver(first, 3);
    first.end('final');
    await first.sent;
    const before = listed();
    const second = await start(new TestMemory());
    await deliver(second, 1);
    expect(endOf(listed())).toBe(endOf(before) + 1);
    expect(listed().segments.at(-1)!.isDiscontinuity).toBe(true);
    expect(listed().isEnded).toBe(false);
  });

  it('goes on from the playlist at the target when that is ahead of what is remembered', async () => {
    const memory = new TestMemory();
    const first = await start(memory);
    await deliver(first, 1);
    const { state } = memory;
    await deliver(first, 2);
    const before = listed();
    first.end('handover');
    await first.sent;
    memory.state = state;
    await deliver(await start(memory), 1);
    expect(endOf(listed())).toBe(endOf(before) + 1);
  });

  it('goes on behind the playlist of somebody else', async () => {
    const theirs = [
      '#EXTM3U',
      '#EXT-X-TARGETDURATION:9',
      '#EXT-X-MEDIA-SEQUENCE:9000000000',
      '#EXTINF:8.5,',
      'theirs.ts',
      '',
    ];
    store.files.set(PLAYLIST, Buffer.from(theirs.join('\n')));
    await deliver(await start(new TestMemory()), 1);
    expect(listed()).toMatchObject({ targetDurationS: 9, mediaSequence: 9_000_000_000 });
    expect(listed().segments.map(({ uri }) => uri)).toEqual(['theirs.ts', '1-9000000001.ts']);
  });

  it('begins with the clock, so that it goes on even when nothing at all is known', async () => {
    await deliver(await start(new TestMemory()), 1);
    expect(Math.abs(listed().mediaSequence - Date.now() / SEGMENT_MS)).toBeLessThan(60);
  });

  it('is remembered before the target has the playlist', async () => {
    const memory = new TestMemory();
    const push = await start(memory);
    store.script = ({ method, url }) => (method === 'PUT' && url === PLAYLIST ? 'reset' : undefined);
    push.write(newSegment());
    await vi.waitFor(() => expect(store.log).toContain(`PUT ${PLAYLIST}`), PATIENCE);
    expect(JSON.parse(memory.state!).playlist.segments.length).toBe(1);
  });

  it('counts the discontinuities that have left the playlist', async () => {
    const memory = new TestMemory();
    const first = await start(memory);
    await deliver(first, 1);
    first.end('handover');
    await first.sent;
    const second = await start(memory);
    await deliver(second, 8);
    expect(listed().discontinuitySequence).toBe(1);
    expect(listed().segments.some(({ isDiscontinuity }) => isDiscontinuity)).toBe(false);
  });
});

describe('a memory that cannot be reached', () => {
  it.each([
    ['rejects', () => Promise.reject(new Error('ECONNREFUSED'))],
    ['is silent', () => new Promise<never>(() => {})],
  ])('does not stop a publication when it %s', async (_, answer: () => Promise<never>) => {
    const push = await start({ id: 'push', nextEpoch: answer, load: answer, save: answer });
    push.write(newSegment());
    await idle(push);
    expect(listed().segments.length).toBe(1);
    expect(listed().segments[0]!.uri.length).toBeGreaterThan('1-0000.ts'.length);
  });

  it.each(['', '{', '{"v":9}', '{"v":1,"playlist":{"segments":[7]},"retired":[]}', 'null'])(
    'is not believed when it holds %j',
    async (state) => {
      const memory = new TestMemory();
      memory.state = state;
      const push = await start(memory);
      await deliver(push, 1);
      expect(listed().segments.length).toBe(1);
    },
  );
});

describe('media that an earlier attempt has brought', () => {
  it('is not uploaded again', async () => {
    const memory = new TestMemory();
    const first = await start(memory);
    const kept = newSegment();
    first.write(kept);
    await idle(first);
    first.end('handover');
    await first.sent;
    const second = await start(memory);
    const next = newSegment();
    for (const segment of [kept, next]) second.write(segment);
    await idle(second);
    expect(listed().segments.map(({ startsAtMs }) => startsAtMs)).toEqual([kept.startsAtMs, next.startsAtMs]);
  });

  it.each([
    ['left out when most of it is known', 0.6, 1],
    ['uploaded when most of it is new', 0.4, 2],
    ['uploaded when the clock of a worker must be wrong', 50, 2],
  ])('in part is %s', async (_, overlap, count) => {
    const memory = new TestMemory();
    const first = await start(memory);
    const kept = newSegment();
    first.write(kept);
    await idle(first);
    first.end('handover');
    await first.sent;
    const second = await start(memory);
    const startsAtMs = kept.startsAtMs + kept.durationMs * (1 - overlap);
    second.write(newSegment({ startsAtMs }));
    await idle(second);
    expect(listed().segments.length).toBe(count);
  });
});
