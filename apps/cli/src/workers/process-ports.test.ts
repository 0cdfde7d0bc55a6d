import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { planProcessPorts } from './process-ports.ts';

const HOST = '127.0.0.1';
const settings = { processPorts: 0, rtmpPort: 1935, httpPort: 8081, bind: HOST } as const;

/** A port that is taken while `act` runs. */
async function withTakenPort(act: (port: number) => Promise<void>): Promise<void> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  await act((server.address() as AddressInfo).port).finally(() => server.close());
}

/** Some ports in a row that are free, below those that tests and systems draw theirs from. */
async function freeRow(): Promise<number> {
  for (let first = 12_001; ; first += 10) {
    const { ports } = await planProcessPorts({ ...settings, processPorts: first }, 2, false);
    if (ports[0]!.rtmp !== '0') return first;
  }
}

it('takes two a process, from the first on', async () => {
  const first = await freeRow();
  const { ports, notice } = await planProcessPorts({ ...settings, processPorts: first }, 2, true);
  expect(ports).toEqual([
    { rtmp: `${first}`, http: `${first + 1}` },
    { rtmp: `${first + 2}`, http: `${first + 3}` },
  ]);
  expect(notice).toBe('');
});

it('keeps off what is off', async () => {
  const { ports } = await planProcessPorts({ ...settings, rtmpPort: 'off' }, 1, false);
  expect(ports).toEqual([{ rtmp: 'off', http: '0' }]);
});

it('takes any free ones instead of usual ones that are taken, and says so', () =>
  withTakenPort(async (port) => {
    const { ports, notice } = await planProcessPorts({ ...settings, processPorts: port }, 2, false);
    expect(ports).toEqual([
      { rtmp: '0', http: '0' },
      { rtmp: '0', http: '0' },
    ]);
    expect(notice).toContain(`Port ${port} is taken`);
  }));

it('refuses to start on others than the user has set', () =>
  withTakenPort(async (port) => {
    const plan = planProcessPorts({ ...settings, processPorts: port }, 2, true);
    await expect(plan).rejects.toMatchObject({ exit: 'usage', message: expect.stringContaining(`Port ${port}`) });
  }));

it('says where there is room when there are not enough ports above', async () => {
  const plan = planProcessPorts({ ...settings, processPorts: 65_530 }, 4, true);
  await expect(plan).rejects.toMatchObject({ remedy: 'Set PUSHFLEET_PROCESS_PORTS to at most 65528.' });
});
