import { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { ConnectionDealer } from './connection-dealer.ts';

/** A dealer, and who got what. Processes take at once unless they are named in `hanging`. */
function kit({ waitMs = 1_000, hanging = [] as string[] } = {}) {
  const dealer = new ConnectionDealer(waitMs);
  const got: string[] = [];
  const join = (name: string) =>
    dealer.join(name, () => {
      got.push(name);
      if (!hanging.includes(name)) queueMicrotask(() => dealer.taken(name));
      return true;
    });
  const deal = async (count: number) => {
    const sockets = Array.from({ length: count }, () => new Socket());
    for (const socket of sockets) dealer.deal('rtmp', socket);
    await new Promise((resolve) => setImmediate(resolve));
    return sockets;
  };
  const counts = () =>
    Object.fromEntries([...Map.groupBy(got, (name) => name)].map(([name, all]) => [name, all.length]));
  return { dealer, join, deal, counts, got };
}

it('gives each connection to the process with the fewest', async () => {
  const { dealer, join, deal, counts, got } = kit();
  for (const name of ['a', 'b', 'c']) join(name);
  await deal(9);
  expect(counts()).toEqual({ a: 3, b: 3, c: 3 });
  for (let count = 0; count < 2; count++) dealer.closed('b');
  got.length = 0;
  await deal(2);
  expect(counts()).toEqual({ b: 2 });
});

it('gives a process that hangs no second one', async () => {
  const { join, deal, counts } = kit({ hanging: ['a'] });
  for (const name of ['a', 'b']) join(name);
  await deal(9);
  await expect.poll(counts).toEqual({ a: 1, b: 8 });
});

it('spares a process that drains, unless all do', async () => {
  const { dealer, join, deal, counts } = kit();
  dealer.drain('a', true);
  for (const name of ['a', 'b']) join(name);
  await deal(4);
  expect(counts()).toEqual({ b: 4 });
  dealer.drain('b', true);
  await deal(4);
  expect(counts()).toEqual({ a: 4, b: 4 });
});

it('keeps connections for a process that is being started again', async () => {
  const { dealer, join, deal, counts } = kit();
  join('a');
  dealer.leave('a');
  const [socket] = await deal(1);
  expect(counts()).toEqual({});
  join('a');
  expect(counts()).toEqual({ a: 1 });
  expect(socket!.destroyed).toBe(false);
});

it('closes what nobody takes in time', async () => {
  const { deal } = kit({ waitMs: 1 });
  const [socket] = await deal(1);
  await expect.poll(() => socket!.destroyed).toBe(true);
});
