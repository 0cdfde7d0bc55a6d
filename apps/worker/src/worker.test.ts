import { createServer, type Socket } from 'node:net';
import { loadEnvironment } from '@pushfleet/config';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { FleetWorker } from './worker.ts';

const silent = pino({ level: 'silent' });
const sockets = new Set<Socket>();
/** A Redis that takes connections and never says a word. */
const frozen = createServer((socket) => {
  sockets.add(socket.on('error', () => {}));
});

beforeEach(() => new Promise<void>((resolve) => frozen.listen(0, '127.0.0.1', resolve)));
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  frozen.close();
});

function workerOf(redisUrl: string): FleetWorker {
  const ports = { PUSHFLEET_RTMP_PORT: '0', PUSHFLEET_HTTP_PORT: '0', PUSHFLEET_ADVERTISE: '127.0.0.1' };
  const prefix = { PUSHFLEET_PREFIX: `test-${process.pid}` };
  return new FleetWorker(loadEnvironment({ REDIS_URL: redisUrl, ...ports, ...prefix }, 'worker'), silent);
}

describe('a worker that is told to stop', () => {
  it('does so at once with Redis, and leaves the fleet', async () => {
    const worker = workerOf(inject('redisUrl'));
    await worker.start();
    const startedAt = performance.now();
    await worker.stop();
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });

  it('does so within seconds when Redis does not answer, even before it has started', async () => {
    const { port } = frozen.address() as { port: number };
    const worker = workerOf(`redis://127.0.0.1:${port}`);
    const started = worker.start();
    const startedAt = performance.now();
    await worker.stop();
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    await expect(started).rejects.toThrow();
  });
});
