import { Keys, type LiveSource } from '@pushfleet/contract';
import type { Redis } from 'ioredis';
import { describe, expect, it, vi } from 'vitest';
import type { FleetScripts } from '../fleet/scripts.ts';
import { LiveRegistry } from './live-registry.ts';

/** A registry whose Redis takes a moment for everything. */
function open() {
  const entries = new Map<string, LiveSource>();
  const answer = () => new Promise((resolve) => setImmediate(resolve));
  const scripts = {
    claimLive: async (stream: string, _worker: string, entry: string) => {
      await answer();
      entries.set(stream, JSON.parse(entry) as LiveSource);
    },
    releaseLive: async (stream: string, token: string) => {
      await answer();
      if (entries.get(stream)?.token === token) entries.delete(stream);
    },
  } as unknown as FleetScripts;
  const registry = new LiveRegistry({
    redis: {} as Redis,
    keys: new Keys('test'),
    scripts,
    worker: { id: 'w1', name: 'worker-1', rtmp: () => '192.0.2.1:1935', http: () => '192.0.2.1:8081' },
    living: () => new Set(['w1']),
  });
  return { entries, registry };
}

describe('LiveRegistry', () => {
  it('puts back what Redis has lost', async () => {
    const { entries, registry } = open();
    await registry.claim('a', '198.51.100.1:5000', vi.fn());
    entries.clear();
    await registry.restore();
    expect([...entries.keys()]).toEqual(['a']);
  });

  it('does not put back whoever leaves while it does so', async () => {
    const { entries, registry } = open();
    for (const name of ['a', 'b', 'c']) await registry.claim(name, '198.51.100.1:5000', vi.fn());
    const restored = registry.restore();
    await Promise.all([registry.release('b'), registry.release('c')]);
    await restored;
    await registry.tidy();
    expect([...entries.keys()]).toEqual(['a']);
  });
});
