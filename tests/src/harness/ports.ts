import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { platform } from 'node:process';
import { until } from './until.ts';

// Below the range from which systems draw the ports of outgoing connections (32768 and up on Linux, 49152 elsewhere): a port that is
// free now is not taken by somebody's connect before our server binds it.
const FIRST_PORT = 20_000;
const BLOCK_SIZE = 50;
const BLOCKS = 240;

/** The ports that this process gives out now. It listens on the one before them for as long as it lives: that is how others see whose they are. */
let block: Promise<Iterator<number>> | undefined;

/** A free TCP port of the loopback, given to nobody else, in this process or another one that runs at the same time. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < BLOCKS * BLOCK_SIZE; tries++) {
    block ??= takeBlock();
    const { value: port, done } = (await block).next();
    if (done) block = undefined;
    else if (await isFree(port)) return port;
  }
  throw new Error('no free TCP port');
}

/** Any that nobody has; a random one is tried first. */
async function takeBlock(): Promise<Iterator<number>> {
  const start = Math.floor(Math.random() * BLOCKS);
  for (let tries = 0; tries < BLOCKS; tries++) {
    const first = FIRST_PORT + ((start + tries) % BLOCKS) * BLOCK_SIZE;
    const lock = await listenOn(first);
    if (lock === undefined) continue;
    lock.unref();
    return Array.from({ length: BLOCK_SIZE - 1 }, (_, n) => first + 1 + n).values();
  }
  throw new Error('no free block of TCP ports');
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
  const server = await listenOn(port);
  if (server === undefined) return false;
  server.close();
  await once(server, 'close');
  return true;
}

/** Undefined when somebody else listens there. */
async function listenOn(port: number): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy()).listen({ port, host: '127.0.0.1', exclusive: true });
  try {
    await once(server, 'listening');
    return server;
  } catch {
    return undefined;
  }
}
