import { randomUUID } from 'node:crypto';
import { connectRedis, Keys } from '@pushfleet/contract';
import { afterAll, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { Audit } from './audit.ts';
import { FleetScripts } from './scripts.ts';

const redis = connectRedis(inject('redisUrl'), () => {});
afterAll(() => redis.disconnect());

describe('the audit of a pool', () => {
  let keys: Keys;
  let scripts: FleetScripts;

  beforeEach(async () => {
    keys = new Keys(`test-${randomUUID()}`);
    scripts = new FleetScripts(redis, keys, 'push-default');
  });

  const of = (name: string) => `${keys.tag}:push-default:${name}`;

  async function lock(jobId: string, token: string): Promise<void> {
    await redis.lrem(of('active'), 0, jobId);
    await redis.lpush(of('active'), jobId);
    await redis.set(of(`${jobId}:lock`), token, 'PX', 60_000);
  }

  async function beat(workerId: string, held: number): Promise<void> {
    await scripts.beat(workerId, JSON.stringify({ id: workerId, held }), 'epoch');
    await redis.del(keys.grace);
  }

  function auditOf(workerId: string, held: readonly string[]) {
    const remind = vi.fn(async () => {});
    const holds = (jobId: string) => held.includes(jobId);
    return { remind, audit: new Audit({ scripts, pool: 'default', workerId: () => workerId, holds, remind }) };
  }

  const unlocked = async (...jobIds: string[]) =>
    jobIds.length - (await redis.exists(jobIds.map((id) => of(`${id}:lock`))));

  it('frees what nobody holds only when it was seen twice', async () => {
    await lock('held', 'me:1');
    await lock('forgotten', 'me:2');
    await lock('orphan', 'vanished:1');
    await lock('others', 'peer:1');
    await beat('peer', 1);
    await beat('me', 1);
    const { audit, remind } = auditOf('me', ['held']);
    await redis.set(keys.grace, '1');
    expect(await audit.look()).toBe(0);
    await redis.del(keys.grace);
    expect(await audit.look()).toBe(0);
    expect(await audit.look()).toBe(2);
    expect(await unlocked('forgotten', 'orphan')).toBe(2);
    expect(await unlocked('held', 'others')).toBe(0);
    expect((await redis.smembers(of('stalled'))).toSorted()).toEqual(['forgotten', 'orphan']);
    expect(remind).not.toHaveBeenCalled();
  });

  it('leaves a job alone that was met twice on its way, in two activations', async () => {
    await lock('quick', 'me:1');
    await beat('me', 0);
    const { audit } = auditOf('me', []);
    await audit.look();
    await lock('quick', 'me:2');
    expect(await audit.look()).toBe(0);
    expect(await audit.look()).toBe(1);
  });

  it('is done by one worker; another one that has forgotten a job is reminded, and looks for itself', async () => {
    await lock('a', 'peer:1');
    await lock('b', 'peer:2');
    await beat('me', 0);
    await beat('peer', 1);
    const [mine, its] = [auditOf('me', []), auditOf('peer', ['a'])];
    await mine.audit.look();
    expect(await its.audit.look()).toBe(0);
    expect(mine.remind).not.toHaveBeenCalled();
    await mine.audit.look();
    expect(mine.remind).toHaveBeenCalledExactlyOnceWith('peer');
    const reads = vi.spyOn(scripts, 'lockedJobs');
    expect(await its.audit.look()).toBe(0);
    expect(reads).not.toHaveBeenCalled(); // whom nobody has reminded reads nothing
    its.audit.reminded();
    expect([await its.audit.look(), await its.audit.look()]).toEqual([0, 1]);
    expect(await unlocked('a')).toBe(0);
    expect(await unlocked('b')).toBe(1);
  });

  it('goes over to another worker when the one that did it has left', async () => {
    await beat('peer', 0);
    await lock('orphan', 'vanished:1');
    const { audit } = auditOf('peer', []);
    await redis.set(keys.audit('default'), 'vanished', 'PX', 100);
    expect(await audit.look()).toBe(0);
    await vi.waitFor(async () => expect(await redis.exists(keys.audit('default'))).toBe(0));
    expect([await audit.look(), await audit.look()]).toEqual([0, 1]);
  });
});
