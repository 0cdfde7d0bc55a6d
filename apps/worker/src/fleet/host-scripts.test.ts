import { randomUUID } from 'node:crypto';
import { connectRedis, Keys } from '@pushfleet/contract';
import { afterAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { DOWN_AFTER_PUSHES, HostScripts } from './host-scripts.ts';

const redis = connectRedis(inject('redisUrl'), () => {});
afterAll(() => redis.disconnect());

const host = 'live.example.com:1935';
const pushes = Array.from({ length: DOWN_AFTER_PUSHES }, (_, n) => `p${n}`);
let keys: Keys;
let scripts: HostScripts;
let prefix: string;

const own = () => redis.keys(`${keys.tag}:*`);

beforeEach(() => {
  prefix = `test-${randomUUID()}`;
  keys = new Keys(prefix);
  scripts = new HostScripts(redis, keys, 10);
  return async () => {
    const left = await own();
    if (left.length > 0) await redis.del(left);
  };
});

/** Lets so much time of the server pass in what Redis knows of the hosts. */
async function age(ms: number, ...fields: ('at' | 'probed' | 'since')[]): Promise<void> {
  for (const key of await own()) {
    for (const field of fields) if (await redis.hexists(key, field)) await redis.hincrby(key, field, -ms);
  }
}

describe('the budget of a host', () => {
  it('gives a burst of five seconds at once and its rate from then on, to whoever in the fleet asks', async () => {
    const other = new HostScripts(redis, keys, 10);
    const since = performance.now();
    /** That ten a second have added meanwhile. */
    const grown = () => Math.ceil((performance.now() - since) / 100);
    expect(await scripts.permit(host, 40, false)).toMatchObject({ permits: 40, againInMs: 0 });
    const short = await other.permit(host, 40, false);
    expect(short.permits).toBeGreaterThanOrEqual(10);
    expect(short.permits).toBeLessThanOrEqual(10 + grown());
    expect(short.againInMs).toBeGreaterThan(2_900 - 100 * grown());
    await age(1_000, 'at');
    const { permits } = await scripts.permit(host, 50, false);
    expect(permits).toBeGreaterThanOrEqual(10);
    expect(permits).toBeLessThanOrEqual(10 + grown());
  });

  it('says when those that are missing will be there', async () => {
    const since = performance.now();
    await scripts.permit(host, 50, false);
    const { permits, againInMs } = await scripts.permit(host, 5, false);
    expect(permits).toBeLessThanOrEqual(Math.ceil((performance.now() - since) / 100));
    expect(againInMs).toBeLessThanOrEqual(500);
    await age(againInMs, 'at');
    expect((await scripts.permit(host, 5 - permits, false)).permits).toBe(5 - permits);
  });

  it('is that of one host alone, or none at all', async () => {
    await scripts.permit(host, 50, false);
    expect((await scripts.permit('live.example.com:1936', 50, false)).permits).toBe(50);
    const unlimited = new HostScripts(redis, keys, 0);
    expect((await unlimited.permit(host, 1_000_000, false)).permits).toBe(1_000_000);
  });

  it('does not stand still when the clock of another server is behind', async () => {
    await scripts.permit(host, 50, false);
    await age(-3_600_000, 'at');
    await scripts.permit(host, 1, false);
    await age(1_000, 'at');
    expect((await scripts.permit(host, 5, false)).permits).toBe(5);
  });
});

describe('a host that cannot be reached', () => {
  it('counts as down when enough different pushes have failed in a row, and says so once', async () => {
    expect(await scripts.failed(host, 'dns', pushes.slice(1))).toBe(false);
    expect(await scripts.permit(host, 5, true)).toMatchObject({ permits: 5, suspect: true, down: undefined });
    expect(await scripts.failed(host, 'connect_refused', pushes.slice(0, 1))).toBe(true);
    expect(await scripts.failed(host, 'connect_refused', pushes)).toBe(false);
  });

  it('never counts as down for the failures of one push', async () => {
    for (let n = 0; n < 3 * DOWN_AFTER_PUSHES; n++) expect(await scripts.failed(host, 'dns', ['p1'])).toBe(false);
    expect((await scripts.permit(host, 1, true)).down).toBeUndefined();
  });

  it('never counts as down while one push among the many reaches it', async () => {
    await scripts.failed(host, 'dns', pushes.slice(1));
    expect(await scripts.reached(host)).toBeUndefined();
    expect(await scripts.failed(host, 'dns', pushes.slice(0, 1))).toBe(false);
  });

  it('gives one permit a second to the whole fleet, and its last error to all others', async () => {
    const since = performance.now();
    await scripts.failed(host, 'connect_refused', pushes);
    await scripts.failed(host, 'unreachable', ['p1']);
    const first = await scripts.permit(host, 50, true);
    expect(first).toMatchObject({ permits: 0, suspect: true, down: { code: 'unreachable' } });
    expect(first.againInMs).toBeGreaterThan(990 - (performance.now() - since));
    await age(1_000, 'probed', 'since');
    const probe = await scripts.permit(host, 50, true);
    expect(probe).toMatchObject({
      permits: 1,
      againInMs: 1_000,
      down: { since: first.down!.since - 1_000, probedMsAgo: 0 },
    });
    expect((await scripts.permit(host, 50, true)).permits).toBe(0);
  });

  it('may be dialled by those who have not failed there, one at a time', async () => {
    await scripts.failed(host, 'connect_refused', pushes);
    expect(await scripts.permit(host, 5, false)).toEqual({
      permits: 1,
      againInMs: 1_000,
      suspect: true,
      down: undefined,
    });
  });

  it('is up for all with the first push that reaches it, which is said once', async () => {
    await scripts.failed(host, 'connect_refused', pushes);
    await age(42_000, 'since');
    expect(await scripts.reached(host)).toBeGreaterThanOrEqual(42_000);
    expect(await scripts.reached(host)).toBeUndefined();
    expect(await scripts.permit(host, 5, true)).toMatchObject({ permits: 5, suspect: false, down: undefined });
  });
});

it('the keys name no host, stay in one slot of a cluster and expire by themselves', async () => {
  await scripts.permit(host, 5, false);
  await scripts.failed(host, 'dns', ['p1']);
  await scripts.failed('other:1', 'dns', pushes);
  const found = await own();
  expect(found).toHaveLength(3);
  for (const key of found) {
    expect(key.startsWith(`{${prefix}}:h:`)).toBe(true);
    expect(key).not.toContain('example');
    const ttlMs = await redis.pttl(key);
    expect(ttlMs).toBeGreaterThan(0);
    expect(ttlMs).toBeLessThanOrEqual(60_000);
  }
});
