import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clipStream } from '../harness/clip-pushes.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { RtmpSink } from '../harness/rtmp-sink.ts';
import { until } from '../harness/until.ts';

const PUSHES = 30;
const SHARE = PUSHES / 3;
const names = Array.from({ length: PUSHES }, (_, n) => `share${n}`);

let sink: RtmpSink;
let fleet: Fleet;

beforeAll(async () => {
  sink = await new RtmpSink(undefined).listen();
  fleet = await startFleet({ workers: 2 });
  await fleet.writeConfig(
    clipStream(
      names.map((name) => `${sink.url}/${name}`),
      'retry_timeout=1',
    ),
  );
  await allRun();
});

afterAll(async () => {
  await fleet?.stop();
  await sink?.stop();
});

const held = async () => (await fleet.api.workers()).map((worker) => worker.held);

const allRun = () =>
  until(async () => (await fleet.api.pushes({ status: 'running' })).length === PUSHES, {
    what: 'all pushes to run',
    timeoutMs: 40_000,
  });

describe('a worker that comes late', () => {
  it('finds the others at their shares', async () => {
    const shares = await held();
    console.log(`two workers: ${shares.join(' / ')}`);
    expect(shares.reduce((a, b) => a + b)).toBe(PUSHES);
    for (const count of shares) expect(Math.abs(count - PUSHES / 2)).toBeLessThanOrEqual(2);
  });

  it('has its share within 15 % after every target has hung up once, and nothing that runs was moved for it', async () => {
    await fleet.addWorker();
    expect(await held()).toEqual([expect.any(Number), expect.any(Number), 0]);
    const [before] = [sink.publications.length];
    const since = performance.now();
    for (const [n, name] of names.entries()) {
      await until(() => performance.now() - since >= n * 250, { what: 'the next target to hang up', everyMs: 10 });
      sink.drop(name);
    }
    await allRun();
    const shares = await held();
    console.log(`late worker, ${Math.round((performance.now() - since) / 1_000)} s of retries: ${shares.join(' / ')}`);
    for (const count of shares) expect(Math.abs(count - SHARE)).toBeLessThanOrEqual(SHARE * 0.15);
    expect(sink.publications.length - before).toBe(PUSHES);
    expect(sink.overlaps('connection')).toEqual([]);
  }, 60_000);

  it('is near its share when all are restarted at once: the others have no more than their room beyond the share', async () => {
    for (const { id } of await fleet.api.pushes()) await fleet.api.restart(id);
    await until(() => sink.publications.length === 3 * PUSHES, { what: 'every push to start anew', timeoutMs: 30_000 });
    await allRun();
    const shares = await held();
    console.log(`all restarted: ${shares.join(' / ')}`);
    expect(Math.max(...shares)).toBeLessThanOrEqual(SHARE + 1);
  }, 60_000);
});
