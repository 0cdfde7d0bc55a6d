import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { BatchSink } from './publisher.ts';
import { sendFeed } from './send-feed.ts';

it('what is sent in the moment of an abort does not reach the target', async () => {
  const received: Buffer[] = [];
  const server = net.createServer((socket) => {
    socket.on('data', (bytes: Buffer) => received.push(bytes));
    socket.on('error', () => {}); // it is reset
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const socket = net.connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');

  let sink: BatchSink | undefined;
  const feed = {
    open: (to: BatchSink) => {
      sink = to;
    },
    close: () => {
      sink = undefined;
    },
  };
  const abort = new AbortController();
  const connection = {
    socket,
    acceptedAtMs: performance.now(),
    failure: new Promise<never>(() => {}),
    finish: async () => {},
    destroy: () => void socket.destroy(),
  };
  const sent = sendFeed(connection, feed, abort.signal);
  sink!.write(Buffer.from('before'));
  await vi.waitFor(() => expect(Buffer.concat(received).toString()).toBe('before'));

  abort.abort(new Error('fenced'));
  sink?.write(Buffer.from('after'));
  await expect(sent).rejects.toThrow('fenced');
  await once(socket, 'close');
  await vi.waitFor(async () => expect(await connectionsOf(server)).toBe(0));
  expect(Buffer.concat(received).toString()).toBe('before');
});

function connectionsOf(server: net.Server): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
}
