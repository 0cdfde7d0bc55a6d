import { once } from 'node:events';
import net from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lowWaterOf } from './low-water.ts';
import { withSharedReads } from './shared-reads.ts';

let server: net.Server;
let client: net.Socket;
let served: net.Socket;
let received: number[];

const warned = vi.fn();
process.on('warning', warned);

beforeEach(async () => {
  server = net.createServer({ noDelay: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const connection = once(server, 'connection').then(([socket]) => withSharedReads(socket as net.Socket));
  client = net.connect({ port: (server.address() as net.AddressInfo).port, host: '127.0.0.1', noDelay: true });
  served = await connection;
  received = [];
  served.on('data', (bytes: Buffer) => received.push(bytes.length));
  served.on('error', () => {});
});
afterEach(() => {
  client.destroy();
  served.destroy();
  server.close();
});

/** Resolves when the kernel has got it. */
const send = (bytes: number) => new Promise((resolve) => client.write(Buffer.alloc(bytes), resolve));

/** Resolves when whatever woke the process until now has been read: another socket has gone to and fro. */
async function aWhile(): Promise<void> {
  for (let times = 0; times < 3; times++) {
    const other = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
    await once(other, 'connect');
    other.destroy();
    await once(other, 'close');
  }
}

describe.skipIf(process.platform !== 'linux')('the low-water mark of a socket', () => {
  it('leaves bytes in the kernel until there are enough', async () => {
    lowWaterOf(served)!.setLowWater(1000);
    await send(400);
    await send(400);
    await aWhile();
    expect(received).toEqual([]);
    await send(200);
    await vi.waitFor(() => expect(received).toEqual([1000]));
  });

  it('tells of what waits when the mark falls', async () => {
    const socket = lowWaterOf(served)!;
    socket.setLowWater(1000);
    await send(400);
    await aWhile();
    expect(received).toEqual([]);
    socket.setLowWater(1);
    await vi.waitFor(() => expect(received).toEqual([400]));
  });

  it('tells of the end at once, and of what came before it', async () => {
    lowWaterOf(served)!.setLowWater(1000);
    const ended = once(served, 'end');
    await send(400);
    client.end();
    await ended;
    expect(received).toEqual([400]);
  });

  it('leaves a closed socket alone, whatever has its number now', async () => {
    const socket = lowWaterOf(served)!;
    served.destroy();
    await once(served, 'close');
    const next = once(server, 'connection');
    const other = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
    const [after] = (await next) as [net.Socket];
    socket.setLowWater(1000);
    expect(socket.segmentBytes).toBe(Number.POSITIVE_INFINITY);
    other.write('x');
    await once(after, 'data');
    other.destroy();
    after.destroy();
  });

  it('knows the segments of TCP', () => {
    const { segmentBytes } = lowWaterOf(served)!;
    expect(segmentBytes).toBeGreaterThan(1_000);
    expect(segmentBytes).toBeLessThan(65_536);
  });

  it('does all that without a warning of Node', async () => {
    await aWhile();
    expect(warned).not.toHaveBeenCalled();
  });
});
