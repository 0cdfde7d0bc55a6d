import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { platform } from 'node:process';
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

/**
 * Waits for a server without connecting to it: some take one connection and no more. Where the system tells who listens, nobody tries the port, for
 * the server might want it at that very moment.
 */
export async function untilPortIsTaken(port: number): Promise<void> {
  const isTaken = async () => (platform === 'linux' ? listeningPorts().has(port) : !(await isFree(port)));
  await until(isTaken, { what: `somebody to listen on port ${port}`, everyMs: 20 });
}

/** State of a socket in /proc/net/tcp. */
const LISTEN = '0A';

function listeningPorts(): Set<number> {
  const rows = ['/proc/net/tcp', '/proc/net/tcp6']
    .filter(existsSync)
    .flatMap((file) => readFileSync(file, 'utf8').split('\n'));
  const listening = rows.map((row) => row.trim().split(/\s+/)).filter(([, , , state]) => state === LISTEN);
  return new Set(listening.map(([, local = '']) => Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16)));
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
