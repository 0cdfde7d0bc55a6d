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
    await Promise.all([1, 2, 3, 4, 5].map((n) => budget.use(connect(n), never)));
    expect(most).toBe(2);
    expect(order).toEqual([1, 2, 3, 4, 5]);
  });

  it('gives the room back when a connect fails', async () => {
    const budget = new ConnectBudget(1);
    await expect(budget.use(() => Promise.reject(new Error('refused')), never)).rejects.toThrow('refused');
    await expect(budget.use(() => Promise.resolve('ok'), never)).resolves.toBe('ok');
  });

  it('lets one that waits go when it is aborted, without losing room', async () => {
    const budget = new ConnectBudget(1);
    const first = Promise.withResolvers<void>();
    const running = budget.use(() => first.promise, never);
    const abort = new AbortController();
    const waiting = budget.use(() => Promise.resolve('late'), abort.signal);
    abort.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
    first.resolve();
    await running;
    await expect(budget.use(() => Promise.resolve('next'), never)).resolves.toBe('next');
  });
});
