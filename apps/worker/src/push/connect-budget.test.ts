import { type Dial, PublishError } from '@pushfleet/protocols';
import { describe, expect, it, vi } from 'vitest';
import type { Permits } from '../fleet/host-scripts.ts';
import { ConnectBudget, type PermitSource } from './connect-budget.ts';
import { freely } from './testing/holder-kit.ts';

const never = new AbortController().signal;

describe('ConnectBudget', () => {
  it('lets no more than its limit connect at a time and serves the others in order', async () => {
    const budget = new ConnectBudget(2, freely);
    const order: number[] = [];
    let connecting = 0;
    let most = 0;
    const connect = (n: number) => async () => {
      most = Math.max(most, ++connecting);
      order.push(n);
      await new Promise(setImmediate);
      connecting--;
    };
    await Promise.all([1, 2, 3, 4, 5].map((n) => budget.use('a', connect(n), never)));
    expect(most).toBe(2);
    expect(order).toEqual([1, 2, 3, 4, 5]);
  });

  it('gives the room back when a connect fails', async () => {
    const budget = new ConnectBudget(1, freely);
    await expect(budget.use('a', () => Promise.reject(new Error('refused')), never)).rejects.toThrow('refused');
    await expect(budget.use('a', () => Promise.resolve('ok'), never)).resolves.toBe('ok');
  });

  it('lets one that waits go when it is aborted, without losing room', async () => {
    const budget = new ConnectBudget(1, freely);
    const first = Promise.withResolvers<void>();
    const running = budget.use('a', () => first.promise, never);
    const abort = new AbortController();
    const waiting = budget.use('a', () => Promise.resolve('late'), abort.signal);
    abort.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
    first.resolve();
    await running;
    await expect(budget.use('a', () => Promise.resolve('next'), never)).resolves.toBe('next');
  });

  it('lets a push to another host in before the many that wait for one that does not answer', async () => {
    const budget = new ConnectBudget(2, freely);
    const herd = Array.from({ length: 20 }, () => Promise.withResolvers<void>());
    const order: string[] = [];
    const running = herd.map(({ promise }) =>
      budget.use(
        'dead',
        () => {
          order.push('dead');
          return promise;
        },
        never,
      ),
    );
    await vi.waitFor(() => expect(order).toHaveLength(2));
    const fresh = budget.use('alive', async () => void order.push('alive'), never);
    herd[0]!.resolve();
    await fresh;
    expect(order).toEqual(['dead', 'dead', 'alive']);
    for (const { resolve } of herd) resolve();
    await Promise.all(running);
    expect(order).toHaveLength(21);
  });
});

/** A fleet that answers as told, and remembers what it was asked and told. */
function fleet(answer: (wanted: number, believes: boolean) => Partial<Permits>) {
  const source = {
    ask: vi.fn(async (_host: string, wanted: number, believes: boolean): Promise<Permits> => {
      return { permits: wanted, againInMs: 0, suspect: false, down: undefined, ...answer(wanted, believes) };
    }),
    failed: vi.fn(),
    reached: vi.fn(),
  } satisfies PermitSource;
  return source;
}

describe('the permits of the fleet', () => {
  it('are asked for in batches, not one by one', async () => {
    const source = fleet(() => ({}));
    const budget = new ConnectBudget(50, source);
    await Promise.all(Array.from({ length: 1_000 }, () => budget.use('a:1', async () => {}, never)));
    expect(source.ask.mock.calls.length).toBeLessThanOrEqual(1_000 / 50 + 2);
    expect(budget.figures()).toMatchObject({ granted: 1_000, denied: 0, waiting: 0 });
  });

  it('let nobody dial before they are there, and are asked for again when they are due', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }); // and not the clock: timers come early at times
    try {
      let permits = 3;
      const budget = new ConnectBudget(
        50,
        fleet(() => ({ permits, againInMs: 250 })),
      );
      const connect = vi.fn(async () => {});
      const all = Promise.all(Array.from({ length: 5 }, () => budget.use('a:1', connect, never)));
      await vi.advanceTimersByTimeAsync(249);
      expect(connect).toHaveBeenCalledTimes(3);
      permits = 2;
      await vi.advanceTimersByTimeAsync(1);
      await all;
      expect(connect).toHaveBeenCalledTimes(5);
    } finally {
      vi.useRealTimers();
    }
  });

  it('that one host has to wait for hold nobody up at another', async () => {
    const source = fleet(() => ({}));
    source.ask.mockImplementation(async (host, wanted) => {
      const permits = host === 'busy:1' ? 0 : wanted;
      return { permits, againInMs: 60_000, suspect: false, down: undefined };
    });
    const budget = new ConnectBudget(2, source);
    const abort = new AbortController();
    const waiting = Array.from({ length: 5 }, () => budget.use('busy:1', async () => {}, abort.signal));
    await expect(budget.use('idle:1', () => Promise.resolve('in'), never)).resolves.toBe('in');
    abort.abort(new Error('stopped'));
    for (const one of waiting) await expect(one).rejects.toThrow('stopped');
  });
});

describe('a host that is down', () => {
  const down = { since: Date.parse('2026-01-01T00:00:00Z'), code: 'connect_refused', probedMsAgo: 300 };

  it('turns all away but the probe, with its own error, at once and without another question', async () => {
    const source = fleet(() => ({ permits: 1, againInMs: 60_000, down }));
    const budget = new ConnectBudget(50, source);
    const connect = vi.fn(async () => {});
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => budget.use('a:1', connect, never)));
    const late = budget.use('a:1', connect, never);
    await expect(late).rejects.toMatchObject({
      code: 'connect_refused',
      detail: expect.stringMatching(
        /^not dialled: a:1 is known to be down since 2026-01-01T00:00:00\.000Z, probed \d{3,} ms ago$/,
      ),
    });
    expect(connect).toHaveBeenCalledTimes(1);
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(19);
    expect(source.ask).toHaveBeenCalledTimes(1);
    expect(budget.figures()).toEqual({ granted: 1, denied: 20, waiting: 0, down: 1 });
  });

  it('is believed to be down only by a worker that has failed there itself', async () => {
    const source = fleet(() => ({}));
    const budget = new ConnectBudget(50, source);
    await budget.use('a:1', async () => {}, never);
    const dial = budget.watch('p1', () => Promise.reject(new PublishError('unreachable')));
    const attempt = () => dial({ host: 'A', port: 1, signal: never });
    await expect(budget.use('a:1', attempt, never)).rejects.toThrow();
    await budget.use('a:1', async () => {}, never);
    expect(source.ask.mock.calls.map(([, , believes]) => believes)).toEqual([false, false, true]);
  });

  it('is looked at by one push of a worker that has not failed there, and the others need not wait long for what it saw', async () => {
    const source = fleet((wanted, believes) =>
      believes
        ? { permits: 0, againInMs: 60_000, down }
        : { permits: Math.min(wanted, 1), againInMs: 60_000, suspect: true },
    );
    const budget = new ConnectBudget(50, source);
    const refuse = vi.fn(() => Promise.reject(new PublishError('connect_refused')));
    const dial = budget.watch('p1', refuse);
    const attempt = () => dial({ host: 'a', port: 1, signal: never });
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => budget.use('a:1', attempt, never)));
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    expect(refuse).toHaveBeenCalledTimes(1);
    expect(budget.figures()).toMatchObject({ granted: 1, denied: 19 });
  });

  it('is dialled again as soon as somebody has reached it', async () => {
    const answers: Partial<Permits>[] = [{ permits: 1, againInMs: 60_000, suspect: true, down }, {}];
    const source = fleet(() => answers.shift()!);
    const budget = new ConnectBudget(50, source);
    const dial = budget.watch('p1', (async () => ({ socket: {}, peer: '' })) as unknown as Dial);
    await budget.use('a:1', () => dial({ host: 'a', port: 1, signal: never }), never);
    expect(source.reached).toHaveBeenCalledExactlyOnceWith('a:1');
    await expect(budget.use('a:1', () => Promise.resolve('in'), never)).resolves.toBe('in');
  });

  it.each([
    ['dns', 'failed'],
    ['connect_refused', 'failed'],
    ['connect_timeout', 'failed'],
    ['unreachable', 'failed'],
    ['tls', 'reached'],
    ['target_closed', 'reached'],
    ['blocked_address', 'neither'],
    ['overloaded', 'neither'],
  ] as const)('%s on the way to a host means: %s', async (code, meaning) => {
    const source = fleet(() => ({ suspect: true }));
    const budget = new ConnectBudget(50, source);
    const dial = budget.watch('p1', () => Promise.reject(new PublishError(code)));
    await expect(budget.use('h:1', () => dial({ host: 'h', port: 1, signal: never }), never)).rejects.toThrow();
    expect(source.failed.mock.calls).toEqual(meaning === 'failed' ? [['h:1', 'p1', code]] : []);
    expect(source.reached.mock.calls).toEqual(meaning === 'reached' ? [['h:1']] : []);
  });

  it('is judged by its own answers, and not by those of a place that it redirects to', async () => {
    const source = fleet(() => ({}));
    const budget = new ConnectBudget(50, source);
    const dial = budget.watch('p1', () => Promise.reject(new PublishError('connect_refused')));
    await expect(dial({ host: 'origin', port: 80, redirected: true, signal: never })).rejects.toThrow();
    expect(source.failed).toHaveBeenCalledExactlyOnceWith('origin:80', 'p1', 'connect_refused');
  });
});
