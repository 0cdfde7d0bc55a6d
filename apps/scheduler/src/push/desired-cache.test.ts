import { randomUUID } from 'node:crypto';
import { connectRedis, Keys } from '@pushfleet/contract';
import { afterAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { desiredPush, desiredStream } from '../testing/desired.ts';
import { DesiredCache } from './desired-cache.ts';
import { PushStore } from './push-store.ts';

const redis = connectRedis(inject('redisUrl'), () => {});
afterAll(() => redis.disconnect());

let keys: Keys;
/** A scheduler's cache, as every scheduler of the fleet has one. */
const newCache = (): DesiredCache => new DesiredCache(new PushStore(redis, keys));
const save = async (cache: DesiredCache, push = desiredPush({ revision: 0 })) => {
  const [saved] = await cache.savePushes([{ value: push, expected: push.revision }]);
  return saved;
};
/** What FLUSHALL does to the keys of this test. */
async function loseDataSet(): Promise<void> {
  const names = await redis.keys(`${keys.tag}*`);
  if (names.length > 0) await redis.del(names);
}

beforeEach(() => {
  keys = new Keys(`test-${randomUUID()}`);
  return loseDataSet;
});

describe('DesiredCache', () => {
  it('learns with the next look what another scheduler has saved', async () => {
    const [a, b] = [newCache(), newCache()];
    await b.refresh();
    const saved = await save(a);
    expect(b.pushes.get('p1')).toBeUndefined();
    expect(await b.refresh()).toBe(true);
    expect(b.pushes.get('p1')).toEqual(saved);
    expect(await b.refresh()).toBe(false);
  });

  it('finds at once what another scheduler has just made', async () => {
    const [a, b] = [newCache(), newCache()];
    await b.refresh();
    await save(a);
    expect(await b.findPush('p1')).toMatchObject({ id: 'p1' });
    expect(await b.findPush('p2')).toBeUndefined();
  });

  it('gives every change a revision of its own, and tells the fleet which push it was', async () => {
    const listener = redis.duplicate();
    const heard: string[] = [];
    listener.on('message', (_channel, text: string) => heard.push(text));
    await listener.subscribe(keys.control);
    const cache = newCache();
    const saved = await cache.savePushes(['x', 'y'].map((id) => ({ value: desiredPush({ id }), expected: 0 })));
    expect(saved.map((push) => push?.revision)).toEqual([1, 2]);
    expect(await redis.zrange(keys.pushes, '0', '-1', 'WITHSCORES')).toEqual(['x', '1', 'y', '2']);
    await redis.publish(keys.control, 'end');
    await expect.poll(() => heard).toEqual(['{"op":"push","push":"x"}', '{"op":"push","push":"y"}', 'end']);
    listener.disconnect();
  });

  it('refuses a change that was made from an older revision, and knows the newer one then', async () => {
    const [a, b] = [newCache(), newCache()];
    const first = await save(a);
    await b.refresh();
    const second = await save(a, { ...first!, url: 'rtmp://new/a/b' });
    expect(await save(b, { ...first!, url: 'rtmp://late/a/b' })).toBeUndefined();
    expect(b.pushes.get('p1')).toEqual(second);
  });

  it('does not take a removed push for one, and forgets it when it is purged elsewhere', async () => {
    const [a, b] = [newCache(), newCache()];
    const push = await save(a);
    const removed = await save(a, { ...push!, removed: true });
    await b.refresh();
    expect(await b.findPush('p1')).toBeUndefined();
    await redis.hset(keys.counters('p1'), 'bytes_total', '5');
    await a.purge([removed!], []);
    expect(await redis.keys(`${keys.tag}*p1`)).toEqual([]);
    await b.refresh();
    expect(b.pushes.has('p1')).toBe(false);
  });

  it('forgets what was removed and purged while it could not look', async () => {
    const [a, b] = [newCache(), newCache()];
    const push = await save(a);
    await b.refresh();
    await a.purge([(await save(a, { ...push!, removed: true }))!], []);
    await b.refresh();
    expect(b.pushes.has('p1')).toBe(false);
  });

  it('does not purge a push that was made anew', async () => {
    const cache = newCache();
    const removed = await save(cache, { ...(await save(cache))!, removed: true });
    const anew = await save(cache, { ...removed!, removed: false });
    await cache.purge([removed!], []);
    expect(cache.pushes.get('p1')).toEqual(anew);
  });

  it('sets a resting error without a new revision, and only on the revision that it belongs to', async () => {
    const [a, b] = [newCache(), newCache()];
    const push = await save(a);
    await b.refresh();
    const error = { code: 'dns', message: 'No such host.', at: '2026-01-01T00:00:00.000Z', revision: push!.revision };
    await a.setErrors([{ push: push!, error }]);
    b.suspect('p1');
    await b.refresh();
    expect(b.pushes.get('p1')).toEqual({ ...push, error });
    const changed = await save(a, { ...push!, error: null });
    await a.setErrors([{ push: push!, error }]);
    expect(a.pushes.get('p1')).toEqual(changed);
  });

  it('puts everything back when the data set is lost, and goes on counting', async () => {
    const cache = newCache();
    await cache.saveStreams([{ value: desiredStream(), expected: 0 }]);
    const push = await save(cache);
    await cache.refresh();
    await loseDataSet();
    expect(await cache.refresh()).toBe(true);
    expect(cache.restoredAt).toBeGreaterThan(0);
    expect(cache.inGrace).toBe(true);
    const other = newCache();
    await other.refresh();
    expect(other.pushes.get('p1')).toEqual(push);
    expect(other.streams.get('news')).toMatchObject({ name: 'news' });
    const next = await save(cache, desiredPush({ id: 'p2', revision: 0 }));
    expect(next!.revision).toBeGreaterThan(push!.revision);
    expect(await redis.exists(keys.grace)).toBe(1);
  });

  it('loses nothing when the first to meet the lost data set is a change', async () => {
    const [a, b] = [newCache(), newCache()];
    const push = await save(a);
    await Promise.all([a.refresh(), b.refresh()]);
    await loseDataSet();
    await save(b, desiredPush({ id: 'p2', revision: 0 }));
    await Promise.all([a.refresh(), b.refresh()]);
    await Promise.all([a.refresh(), b.refresh()]);
    for (const cache of [a, b, newCache()]) {
      await cache.refresh();
      expect(cache.pushes.get('p1')).toEqual(push);
      expect(cache.pushes.get('p2')).toMatchObject({ revision: push!.revision + 1 });
    }
  });

  it('changes a push whose hash was lost', async () => {
    const cache = newCache();
    const push = await save(cache);
    await cache.refresh();
    await loseDataSet();
    expect(await save(cache, { ...push!, url: 'rtmp://new/a/b' })).toBeUndefined();
    expect(await save(cache, { ...push!, url: 'rtmp://new/a/b' })).toMatchObject({ url: 'rtmp://new/a/b' });
  });

  it('lets an older data set with the same name not win: what was written since is written again, what was purged stays away', async () => {
    const cache = newCache();
    const kept = await save(cache, desiredPush({ id: 'kept', revision: 0 }));
    const gone = await save(cache, desiredPush({ id: 'gone', revision: 0 }));
    await cache.refresh();
    const backup = new Map(
      await Promise.all(
        (await redis.keys(`${keys.tag}*`)).map(async (key) => [key, await redis.dumpBuffer(key)] as const),
      ),
    );
    const changed = await save(cache, { ...kept!, url: 'rtmp://new/a/b' });
    await cache.purge([(await save(cache, { ...gone!, removed: true }))!], []);
    await loseDataSet();
    for (const [key, dump] of backup) await redis.restore(key, 0, dump!);
    await cache.refresh();
    expect(cache.restoredAt).toBeGreaterThan(0);
    const other = newCache();
    await other.refresh();
    expect(other.pushes.get('kept')).toEqual(changed);
    expect(other.pushes.get('gone')).toMatchObject({ removed: true });
  });
});
