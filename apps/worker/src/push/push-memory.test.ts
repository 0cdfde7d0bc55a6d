import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { connectRedis, Keys } from '@pushfleet/contract';
import type { PushMemory } from '@pushfleet/protocols';
import { afterAll, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { PushMemories } from './push-memory.ts';

const redis = connectRedis(inject('redisUrl'), () => {});
afterAll(() => redis.disconnect());

const url = 'hls://cdn.example.com/live/';
let keys: Keys;
/** The memory of an attempt to deliver one and the same push. */
let attempt: (target?: string) => PushMemory;

beforeEach(() => {
  keys = new Keys(`test-${randomUUID()}`);
  const memories = new PushMemories(redis, keys);
  attempt = (target = url) => memories.of({ id: 'p1', url: target });
  return () => redis.del(keys.memory('p1'));
});

describe('the memory of a push', () => {
  it('gives epochs that grow from attempt to attempt, even within a millisecond', async () => {
    const before = Date.now();
    const epochs = await Promise.all(Array.from({ length: 20 }, () => attempt().nextEpoch()));
    expect(new Set(epochs).size).toBe(20);
    expect(epochs).toEqual(epochs.toSorted((a, b) => a - b));
    expect(epochs[0]).toBeGreaterThan(before - 60_000);
    expect(await redis.hget(keys.memory('p1'), 'epoch')).toBe(String(epochs.at(-1)));
  });

  it('never goes back behind an epoch that a server with a faster clock has given', async () => {
    const future = Date.now() + 3_600_000;
    await redis.hset(keys.memory('p1'), 'epoch', String(future));
    expect(await attempt().nextEpoch()).toBe(future + 1);
  });

  it('hands the state on to the next attempt, and expires when nobody writes it', async () => {
    const first = attempt();
    expect(await first.load()).toBeUndefined();
    expect(await first.save(await first.nextEpoch(), '{"seq":7}')).toBe(true);
    expect(await attempt().load()).toBe('{"seq":7}');
    expect(await redis.pttl(keys.memory('p1'))).toBeGreaterThan(29 * 24 * 3_600_000);
  });

  it('refuses the state of an attempt that another one has followed', async () => {
    const [old, current] = [attempt(), attempt()];
    const [oldEpoch, epoch] = [await old.nextEpoch(), await current.nextEpoch()];
    expect(await old.save(oldEpoch, 'old')).toBe(false);
    expect(await current.save(epoch, 'current')).toBe(true);
    expect(await old.save(oldEpoch, 'older')).toBe(false);
    expect(await attempt().load()).toBe('current');
  });

  it('loads nothing of another target, but that of the same one with another login, and keeps no URL', async () => {
    const first = attempt('hls://user:pass-word@cdn.example.com/live/?token=s3cret');
    await first.save(await first.nextEpoch(), 'state');
    expect(await attempt().load()).toBeUndefined();
    expect(await attempt('hls://other:login@cdn.example.com/live/?token=s3cret').load()).toBe('state');
    expect(JSON.stringify(await redis.hgetall(keys.memory('p1')))).not.toMatch(/cdn|pass-word|s3cret/);
  });
});

describe('the memory of a push while Redis is frozen', () => {
  /** A way to Redis that stops when it is told to. */
  async function openWay() {
    const address = new URL(inject('redisUrl'));
    const ways: { near: net.Socket; far: net.Socket }[] = [];
    const server = net.createServer((near) => {
      const far = net.connect(Number(address.port), address.hostname);
      ways.push({ near, far });
      near.pipe(far).pipe(near);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = new URL(address);
    url.port = String((server.address() as net.AddressInfo).port);
    const client = connectRedis(url.href, () => {});
    await client.ping();
    return {
      client,
      freeze: () => ways.map(({ near, far }) => near.unpipe(far)),
      thaw: () => ways.map(({ near, far }) => near.pipe(far)),
      [Symbol.dispose]: () => {
        client.disconnect();
        server.close();
        for (const { near, far } of ways) for (const socket of [near, far]) socket.destroy();
      },
    };
  }

  it('holds nobody up, and knows its attempt again when Redis has heard of it too late', async () => {
    using way = await openWay();
    const memory = new PushMemories(way.client, keys).of({ id: 'p1', url });
    const before = await attempt().nextEpoch();
    way.freeze();
    const start = performance.now();
    const epoch = await memory.nextEpoch();
    expect(performance.now() - start).toBeLessThan(3_000);
    expect(epoch).toBeGreaterThan(before);
    await expect(memory.load()).rejects.toThrow('Redis does not answer');
    await expect(memory.save(epoch, 'lost')).rejects.toThrow('Redis does not answer');

    way.thaw();
    await way.client.ping();
    expect(Number(await redis.hget(keys.memory('p1'), 'epoch'))).toBeGreaterThan(epoch);
    expect(await memory.save(epoch, 'kept')).toBe(true);
    await attempt().nextEpoch();
    expect(await memory.save(epoch, 'too late')).toBe(false);
  });

  it('gives epochs that grow, whatever the clock of the host does', async () => {
    using way = await openWay();
    const memories = new PushMemories(way.client, keys);
    await redis.hset(keys.memory('p1'), 'epoch', String(Date.now() + 3_600_000));
    const given = await memories.of({ id: 'p1', url }).nextEpoch();
    way.freeze();
    expect(await memories.of({ id: 'p1', url }).nextEpoch()).toBe(given + 1);
  });

  it('gives epochs that grow when Redis is back, though the clock of the host is ahead of it', async () => {
    using way = await openWay();
    using clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 3_600_000);
    const memories = new PushMemories(way.client, keys);
    way.freeze();
    const ahead = await memories.of({ id: 'p1', url }).nextEpoch();
    expect(clock).toHaveBeenCalled();
    way.thaw();
    expect(await memories.of({ id: 'p1', url }).nextEpoch()).toBeGreaterThan(ahead);
  });
});
