import { once } from 'node:events';
import net from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withSharedReads } from './shared-reads.ts';

let server: net.Server;
let accepted: net.Socket[];
let port: number;

beforeEach(async () => {
  accepted = [];
  server = net.createServer({ noDelay: true }, (socket) => {
    accepted.push(withSharedReads(socket));
    server.emit('shared');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as net.AddressInfo).port;
});
afterEach(() => server.close());

async function connection(): Promise<{ client: net.Socket; served: net.Socket }> {
  const shared = once(server, 'shared');
  const client = net.connect(port, '127.0.0.1');
  client.on('error', () => {});
  await shared;
  return { client, served: accepted.at(-1)! };
}

it('reads into one memory for all connections, and writes as ever', async () => {
  const memories = new Set<ArrayBufferLike>();
  for (const text of ['one', 'two']) {
    const { client, served } = await connection();
    const heard = new Promise<string>((resolve) => {
      served.on('data', (bytes: Buffer) => {
        memories.add(bytes.buffer);
        resolve(bytes.toString());
      });
    });
    client.write(text);
    expect(await heard).toBe(text);
    served.write(`${text} too`);
    const [answer] = await once(client, 'data');
    expect(String(answer)).toBe(`${text} too`);
    expect(served.remotePort).toBe(client.localPort);
    client.destroy();
  }
  expect(memories.size).toBe(1);
});

it('hears the end of the peer', async () => {
  const { client, served } = await connection();
  const ended = once(served, 'end');
  client.end();
  await ended;
});

it('closes when the peer resets it', async () => {
  const { client, served } = await connection();
  const failed = once(served, 'error');
  const closed = once(served, 'close');
  client.resetAndDestroy();
  expect(await failed).toMatchObject([{ code: 'ECONNRESET' }]);
  await closed.catch(() => {});
  expect(served.destroyed).toBe(true);
});

it('counts at its server until it is closed', async () => {
  const { client, served } = await connection();
  const count = () => new Promise((resolve) => server.getConnections((_error, connections) => resolve(connections)));
  expect(await count()).toBe(1);
  served.destroy();
  await once(client, 'close');
  await expect.poll(count).toBe(0);
});
