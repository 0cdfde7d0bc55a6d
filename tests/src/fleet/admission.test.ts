import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkerView } from '@pushfleet/contract';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runPushfleet } from '../harness/cli.ts';
import { clipStream } from '../harness/clip-pushes.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { RtmpSink } from '../harness/rtmp-sink.ts';
import { until } from '../harness/until.ts';

const PUSHES = 30;
const BUDGET_BPS = 1e6;
/** While it is filled up a worker takes one push for full, and then learns that it needs less. */
const LASTS_MS = 3_000;
const NO_ROOM = "all workers of pool 'default' are full: 1 out of egress";

let sink: RtmpSink;
let fleet: Fleet;

beforeAll(async () => {
  sink = await new RtmpSink(undefined).listen();
  fleet = await startFleet({
    workers: 1,
    workerEnv: { PUSHFLEET_MAX_EGRESS_MBPS: '1', PUSHFLEET_LABELS: 'region=eu,rack=1' },
  });
  const targets = Array.from({ length: PUSHES }, (_, n) => `${sink.url}/room${n}`);
  await fleet.writeConfig(clipStream(targets));
});

afterAll(async () => {
  await fleet?.stop();
  await sink?.stop();
});

const worker = async (name: string): Promise<WorkerView> =>
  (await fleet.api.workers()).find((candidate) => candidate.name === name)!;
const withReason = async (reason: string) =>
  (await fleet.api.pushes({ status: 'pending' })).filter((push) => push.reason === reason);
const events = async (event: string, signal = AbortSignal.timeout(60_000)) => {
  for await (const { data } of fleet.api.events(signal, '0-0')) {
    const told = JSON.parse(data) as { event: string; worker?: string; message?: string };
    if (told.event === event) return told;
  }
  throw new Error('the events have ended');
};

describe('a worker with a budget of 1 Mb/s', () => {
  it('takes what the budget allows, and the rest is pending and says why', async () => {
    let full: WorkerView | undefined;
    let changedAt = performance.now();
    await until(
      async () => {
        const before = full?.held;
        full = await worker('worker-1');
        const isFull = full.full_cause === 'egress' && full.held >= 8 && full.egress_bps > BUDGET_BPS / 2;
        if (!isFull || full.held !== before) changedAt = performance.now();
        return performance.now() - changedAt > LASTS_MS;
      },
      { what: () => `worker-1 to be full and to stay so: ${JSON.stringify(full)}` },
    );
    const pending = await until(async () => (await withReason(NO_ROOM)).length, { what: `'${NO_ROOM}'` });
    console.log(`held ${full!.held}, ${full!.egress_bps} b/s, pending ${pending}, '${full!.full}'`);
    expect(full!.state).toBe('ready');
    expect(full!.full).toMatch(/^one more push makes \d\.\d Mb\/s, the limit is 1\.0 Mb\/s$/);
    expect(full!.held).toBeLessThan(PUSHES);
    // The clip's rate wavers by a fifth: what was taken within the budget may need more later, and one push may come on top when it needs less.
    const sentBytes = () => sink.publications.reduce((sum, { bytes }) => sum + bytes, 0);
    const [before, since] = [sentBytes(), performance.now()];
    await sleep(8_000);
    const sentBps = ((sentBytes() - before) * 8_000) / (performance.now() - since);
    console.log(`sent over 8 s: ${Math.round(sentBps)} b/s`);
    expect((await worker('worker-1')).held).toBeLessThanOrEqual(full!.held + 1);
    expect(sentBps).toBeLessThan(BUDGET_BPS * 1.3);
  });

  it('tells of it in an event, in metrics and at the command line', async () => {
    expect(await events('worker_full')).toMatchObject({ worker: 'worker-1', message: expect.stringContaining('Mb/s') });
    const metrics = async () => (await request(`${fleet.worker('worker-1').httpUrl}/metrics`)).body.text();
    await until(async () => (await metrics()).includes('pushfleet_worker_full{cause="egress"} 1'), { what: 'metrics' });
    expect(await metrics()).toContain('pushfleet_worker_full{cause="cpu"} 0');
    const told = async () => JSON.parse((await runPushfleet(fleet, 'workers', '--json')).stdout) as WorkerView;
    const isTold = async () => {
      const seen = await told();
      return seen.full_cause === 'egress' && seen;
    };
    expect(await until(isTold, { what: 'the command line' })).toMatchObject({ labels: { region: 'eu', rack: '1' } });
  });

  it('takes more when pushes have gone, and drops nothing that it holds', async () => {
    const running = await fleet.api.pushes({ status: 'running' });
    const gone = running.slice(0, Math.ceil(running.length / 2));
    const stay = running.slice(gone.length);
    const waiting = new Set((await fleet.api.pushes({ status: 'pending' })).map(({ id }) => id));
    for (const { id } of gone) await fleet.api.pause(id);
    const taken = async () =>
      (await fleet.api.pushes({ status: 'running' })).filter(({ id }) => waiting.has(id)).length;
    await until(async () => (await taken()) >= 2, { what: 'pushes that were pending to run' });
    const closed = () => sink.publications.filter(({ closedAt }) => closedAt !== undefined);
    await until(() => closed().length >= gone.length, { what: 'the paused pushes to end' });
    for (const { id } of stay) expect(await fleet.api.attempts(id)).toEqual([]);
    expect(closed()).toHaveLength(gone.length);
  });

  it('leaves the rest to a worker with room', async () => {
    await fleet.addWorker({ PUSHFLEET_MAX_EGRESS_MBPS: '100', PUSHFLEET_LABELS: 'region=us' });
    await until(async () => (await fleet.api.pushes({ status: 'pending' })).length === 0, {
      what: 'every push to have a worker',
    });
    expect((await worker('worker-2')).labels).toEqual({ region: 'us' });
  });
});

describe('a push that asks for a pool', () => {
  it('is pending while there is no worker in it, and runs when one comes; a worker out of CPU takes no more', async () => {
    const create = (name: string) =>
      fleet.api.createPush({ stream: 'clip', url: `${sink.url}/${name}`, pool: 'gpu', comment: name });
    const first = await create('gpu0');
    await until(async () => (await withReason("no worker in pool 'gpu'")).length === 1, { what: 'the reason' });
    await fleet.addWorker({ PUSHFLEET_POOL: 'gpu', PUSHFLEET_MAX_CPU: '1', PUSHFLEET_MAX_EGRESS_MBPS: '' });
    expect(await fleet.api.waitForStatus(first.id, 'running')).toMatchObject({ worker: 'worker-3', pool: 'gpu' });
    // Hardly any process gets along with a hundredth of a core.
    const more = Array.from({ length: 20 }, (_, n) => create(`gpu${n + 1}`));
    await Promise.all(more);
    await until(async () => (await worker('worker-3')).full_cause === 'cpu', { what: 'CPU' });
    const last = await create('gpu-last');
    const reason = "all workers of pool 'gpu' are full: 1 out of CPU";
    await until(async () => (await fleet.api.push(last.id)).reason === reason, { what: reason });
    const { cpu_percent, full } = await worker('worker-3');
    console.log(`worker-3: ${cpu_percent} %, '${full}'`);
    expect(await fleet.api.push(first.id)).toMatchObject({ status: 'running', failures_in_a_row: 0 });
  });
});
