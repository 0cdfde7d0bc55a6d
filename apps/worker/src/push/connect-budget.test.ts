import { describe, expect, it } from 'vitest';
import { ConnectBudget } from './connect-budget.ts';

const never = new AbortController().signal;

describe('ConnectBudget', () => {
  it('lets no more than its limit connect at a time and serves the others in order', async () => {
    const budget = new ConnectBudget(2);
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
    const budget = new ConnectBudget(1);
    await expect(budget.use('a', () => Promise.reject(new Error('refused')), never)).rejects.toThrow('refused');
    await expect(budget.use('a', () => Promise.resolve('ok'), never)).resolves.toBe('ok');
  });

  it('lets one that waits go when it is aborted, without losing room', async () => {
    const budget = new ConnectBudget(1);
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
    const budget = new ConnectBudget(2);
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
    const fresh = budget.use('alive', async () => void order.push('alive'), never);
    herd[0]!.resolve();
    await fresh;
    expect(order).toEqual(['dead', 'dead', 'alive']);
    for (const { resolve } of herd) resolve();
    await Promise.all(running);
    expect(order).toHaveLength(21);
  });
});
