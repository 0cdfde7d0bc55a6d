import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { choosePort, isFree } from './ports.ts';

describe('choosePort', () => {
  let server: Server;
  let taken: number;
  beforeAll(async () => {
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    taken = (server.address() as { port: number }).port;
  });
  afterAll(() => server.close());

  const wish = (usual: number) =>
    ({ variable: 'PUSHFLEET_RTMP_PORT', usual, host: '127.0.0.1', listener: 'the RTMP ingest' }) as const;

  it('takes the usual port without a word when it is free', async () => {
    const usual = (await freePortNumber())!;
    expect(await choosePort(wish(usual), {})).toEqual({ value: String(usual), notice: '' });
  });

  it('falls back to a free port when the usual one is taken, and says so', async () => {
    const { value, notice } = await choosePort(wish(taken), {});
    expect(await isFree(Number(value), '127.0.0.1')).toBe(true);
    expect(notice).toBe(
      `Port ${taken} is taken: the RTMP ingest listens on ${value} instead (set PUSHFLEET_RTMP_PORT to choose).`,
    );
  });

  it('never replaces a port that the user has set', async () => {
    const choice = choosePort(wish(1), { PUSHFLEET_RTMP_PORT: String(taken) });
    const message = `Port ${taken} is taken: the RTMP ingest cannot listen there.`;
    await expect(choice).rejects.toMatchObject({ exit: 'usage', message });
  });

  it.each(['0', 'off'])('passes %s on', async (value) => {
    expect(await choosePort(wish(taken), { PUSHFLEET_RTMP_PORT: value })).toEqual({ value, notice: '' });
  });
});

async function freePortNumber(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
