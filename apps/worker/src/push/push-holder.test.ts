import type { PushOptions } from '@pushfleet/config';
import type { PushReport } from '@pushfleet/contract';
import { type ChannelFeed, type EndKind, PublishError } from '@pushfleet/protocols';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Farewell, HEALTHY_AFTER_MS, PushHolder } from './push-holder.ts';
import { holderDeps, jobOf, openDial, openHubs, pushOf, RtmpTarget, refused, streamOf } from './testing/holder-kit.ts';

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

function hold(options: PushOptions = {}) {
  const push = pushOf(target.url, { options });
  const { deps, facts } = holderDeps(hubs.hubs, dialled.dial);
  const { job } = jobOf(push);
  const holder = new PushHolder(push, streamOf(), { job, token: 'w:1' }, deps);
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
    hubs.show('cam'); // a sync sample, which some ends wait for
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
    deps.canFail.mockResolvedValue(false);
    await expect(ended).resolves.toMatchObject({ kind: 'failed', final: true, localFailures: 2 });
    expect(target.asked).toHaveBeenCalledTimes(3);
    expect(holder.report(performance.now())).toMatchObject({ status: 'error', failures_in_a_row: 3 });
  });

  it('lets go when an attempt finds out that another worker has begun a later one', async () => {
    hubs.show('cam');
    const dial = vi.spyOn(dialled, 'dial').mockRejectedValue(new PublishError('fenced', 'attempt 1'));
    const { deps, ended } = hold({ retry_timeout: 0.05 });
    deps.canFail.mockResolvedValue(false);
    await expect(ended).resolves.toEqual({ kind: 'let-go', farewell: 'fenced' });
    expect(dial).toHaveBeenCalledTimes(1);
  });

  it('hands the failure over with the first attempt that fails when Redis is back', async () => {
    hubs.show('cam');
    target.decide = async () => refused;
    const { deps, ended } = hold({ retry_timeout: 0.05 });
    deps.canFail.mockResolvedValueOnce(false);
    await expect(ended).resolves.toMatchObject({ kind: 'failed', final: false, localFailures: 1 });
  });

  it.each(farewells)('%s: ends the pause between two attempts at once', async (farewell) => {
    hubs.show('cam');
    target.decide = async () => refused;
    const { deps, ended, holder, status } = hold({ retry_timeout: 3600 });
    deps.canFail.mockResolvedValue(false);
    await vi.waitFor(() => expect(status()).toBe('retry'));
    holder.intend(farewell);
    await expect(ended).resolves.toEqual({ kind: 'let-go', farewell });
  });
});

describe('a holder that does not know whose its push is', () => {
  async function suspended() {
    hubs.show('cam');
    const held = hold();
    await connected(held.holder);
    const { promise: cleared, resolve: clear } = Promise.withResolvers<void>();
    held.holder.suspend(cleared);
    expect(dialled.sockets.map(({ destroyed }) => destroyed)).toEqual([true]);
    await vi.waitFor(() => expect(held.holder.connectedAt).toBeUndefined());
    return { ...held, clear };
  }

  it('drops its connection at once, and makes a new one when it knows', async () => {
    const { holder, facts, clear } = await suspended();
    expect(dialled.sockets).toHaveLength(1);
    clear();
    await connected(holder);
    expect(dialled.sockets.map(({ destroyed }) => destroyed)).toEqual([true, false]);
    expect(facts.failure).not.toHaveBeenCalled();
    holder.intend('stopped');
  });

  it('makes none while it is asked a second time, having stood still once more', async () => {
    const { holder, clear } = await suspended();
    const second = Promise.withResolvers<void>();
    holder.suspend(second.promise);
    clear();
    await new Promise(setImmediate);
    expect(dialled.sockets).toHaveLength(1);
    second.resolve();
    await connected(holder);
    holder.intend('stopped');
  });

  it('makes none when it was told to let go before', async () => {
    const { holder, ended, clear } = await suspended();
    holder.intend('fenced');
    clear();
    await expect(ended).resolves.toEqual({ kind: 'let-go', farewell: 'fenced' });
    expect(dialled.sockets).toHaveLength(1);
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
    await holder.desiredChanged({ ...push, url: other.url, revision: 2 }, streamOf());
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
    const changed = holder.desiredChanged({ ...push, url: `${target.url}2`, revision: 2 }, streamOf());
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
    await holder.desiredChanged({ ...push, options: { retry_limit: 2 }, revision: 2 }, streamOf());
    expect(deps.adopt).toHaveBeenCalledOnce();
    expect(dialled.sockets.map(({ destroyed }) => destroyed)).toEqual([false]);
    holder.intend('stopped');
    await ended;
  });

  it('keeps the connection when what changes does not concern its protocol, and knows the stream that holds', async () => {
    hubs.show('cam');
    const { holder, push, ended, deps } = hold();
    await connected(holder);
    await holder.desiredChanged(push, streamOf({ segment_duration: 2 }, 5));
    expect(holder.streamRevision).toBe(5);
    expect(deps.adopt).not.toHaveBeenCalled();
    const options = { hls_profile: 's3', headers: { 'X-Api-Key': 'key' } } as const;
    await holder.desiredChanged({ ...push, options, revision: 2 }, streamOf({ segment_duration: 2 }, 5));
    expect(dialled.sockets.map(({ destroyed }) => destroyed)).toEqual([false]);
    holder.intend('stopped');
    await ended;
  });
});

describe('what a target is told when its connection ends', () => {
  type Change = (kit: ReturnType<typeof hold>) => unknown;
  const change =
    (more: object): Change =>
    (kit) =>
      kit.holder.desiredChanged({ ...kit.push, ...more }, streamOf());

  it.each<[string, EndKind, Change]>([
    ['somebody pauses it', 'final', ({ holder }) => holder.intend('stopped')],
    ['somebody removes it', 'final', change({ removed: true })],
    [
      'its stream is disabled',
      'final',
      ({ holder, push }) => holder.desiredChanged(push, streamOf({ disabled: true })),
    ],
    ['it goes on at another target', 'final', change({ url: 'rtmp://127.0.0.1:1/live/other' })],
    ['it goes on with another stream', 'handover', change({ stream: 'cam2' })],
    ['it goes on in another pool', 'handover', change({ options: { pool: 'gpu' } })],
    ['somebody restarts it', 'handover', change({ restarts: 1 })],
  ])('%s: %s', async (_why, kind, act) => {
    hubs.show('cam');
    const openFeed = vi.spyOn(hubs.hubs.acquire('cam').hub, 'openFeed');
    const kit = hold();
    await connected(kit.holder);
    const end = vi.spyOn(openFeed.mock.results[0]!.value as ChannelFeed, 'end');
    await act(kit);
    expect(end).toHaveBeenCalledExactlyOnceWith(kind);
    kit.holder.intend('stopped');
    await kit.ended;
  });

  it.each<[string, Change]>([
    ['it goes on on another worker', ({ holder }) => holder.intend('drained')],
    ['its session is renewed', ({ holder }) => holder.tick(performance.now() + 21 * 24 * 3_600_000)],
  ])('%s: handover, right before a sync sample', async (_why, act) => {
    hubs.show('cam');
    const openFeed = vi.spyOn(hubs.hubs.acquire('cam').hub, 'openFeed');
    const kit = hold();
    await connected(kit.holder);
    const feed = openFeed.mock.results[0]!.value as ChannelFeed;
    const end = vi.spyOn(feed, 'end');
    await act(kit);
    expect(end).not.toHaveBeenCalled();
    hubs.show('cam');
    expect(end).toHaveBeenCalledExactlyOnceWith('handover');
    kit.holder.intend('stopped');
    await kit.ended;
  });

  it('an end that waits for a sync sample is hurried on by a person who stops the push', async () => {
    hubs.show('cam');
    const kit = hold();
    await connected(kit.holder);
    kit.holder.tick(performance.now() + 21 * 24 * 3_600_000); // its session is to be renewed
    kit.holder.intend('stopped');
    await expect(kit.ended).resolves.toEqual({ kind: 'let-go', farewell: 'stopped' });
    expect(kit.facts.journal.mock.lastCall?.[1]).toMatchObject({ cause: 'stopped' });
  });

  it('its source has been gone for `timeout`: handover', async () => {
    hubs.show('cam');
    const { hub } = hubs.hubs.acquire('cam');
    const openFeed = vi.spyOn(hub, 'openFeed');
    const { holder, ended } = hold({ timeout: 0 });
    await connected(holder);
    const end = vi.spyOn(openFeed.mock.results[0]!.value as ChannelFeed, 'end');
    hub.begin().end();
    holder.tick(performance.now());
    expect(end).toHaveBeenCalledExactlyOnceWith('handover');
    holder.intend('stopped');
    await ended;
  });
});

describe('a push that has lost its workers', () => {
  it('six times in a row rests with a code that says so, dials nobody, and has its whole budget when a person tries again', async () => {
    hubs.show('cam');
    const push = pushOf(target.url);
    const { deps, facts } = holderDeps(hubs.hubs, dialled.dial);
    const { job } = jobOf(push, { stalledCounter: 6, attemptsMade: 1 });
    const holder = new PushHolder(push, streamOf(), { job, token: 'w:1' }, deps);
    const end = await holder.run();
    expect(end).toMatchObject({ kind: 'failed', final: true, error: { code: 'worker_lost', retry: 'never' } });
    expect(dialled.sockets).toEqual([]);
    expect(deps.giveBudgetBack).toHaveBeenCalledExactlyOnceWith(holder.lease);
    const message = expect.stringContaining('6 workers in a row');
    expect(holder.report(performance.now())).toMatchObject({
      status: 'error',
      reason: message,
      failures_in_a_row: 2,
      next_retry_at: null,
      last_error: { code: 'worker_lost', message },
    });
    expect(facts.journal.mock.calls).toMatchObject([
      ['p1', { attempt: 2, cause: 'worker_lost', message, failed: true }],
    ]);
    const events = facts.event.mock.calls.map(([event]) => [event.event, event.cause]);
    expect(events).toEqual([
      ['push_closed', 'worker_lost'],
      ['push_error', 'worker_lost'],
    ]);
  });

  it('five times is tried again', async () => {
    hubs.show('cam');
    const push = pushOf(target.url);
    const { deps } = holderDeps(hubs.hubs, dialled.dial);
    const holder = new PushHolder(
      push,
      streamOf(),
      { job: jobOf(push, { stalledCounter: 5 }).job, token: 'w:1' },
      deps,
    );
    const ended = holder.run();
    await connected(holder);
    holder.intend('stopped');
    await ended;
  });

  it('has the last attempt of the lost one in its journal, which counts as no failure', () => {
    const { holder, facts } = hold();
    const last = { ...holder.report(performance.now()), worker: 'w0', attempt: 3, bytes: 700 };
    holder.face.lost({ ...last, opened_at: null }); // it waited for the source
    expect(facts.journal).not.toHaveBeenCalled();
    holder.face.lost({ ...last, opened_at: '2026-01-01T00:00:00Z' });
    const entry = { worker: 'w0', attempt: 3, bytes: 700, started_at: '2026-01-01T00:00:00Z', cause: 'worker_lost' };
    expect(facts.journal.mock.calls).toMatchObject([['p1', { ...entry, failed: false }]]);
    expect(facts.event.mock.lastCall).toMatchObject([{ event: 'push_closed', worker: 'w0', cause: 'worker_lost' }]);
    holder.intend('stopped');
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
