import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../harness/fault-proxy.ts';
import { CLIP } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { startRedis, type TestRedis } from '../harness/redis.ts';
import { RtmpSink } from '../harness/rtmp-sink.ts';
import { IS_MEASURED } from '../harness/scenario.ts';
import { until } from '../harness/until.ts';

const PUSHES = 8;
const names = Array.from({ length: PUSHES }, (_, n) => `push${n}`);
const REPLACED = 'a connection to redis led nowhere and is replaced';
/** TCP alone would take a quarter of an hour. */
const BACK_WITHIN_MS = IS_MEASURED ? 12_000 : 30_000;
const FROZEN_MS = 9_000;

describe('the host of Redis vanishes without a word, and another one has its address', () => {
  let redis: TestRedis;
  let sink: RtmpSink;
  let fleet: Fleet;
  let ofScheduler: FaultProxy;
  let ofWorker: FaultProxy;

  beforeAll(async () => {
    redis = await startRedis();
    sink = await new RtmpSink(undefined).listen();
    ofScheduler = await startFaultProxy(redis.port);
    ofWorker = await startFaultProxy(redis.port);
    const pushes = names.map((name) => `push ${sink.url}/${name};`).join(' ');
    fleet = await startFleet({
      redis,
      config: `stream clip { input file://${CLIP}; ${pushes} }`,
      schedulerEnv: { REDIS_URL: through(ofScheduler) },
    });
    await fleet.addWorker({ REDIS_URL: through(ofWorker) });
    await allRun();
  });

  afterAll(async () => {
    await fleet?.stop();
    await ofScheduler?.stop();
    await ofWorker?.stop();
    await sink?.stop();
    await redis?.stop();
  });

  function through({ port }: FaultProxy): string {
    const url = new URL(redis.url);
    url.port = `${port}`;
    return url.href;
  }

  const allRun = () =>
    until(
      async () => {
        const running = (await fleet.api.pushes()).filter(({ status }) => status === 'running');
        return running.length === PUSHES && sink.open().length === PUSHES;
      },
      { what: 'every push to run once' },
    );

  it('a Redis that only stands still is not left, and no push notices', async () => {
    const known = sink.publications.length;
    redis.freeze();
    await sleep(FROZEN_MS);
    redis.thaw();
    await until(async () => (await fleet.api.workers()).every(({ beat_age_ms }) => beat_age_ms < 1_000), {
      what: 'the workers to beat again',
    });
    await allRun();
    expect(sink.publications.length).toBe(known);
    for (const process of [fleet.scheduler, ...fleet.workers]) expect(process.output).not.toContain(REPLACED);
  });

  it('a worker gives way to the others and is back by itself', async () => {
    const worker = fleet.worker('worker-2');
    const since = performance.now();
    ofWorker.abandon();
    await worker.waitForLog('worker_fenced');
    await worker.waitForLog(REPLACED, BACK_WITHIN_MS);
    await until(
      async () => (await fleet.api.workers()).some(({ name, state }) => name === 'worker-2' && state === 'ready'),
      {
        what: 'worker-2 to be back',
        timeoutMs: BACK_WITHIN_MS,
      },
    );
    console.log(`a worker is back after ${Math.round(performance.now() - since)} ms`);
    await allRun();
    expect(sink.overlaps('connection')).toEqual([]);
    expect((await fleet.api.pushes()).filter((push) => push.failures_in_a_row > 0)).toEqual([]);
  });

  it('a scheduler answers from memory, refuses changes, and is back by itself', async () => {
    const since = performance.now();
    const [push] = await fleet.api.pushes();
    const known = sink.publications.length;
    ofScheduler.abandon();
    const refusal = await fleet.api.call('POST', `/api/v1/pushes/${push!.id}/pause`);
    expect(refusal).toMatchObject({
      status: 503,
      body: { code: 'redis_unavailable' },
      headers: { 'retry-after': '2' },
    });
    const list = await fleet.api.call('GET', '/api/v1/pushes');
    expect(list).toMatchObject({ status: 200, body: { stale: true, estimated_count: PUSHES } });
    await until(async () => (await fleet.api.call('GET', '/ready')).status === 200, {
      what: 'the scheduler to reach Redis again',
      timeoutMs: BACK_WITHIN_MS,
    });
    console.log(`the scheduler is back after ${Math.round(performance.now() - since)} ms`);
    await fleet.scheduler.waitForLog(REPLACED);
    await fleet.api.pause(push!.id);
    await fleet.api.waitForStatus(push!.id, 'disabled');
    expect(sink.publications.length).toBe(known);
  });
});
