import { once } from 'node:events';
import net from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
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

it('leaves bytes in the kernel until there are enough', async () => {
  lowWaterOf(served)!(1000);
  await send(400);
  await send(400);
  await aWhile();
  expect(received).toEqual([]);
  await send(200);
  await vi.waitFor(() => expect(received).toEqual([1000]));
});

it('tells of what waits when the mark falls', async () => {
  const setLowWater = lowWaterOf(served)!;
  setLowWater(1000);
  await send(400);
  await aWhile();
  expect(received).toEqual([]);
  setLowWater(1);
  await vi.waitFor(() => expect(received).toEqual([400]));
});

it('tells of the end at once, and of what came before it', async () => {
  lowWaterOf(served)!(1000);
  const ended = once(served, 'end');
  await send(400);
  client.end();
  await ended;
  expect(received).toEqual([400]);
});

it('leaves a closed socket alone, whatever has its number now', async () => {
  const setLowWater = lowWaterOf(served)!;
  served.destroy();
  await once(served, 'close');
  const next = once(server, 'connection');
  const other = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
  const [socket] = (await next) as [net.Socket];
  setLowWater(1000);
  other.write('x');
  await once(socket, 'data');
  other.destroy();
  socket.destroy();
});

it('does all that without a warning of Node', async () => {
  await aWhile();
  expect(warned).not.toHaveBeenCalled();
});
