import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { isRefused, PeerWatch } from './peer-watch.ts';
import { workerRecord } from './testing/worker-record.ts';

/** A port on which somebody listens until `close`. */
async function listen() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async () => {
    server.close();
    await once(server, 'close');
  };
  return { address, close };
}

/** A watch that has asked its neighbours, who answered with these ids. */
async function watch(answers: Readonly<Record<string, string | undefined>>, ...peers: [id: string, http: string][]) {
  const askWho = vi.fn(async (address: string) => answers[address]);
  const watching = new PeerWatch(askWho);
  const own = workerRecord('me', { http: '127.0.0.1:1' });
  const members = [own, ...peers.map(([id, http]) => workerRecord(id, { http }))];
  watching.look(own, members, 0);
  await vi.waitFor(() => expect(askWho.mock.results.every(({ type }) => type === 'return')).toBe(true));
  const hasEnded = (id: string) => watching.hasEnded(own, members.find((member) => member.id === id)!);
  return { watching, own, members, askWho, hasEnded };
}

describe('a worker that misses beats', () => {
  it('has ended when nobody listens any more where it has answered', async () => {
    const { address, close } = await listen();
    const { hasEnded } = await watch({ [address]: 'a' }, ['a', address]);
    expect(await hasEnded('a')).toBe(false);
    await close();
    expect(await hasEnded('a')).toBe(true);
  });

  it.each([
    ['nobody has answered at its address', undefined],
    ['another one has answered at its address', 'b'],
  ])('may live when %s, and that is refused now', async (_why, answer) => {
    const { address, close } = await listen();
    const { hasEnded } = await watch({ [address]: answer }, ['a', address]);
    await close();
    expect(await hasEnded('a')).toBe(false);
  });

  it('may live when its port is off', async () => {
    const { hasEnded, askWho } = await watch({}, ['a', '']);
    expect(await hasEnded('a')).toBe(false);
    expect(askWho).not.toHaveBeenCalled();
  });

  it('has ended when this one has its name and its port', async () => {
    const { watching, own } = await watch({});
    expect(await watching.hasEnded(own, workerRecord('before', { name: 'me', http: own.http }))).toBe(true);
    expect(await watching.hasEnded(own, workerRecord('other', { name: 'other', http: own.http }))).toBe(false);
  });
});

describe('who looks after whom', () => {
  it('three neighbours in a ring of all, so that each one has three who notice', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
    const members = ids.map((id) => workerRecord(id, { http: `${id}:80` }));
    const asked = ids.map((id) => {
      const addresses: string[] = [];
      const watching = new PeerWatch(async (address) => void addresses.push(address));
      watching.look(members.find((member) => member.id === id)!, members, 0);
      return addresses.map((address) => address[0]).join('');
    });
    expect(asked).toEqual(['bcd', 'cde', 'def', 'efa', 'fab', 'abc']);
  });

  it('who has answered is asked no more, who has not only from time to time', async () => {
    const { watching, own, members, askWho } = await watch({ 'x:1': 'a' }, ['a', 'x:1'], ['b', 'x:2']);
    expect(askWho.mock.calls).toEqual([['x:1'], ['x:2']]);
    watching.look(own, members, 4_999);
    expect(askWho).toHaveBeenCalledTimes(2);
    watching.look(own, members, 5_000);
    expect(askWho.mock.calls.slice(2)).toEqual([['x:2']]);
  });
});

describe('isRefused', () => {
  it('at a name that nobody knows is not', async () => {
    expect(await isRefused('no-such-host.invalid:80')).toBe(false);
  });

  it('where somebody listens is not, and is as soon as nobody does', async () => {
    const { address, close } = await listen();
    expect(await isRefused(address)).toBe(false);
    await close();
    expect(await isRefused(address)).toBe(true);
  });
});
