import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { LiveClient } from './live-client.ts';

const MEGABYTE = 1024 * 1024;

it('keeps no more than a bounded part for a client that does not read, which then gets a snapshot', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const asked = once(server, 'request');
  const client = get({ port: (server.address() as AddressInfo).port });
  const [, response] = (await asked) as [IncomingMessage, ServerResponse];
  response.flushHeaders();
  const [answer] = (await once(client, 'response')) as [IncomingMessage];

  const live = new LiveClient(response, () => Buffer.from('SNAPSHOT'));
  const message = Buffer.alloc(MEGABYTE, 'm');
  for (let i = 0; i < 100; i++) live.send(message);
  expect(response.writableLength).toBeLessThan(10 * MEGABYTE);

  let text = '';
  for await (const part of answer) {
    text += part;
    if (text.endsWith('SNAPSHOT')) break;
  }
  // Whole messages, then the snapshot instead of those that were left out.
  expect((text.length - 'SNAPSHOT'.length) % MEGABYTE).toBe(0);
  expect(text.length).toBeLessThan(20 * MEGABYTE);
  client.destroy();
  server.close();
  server.closeAllConnections();
});
