import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { startRedis } from './redis.ts';
import { startClosingTarget, startDeafTarget, startResettingTarget, startSilentTarget } from './tcp-targets.ts';
import { until } from './until.ts';

describe('the fault proxy', () => {
  let echo: Server;
  let proxy: FaultProxy;
  let client: Socket;
  let received: string;
  let ending: string | undefined;

  beforeEach(async () => {
    echo = createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(0, '127.0.0.1');
    await once(echo, 'listening');
    proxy = await startFaultProxy((echo.address() as AddressInfo).port);
    open();
    await answers('hello');
  });
  afterEach(async () => {
    client.destroy();
    await proxy.stop();
    echo.close();
  });

  function open(): void {
    received = '';
    ending = undefined;
    client = connect(proxy.port, '127.0.0.1');
    client.on('data', (bytes) => (received += bytes));
    client.on('end', () => (ending = 'end'));
    client.on('error', (error: NodeJS.ErrnoException) => (ending = error.code));
  }

  async function answers(text: string): Promise<void> {
    client.write(text);
    await until(() => received.endsWith(text), { what: `the echo of ${text}` });
  }

  it('holds bytes and ends back while it is frozen', async () => {
    proxy.freeze();
    client.end('held back');
    await expect(until(() => received !== 'hello' || ending, { what: 'a leak', timeoutMs: 200 })).rejects.toThrow();
    proxy.thaw();
    await until(() => received === 'helloheld back' && ending === 'end', { what: 'the rest' });
  });

  it('lets only so many bytes through when it is throttled', async () => {
    proxy.throttle(20_000);
    const start = performance.now();
    await answers('x'.repeat(10_000));
    expect(performance.now() - start).toBeGreaterThan(400);
    await until(() => proxy.bytesToClient === 10_005, { what: 'all bytes to be counted' });
  });

  it('cuts politely, resets rudely, and refuses until it listens again', async () => {
    proxy.cut();
    await until(() => ending, { what: 'the end' });
    expect(ending).toBe('end');
    open();
    await answers('again');
    proxy.reset();
    await until(() => ending, { what: 'the reset' });
    expect(ending).toBe('ECONNRESET');
    proxy.refuse();
    open();
    await until(() => ending, { what: 'the refusal' });
    expect(ending).toBe('ECONNREFUSED');
    await proxy.listen();
    open();
    await answers('back');
  });
});

describe('TCP targets', () => {
  it.each([
    ['closing', startClosingTarget, 'end'],
    ['resetting', startResettingTarget, 'ECONNRESET'],
  ] as const)('write down each connection: %s', async (_, start, expected) => {
    const target = await start();
    for (let i = 0; i < 3; i++) {
      const ending = await new Promise((resolve) => {
        const socket = connect(target.port, '127.0.0.1');
        socket.resume().on('end', () => resolve('end'));
        socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
      });
      expect(ending).toBe(expected);
    }
    expect(target.connectedAt).toHaveLength(3);
    expect(target.intervalsMs).toHaveLength(2);
    await target.stop();
  });

  it('take nothing in when they are deaf, and everything when they are only silent', async () => {
    const bytes = Buffer.alloc(64 << 20); // more than the kernel buffers
    for (const [start, isTaken] of [
      [startDeafTarget, false],
      [startSilentTarget, true],
    ] as const) {
      const target = await start();
      const socket = connect(target.port, '127.0.0.1');
      socket.on('error', () => {});
      let taken = false;
      socket.write(bytes, () => (taken = true));
      if (isTaken) await until(() => taken, { what: 'all bytes to be taken' });
      else await expect(until(() => taken, { what: 'a leak', timeoutMs: 500 })).rejects.toThrow();
      socket.destroy();
      await target.stop();
    }
  });
});

describe('a Redis of a test', () => {
  it('can stand still and go on', async () => {
    const redis = await startRedis();
    const client = new Redis(redis.url);
    await client.ping();
    redis.freeze();
    let answered = false;
    const answer = client.ping().then(() => (answered = true));
    await expect(until(() => answered, { what: 'an answer', timeoutMs: 200 })).rejects.toThrow();
    redis.thaw();
    await answer;
    client.disconnect();
    await redis.stop();
  });

  it.each([
    [true, 'value'],
    [false, null],
  ])('comes back on the same port after it was killed (persistent: %s)', async (persist, expected) => {
    const redis = await startRedis({ persist });
    const { url } = redis;
    const client = new Redis(url, { retryStrategy: () => 20 });
    client.on('error', () => {});
    await client.set('key', 'value');
    await redis.kill();
    await redis.restart();
    expect(redis.url).toBe(url);
    expect(await client.get('key')).toBe(expected);
    client.disconnect();
    await redis.stop();
  });
});
