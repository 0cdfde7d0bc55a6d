import { once } from 'node:events';
import { createServer } from 'node:net';
import { until } from './until.ts';

// Below the range from which systems draw the ports of outgoing connections (32768 and up on Linux, 49152 elsewhere): a port that is
// free now is not taken by somebody's connect before our server binds it.
const FIRST_PORT = 20_000;
const PORT_COUNT = 12_000;

/** Where this process looks next; a random start keeps processes that run at the same time apart. */
let next = Math.floor(Math.random() * PORT_COUNT);

/** A free TCP port of the loopback, never given twice by this process. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < PORT_COUNT; tries++) {
    const port = FIRST_PORT + (next++ % PORT_COUNT);
    if (await isFree(port)) return port;
  }
  throw new Error('no free TCP port');
}

/** Waits for a server without connecting to it: some take one connection and no more. */
export async function untilPortIsTaken(port: number): Promise<void> {
  await until(async () => !(await isFree(port)), { what: `somebody to listen on port ${port}`, everyMs: 20 });
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen({ port, host: '127.0.0.1', exclusive: true });
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
