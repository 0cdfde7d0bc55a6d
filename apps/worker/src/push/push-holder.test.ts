import type { PushReport } from '@pushfleet/contract';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Farewell, HEALTHY_AFTER_MS, PushHolder } from './push-holder.ts';
import { holderDeps, jobOf, openDial, openHubs, pushOf, RtmpTarget, refused } from './testing/holder-kit.ts';

let target: RtmpTarget;
let hubs: ReturnType<typeof openHubs>;
let dialled: ReturnType<typeof openDial>;

beforeEach(async () => {
  target = new RtmpTarget();
  await target.listen();
  hubs = openHubs();
  dialled = openDial();
});
afterEach(() => {
  target.close();
  hubs.hubs.close();
});

function hold(options: { retry_timeout?: number; retry_limit?: number } = {}) {
  const push = pushOf(target.url, { options });
  const { deps, facts } = holderDeps(hubs.hubs, dialled.dial);
  const { job } = jobOf(push);
  const holder = new PushHolder(push, { job, token: 'w:1' }, deps);
  const status = (): PushReport['status'] => holder.report(performance.now()).status;
  return { holder, deps, facts, job, push, status, ended: holder.run() };
}

/** Until the target has accepted and the first picture has left. */
async function connected(holder: PushHolder): Promise<void> {
  await vi.waitFor(() => {
    holder.tick(performance.now());
    const { connected_at, frames } = holder.report(performance.now());
    expect(connected_at).not.toBeNull();
    expect(frames).toBeGreaterThan(0);
  });
}

const farewells: Farewell[] = ['stopped', 'removed', 'drained', 'restarted', 'lost', 'fenced'];

describe('a holder that is told to let go', () => {
  it.each(farewells)('%s: while it waits for the source, at once and without an attempt', async (farewell) => {
    const { holder, ended, status } = hold();
    await vi.waitFor(() => expect(status()).toBe('waiting'));
    holder.intend(farewell);
    await expect(ended).resolves.toEqual({ kind: 'let-go', farewell });
    expect(dialled.sockets).toEqual([]);
  });

  it.each(farewells)('%s: while the target makes up its mind, without a connection that stays', async (farewell) => {
    hubs.show('cam');
    target.decide = () => new Promise(() => {});
    const { holder, ended, facts } = hold();
    await vi.waitFor(() => expect(target.asked).toHaveBeenCalled());
    holder.intend(farewell);
    await expect(ended).resolves.toEqual({ kind: 'let-go', farewell });
    expect(dialled.sockets.map(({ destroyed }) => destroyed)).toEqual([true]);
    expect(facts.failure).not.toHaveBeenCalled();
  });

  it.each(farewells)('%s: while it sends, and has closed the connection when it says so', async (farewell) => {
    hubs.show('cam');
    const { holder, ended } = hold();
    await connected(holder);
    holder.intend(farewell);
    await expect(ended).resolves.toEqual({ kind: 'let-go', farewell });
    expect(dialled.sockets.map(({ destroyed }) => destroyed)).toEqual([true]);
  });

  it('drops the connection of a clean end under way when its lock is lost', async () => {
    hubs.show('cam');
    const { holder, ended } = hold();
    await connected(holder);
    holder.intend('drained');
    holder.intend('lost');
    await expect(ended).resolves.toEqual({ kind: 'let-go', farewell: 'lost' });
  });
});

describe('a holder while Redis is away', () => {
  it('tries again by itself and tells how many failures the job has not seen', async () => {
    hubs.show('cam');
    target.decide = async () => refused;
    const { deps, ended, holder } = hold({ retry_timeout: 0.05, retry_limit: 3 });
    deps.redisAnswers.mockReturnValue(false);
    await expect(ended).resolves.toMatchObject({ kind: 'failed', final: true, localFailures: 2 });
    expect(target.asked).toHaveBeenCalledTimes(3);
    expect(holder.report(performance.now())).toMatchObject({ status: 'error', failures_in_a_row: 3 });
  });

  it('hands the failure over with the first attempt that fails when Redis is back', async () => {
    hubs.show('cam');
    target.decide = async () => refused;
    const { deps, ended } = hold({ retry_timeout: 0.05 });
    deps.redisAnswers.mockReturnValueOnce(false);
    await expect(ended).resolves.toMatchObject({ kind: 'failed', final: false, localFailures: 1 });
  });

  it.each(farewells)('%s: ends the pause between two attempts at once', async (farewell) => {
    hubs.show('cam');
    target.decide = async () => refused;
    const { deps, ended, holder, status } = hold({ retry_timeout: 3600 });
    deps.redisAnswers.mockReturnValue(false);
    await vi.waitFor(() => expect(status()).toBe('retry'));
    holder.intend(farewell);
    await expect(ended).resolves.toEqual({ kind: 'let-go', farewell });
  });
});

describe('a holder whose push changes', () => {
  it('reconnects to another URL, once the first connection is closed', async () => {
    hubs.show('cam');
    const { holder, push, ended } = hold();
    await connected(holder);
    const other = new RtmpTarget();
    await other.listen();
    const closedBefore = new Promise((resolve) =>
      other.asked.mockImplementation(() => resolve(dialled.sockets[0]!.destroyed)),
    );
    await holder.desiredChanged({ ...push, url: other.url, revision: 2 }, true);
    await expect(closedBefore).resolves.toBe(true);
    holder.intend('stopped');
    await ended;
    other.close();
  });

  it('does so even when Redis refuses to write the change into the job, and knows that it is still to be written', async () => {
    hubs.show('cam');
    const { holder, push, ended, deps } = hold();
    await connected(holder);
    target.asked.mockClear();
    deps.adopt.mockRejectedValueOnce(new Error('MISCONF'));
    const changed = holder.desiredChanged({ ...push, url: `${target.url}2`, revision: 2 }, true);
    await expect(changed).rejects.toThrow('MISCONF');
    await vi.waitFor(() => expect(target.asked).toHaveBeenCalledWith('cam2'));
    expect(holder.actsOn(2)).toBe(false);
    holder.intend('stopped');
    await ended;
  });

  it('keeps the connection when only the budget changes', async () => {
    hubs.show('cam');
    const { holder, push, ended, deps } = hold();
    await connected(holder);
    await holder.desiredChanged({ ...push, options: { retry_limit: 2 }, revision: 2 }, true);
    expect(deps.adopt).toHaveBeenCalledOnce();
    expect(dialled.sockets.map(({ destroyed }) => destroyed)).toEqual([false]);
    holder.intend('stopped');
    await ended;
  });
});

describe('a holder of a healthy session', () => {
  it('gives the budget back once, and again later when Redis has refused', async () => {
    hubs.show('cam');
    const { holder, ended, deps } = hold();
    await connected(holder);
    deps.giveBudgetBack.mockRejectedValueOnce(new Error('MISCONF'));
    const start = performance.now();
    holder.tick(start + HEALTHY_AFTER_MS + 100);
    expect(deps.giveBudgetBack).toHaveBeenCalledTimes(1);
    await new Promise(setImmediate);
    holder.tick(start + HEALTHY_AFTER_MS + 200);
    expect(deps.giveBudgetBack).toHaveBeenCalledTimes(1);
    holder.tick(start + 2 * HEALTHY_AFTER_MS + 200);
    holder.tick(start + 4 * HEALTHY_AFTER_MS);
    expect(deps.giveBudgetBack).toHaveBeenCalledTimes(2);
    holder.intend('stopped');
    await ended;
  });
});
