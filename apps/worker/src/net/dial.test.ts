import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { BlockList, connect, type LookupFunction, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import type { Cidr } from '@pushfleet/config';
import { PublishError } from '@pushfleet/protocols';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { AddressPolicy } from './address-policy.ts';
import { createDial } from './dial.ts';
import { formatEndpoint } from './endpoint.ts';
import {
  connected,
  everythingClosed,
  failureOf,
  hasIpv6,
  listen,
  otherLoopback,
  Resolver,
} from './testing/dial-kit.ts';

const thisHost: Cidr = { address: '127.0.0.1', prefix: 32, family: 'ipv4' };
const closedByDefault = new AddressPolicy({ allow: [], deny: [] });
const thisHostAllowed = new AddressPolicy({ allow: [thisHost], deny: [] });
const dial = createDial(closedByDefault, 'operator');
const dialPublic = createDial(closedByDefault, 'public');

/** A port at 127.0.0.1 where nobody listens. */
async function closedPort(): Promise<number> {
  const { server, port } = await listen();
  await server[Symbol.asyncDispose]();
  return port;
}

/** A port at 127.0.0.1 that answers no SYN any more: its thread accepts nothing and its backlog is full. */
async function silentPort(): Promise<number> {
  const thread = new Worker(
    `const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
       require('node:worker_threads').parentPort.postMessage(server.address().port);
       Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
     });`,
    { eval: true },
  );
  const [port] = await once(thread, 'message');
  const waiting = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => {}));
  onTestFinished(async () => {
    for (const socket of waiting) socket.destroy();
    await thread.terminate();
  });
  await once(waiting[0] as Socket, 'connect');
  return port;
}

afterAll(everythingClosed);

describe('connecting', () => {
  it('connects to an IPv4 address and names the peer', async () => {
    const { port, sockets } = await listen();
    const { socket, peer } = await connected(dial, { host: '127.0.0.1', port });
    expect(peer).toBe(`127.0.0.1:${port}`);
    socket.write('hello');
    await expect.poll(() => sockets[0]?.read()?.toString()).toBe('hello');
  });

  it.runIf(hasIpv6).each(['::1', '[::1]'])(
    'connects to the IPv6 address %s and names the peer in brackets',
    async (host) => {
      const { port } = await listen('::1');
      expect((await connected(dial, { host, port })).peer).toBe(`[::1]:${port}`);
    },
  );

  it('connects to a name and names the address behind it', async () => {
    const { port } = await listen();
    const resolver = new Resolver(['127.0.0.1']);
    const { peer } = await connected(createDial(closedByDefault, 'operator', resolver), { host: 'live.test', port });
    expect(peer).toBe(`127.0.0.1:${port}`);
    expect(resolver.questions).toEqual(['live.test']);
  });

  it('resolves with the name service of the host by default', async () => {
    const { port } = await listen();
    expect((await connected(dial, { host: 'localhost', port })).peer).toBe(`127.0.0.1:${port}`);
  });

  it('goes on to the next address when one refuses', async () => {
    const { port } = await listen();
    const named = createDial(closedByDefault, 'operator', new Resolver([otherLoopback, '127.0.0.1']));
    expect((await connected(named, { host: 'live.test', port })).peer).toBe(`127.0.0.1:${port}`);
  });

  it('goes on to the next address when one keeps silent', async () => {
    const port = await silentPort();
    await listen(otherLoopback, port);
    const named = createDial(closedByDefault, 'operator', new Resolver(['127.0.0.1', otherLoopback]));
    const { peer } = await connected(named, { host: 'live.test', port });
    expect(peer).toBe(formatEndpoint(otherLoopback, port));
  });

  it.runIf(process.platform === 'linux')('keeps the connection alive from 15 s of silence on', async () => {
    const { port } = await listen();
    const { socket } = await connected(dial, { host: '127.0.0.1', port });
    const localPort = (socket as Socket).localPort ?? 0;
    const hex = (number: number) => number.toString(16).toUpperCase().padStart(4, '0');
    const row = readFileSync('/proc/net/tcp', 'utf8')
      .split('\n')
      .find((line) => line.includes(`:${hex(localPort)} 0100007F:${hex(port)} `));
    const [kind, ticks] = row?.trim().split(/\s+/)[5]?.split(':') ?? [];
    expect(kind).toBe('02'); // keep-alive timer runs
    const seconds = Number.parseInt(ticks ?? '', 16) / 100; // USER_HZ
    expect(seconds).toBeGreaterThan(10);
    expect(seconds).toBeLessThanOrEqual(15.1);
  });

  it('leaves errors of an open connection to its owner', async () => {
    const { port, sockets } = await listen();
    const { socket } = await connected(dial, { host: '127.0.0.1', port });
    await expect.poll(() => sockets.length).toBe(1);
    const error = once(socket, 'error');
    socket.resume();
    sockets[0]?.resetAndDestroy();
    expect((await error)[0].code).toBe('ECONNRESET');
  });
});

describe('the address policy', () => {
  const spellings = [
    '127.0.0.1',
    'localhost',
    '0x7f000001',
    '2130706433',
    '127.1',
    '0177.0.0.1',
    '0',
    '::ffff:127.0.0.1',
  ];

  it.each(spellings)('stops %s for public trust and lets it through for the operator', async (host) => {
    const { port, sockets } = await listen();
    await connected(dial, { host, port });
    await expect.poll(() => sockets.length).toBe(1);
    const error = await failureOf(dialPublic, { host, port });
    expect(error.code).toBe('blocked_address');
    expect(error.detail).toMatch(/127\.0\.0\.1|0\.0\.0\.0/);
    expect(sockets).toHaveLength(1);
  });

  it.each([
    ['127.0.0.1', '127.0.0.1 (loopback)'],
    ['[::1]', '::1 (loopback)'],
    ['127.1', '127.1 is 127.0.0.1 (loopback)'],
    ['169.254.169.254', '169.254.169.254 (cloud metadata)'],
    ['[::ffff:7f00:1]', '::ffff:7f00:1 (IPv4 inside IPv6)'],
  ])('says why %s is closed', async (host, detail) => {
    expect(await failureOf(dialPublic, { host, port: 1935 })).toMatchObject({
      code: 'blocked_address',
      retry: 'never',
      detail,
    });
  });

  it('names all addresses of a closed name, and counts those beyond the fourth', async () => {
    const resolver = new Resolver(['10.0.0.1', 'fd00::1', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6']);
    const error = await failureOf(createDial(closedByDefault, 'public', resolver), { host: 'inside.test', port: 1935 });
    expect(error.detail).toBe(
      'inside.test is 10.0.0.1 (private), fd00::1 (private), 10.0.0.3 (private), 10.0.0.4 (private) and 2 more',
    );
  });

  it('tries only the open addresses of a name', async () => {
    const closed = await listen(otherLoopback);
    const open = await listen('127.0.0.1', closed.port);
    const named = createDial(thisHostAllowed, 'public', new Resolver([otherLoopback, '127.0.0.1']));
    const { peer } = await connected(named, { host: 'mixed.test', port: open.port });
    expect(peer).toBe(`127.0.0.1:${open.port}`);

    open.server.close();
    for (const socket of open.sockets) socket.destroy();
    await once(open.server, 'close');
    const error = await failureOf(named, { host: 'mixed.test', port: open.port });
    expect(error.detail).toBe(`ECONNREFUSED mixed.test:${open.port} at 127.0.0.1`);
    expect(closed.sockets).toHaveLength(0);
  });

  it('judges each answer of a name that is bound anew', async () => {
    const closed = await listen(otherLoopback);
    const open = await listen('127.0.0.1', closed.port);
    const resolver = new Resolver(['127.0.0.1'], [otherLoopback]);
    const named = createDial(thisHostAllowed, 'public', resolver);
    await connected(named, { host: 'rebind.test', port: open.port });
    expect(resolver.questions).toHaveLength(1); // so that the address judged is the address connected to
    expect((await failureOf(named, { host: 'rebind.test', port: open.port })).code).toBe('blocked_address');
    expect(closed.sockets).toHaveLength(0);
  });

  it('is asked once more by each connect call', async () => {
    class Forgetful extends AddressPolicy {
      override allows(): boolean {
        return true;
      }
      override blockListFor(): BlockList {
        const list = new BlockList();
        list.addSubnet('127.0.0.0', 8);
        return list;
      }
    }
    const { port, sockets } = await listen();
    const forgetful = createDial(new Forgetful({ allow: [], deny: [] }), 'public');
    const error = await failureOf(forgetful, { host: '127.0.0.1', port });
    expect(error).toMatchObject({ code: 'blocked_address', detail: `ERR_IP_BLOCKED 127.0.0.1:${port}` });
    expect(sockets).toHaveLength(0);
  });

  it('stops TLS before a byte of it leaves', async () => {
    const { port, sockets } = await listen();
    for (const host of spellings) {
      const error = await failureOf(dialPublic, { host, port, tls: { verify: false } });
      expect(error.code, host).toBe('blocked_address');
    }
    expect(sockets).toHaveLength(0);
  });
});

describe('failures', () => {
  it('names the host that has no address', async () => {
    const notFound: LookupFunction = (_host, _options, answer) =>
      answer(Object.assign(new Error(), { code: 'ENOTFOUND' }), []);
    for (const lookup of [notFound, new Resolver([]).lookup]) {
      const error = await failureOf(createDial(closedByDefault, 'operator', { lookup }), {
        host: 'gone.test',
        port: 1935,
      });
      expect(error).toMatchObject({ code: 'dns', retry: 'backoff', detail: 'ENOTFOUND gone.test' });
    }
  });

  it.each(['', 'x'.repeat(300)])('does not resolve %j', async (host) => {
    const error = await failureOf(dial, { host, port: 1935 });
    expect(error).toBeInstanceOf(PublishError);
    expect(error.code).toBe('dns');
  });

  it('names the port that refuses', async () => {
    const port = await closedPort();
    const error = await failureOf(dial, { host: '127.0.0.1', port });
    expect(error).toMatchObject({ code: 'connect_refused', detail: `ECONNREFUSED 127.0.0.1:${port}` });
  });

  it('names all addresses that refuse', async () => {
    const port = await closedPort();
    const named = createDial(closedByDefault, 'operator', new Resolver(['127.0.0.1', otherLoopback]));
    const error = await failureOf(named, { host: 'live.test', port });
    expect(error.code).toBe('connect_refused');
    expect(error.detail).toBe(`ECONNREFUSED live.test:${port} at 127.0.0.1, ${otherLoopback}`);
  });

  it('takes a refusal for more telling than a missing route', async () => {
    const port = await closedPort();
    const named = createDial(closedByDefault, 'operator', new Resolver(['224.0.0.1', '127.0.0.1']));
    const error = await failureOf(named, { host: 'live.test', port });
    expect(error.code).toBe('connect_refused');
    expect(error.detail).toBe(
      `ECONNREFUSED live.test:${port} at 127.0.0.1; ENETUNREACH live.test:${port} at 224.0.0.1`,
    );
  });

  it('finds no route to an address that TCP cannot reach', async () => {
    const error = await failureOf(dial, { host: '224.0.0.1', port: 1935 });
    expect(error).toMatchObject({ code: 'unreachable', detail: 'ENETUNREACH 224.0.0.1:1935' });
  });

  it('refuses a port that cannot be', async () => {
    const error = await failureOf(dial, { host: '127.0.0.1', port: 70_000 });
    expect(error).toMatchObject({ code: 'url_invalid', detail: 'ERR_SOCKET_BAD_PORT 127.0.0.1:70000' });
  });
});

describe('the signal', () => {
  const reason = new Error('not wanted any more');

  it('stops a dial before it starts', async () => {
    const resolver = new Resolver(['127.0.0.1']);
    const named = createDial(closedByDefault, 'operator', resolver);
    expect(await failureOf(named, { host: 'live.test', port: 1935 }, AbortSignal.abort(reason))).toBe(reason);
    expect(resolver.questions).toEqual([]);
  });

  it('stops a lookup that never answers', async () => {
    const abort = new AbortController();
    const lookup: LookupFunction = () => setImmediate(() => abort.abort(reason));
    const named = createDial(closedByDefault, 'operator', { lookup });
    expect(await failureOf(named, { host: 'live.test', port: 1935 }, abort.signal)).toBe(reason);
  });

  it('connects to nothing when the answer comes after the abort', async () => {
    const { port, sockets } = await listen();
    const abort = new AbortController();
    const answered = Promise.withResolvers<void>();
    const lookup: LookupFunction = (_host, _options, answer) => {
      abort.abort(reason);
      setImmediate(() => {
        answer(null, [{ address: '127.0.0.1', family: 4 }]);
        answered.resolve();
      });
    };
    const named = createDial(closedByDefault, 'operator', { lookup });
    expect(await failureOf(named, { host: 'live.test', port }, abort.signal)).toBe(reason);
    await answered.promise;
    await connected(dial, { host: '127.0.0.1', port }); // what comes first would have been accepted first
    await expect.poll(() => sockets.length).toBe(1);
  });

  it.each([[['127.0.0.1']], [['127.0.0.1', otherLoopback]]])(
    'stops connecting to %j, which keeps silent',
    async (addresses) => {
      const port = await silentPort();
      const abort = new AbortController();
      const named = createDial(closedByDefault, 'operator', new Resolver(addresses));
      const dialling = failureOf(named, { host: 'live.test', port }, abort.signal);
      setImmediate(() => abort.abort(reason));
      expect(await dialling).toBe(reason);
    },
  );
});
