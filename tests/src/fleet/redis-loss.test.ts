import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectRedis, Keys, type PushView, pushQueueName } from '@pushfleet/contract';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { RtmpSink } from '../harness/rtmp-sink.ts';
import { until } from '../harness/until.ts';

const clip = join(import.meta.dirname, '..', '..', '..', 'examples', 'clip.mp4');
const fileNames = Array.from({ length: 6 }, (_, n) => `file${n}`);
const apiNames = Array.from({ length: 4 }, (_, n) => `api${n}`);
const names = [...fileNames, ...apiNames];

describe('Redis fails under running pushes', () => {
  let sink: RtmpSink;
  let fleet: Fleet;
  let redis: Redis;
  let queue: Queue;
  let deadId: string;

  beforeAll(async () => {
    sink = await new RtmpSink(undefined).listen();
    fleet = await startFleet({ workers: 2 });
    redis = connectRedis(fleet.redis.url, () => {});
    queue = new Queue(pushQueueName('default'), { prefix: new Keys().tag, connection: redis });
    queue.on('error', () => {});
    const pushes = fileNames.map((name) => `  push ${sink.url}/${name};`).join('\n');
    await fleet.writeConfig(`stream clip {\n  input file://${clip};\n${pushes}\n}\n`);
    await until(async () => (await fleet.api.streams()).length === 1, { what: () => 'the config file to be read' });
    for (const name of apiNames) await fleet.api.createPush({ stream: 'clip', url: `${sink.url}/${name}` });
    // One push that has used up its budget, and one that keeps trying.
    const dead = await fleet.api.createPush({ stream: 'clip', url: 'rtmp://127.0.0.1:9/live/dead', retry_limit: 1 });
    await fleet.api.createPush({ stream: 'clip', url: 'rtmp://127.0.0.1:9/live/trying', retry_timeout: 1 });
    deadId = dead.id;
    await fleet.api.waitForStatus(deadId, 'error');
    await until(() => sink.open().length === names.length, {
      what: () => 'every push to be connected',
    });
    await settled();
  });

  afterAll(async () => {
    await queue?.close();
    redis?.disconnect();
    await fleet?.stop();
    await sink?.stop();
  });

  /** Every push that should run does, in the queue too; the exhausted one rests, the failing one tries. */
  function settled(): Promise<unknown> {
    let last = '';
    return until(
      async () => {
        const { body } = await fleet.api.call('GET', '/api/v1/pushes?limit=500');
        const { pushes, stale } = body as { pushes: PushView[]; stale?: boolean };
        const count = (...wanted: string[]) => pushes.filter(({ status }) => wanted.includes(status)).length;
        const jobs = await queue.getJobCounts('active');
        last = `${stale === true ? 'stale ' : ''}${pushes.map(({ status }) => status)} ${JSON.stringify(jobs)}`;
        const whole = jobs.active === names.length || jobs.active === names.length + count('starting');
        return (
          stale !== true &&
          whole &&
          count('running') === names.length &&
          count('error') === 1 &&
          count('retry', 'starting') === 1
        );
      },
      { what: () => `the fleet to settle: ${last}` },
    );
  }

  /** No session was touched: one publication for each name since the beginning, and its media never paused for long. */
  function expectUntouched(): void {
    expect(names.filter((name) => sink.of(name).length !== 1)).toEqual([]);
    expect(sink.overlaps('connection')).toEqual([]);
    expect(sink.violations).toEqual([]);
  }

  /** Media still arrives for every name. */
  async function mediaFlows(): Promise<void> {
    const since = performance.now();
    await until(() => names.every((name) => (sink.of(name).at(-1)?.lastMediaAt ?? 0) > since), {
      what: () => 'media at every target',
    });
  }

  it('Redis frozen for 6 s: sessions go on, nothing is doubled, the API says what it knows', async () => {
    fleet.redis.freeze();
    const since = performance.now();
    const answer = await fleet.api.call('GET', '/api/v1/pushes');
    expect(answer.status).toBe(200);
    const write = await fleet.api.call('POST', '/api/v1/pushes', { stream: 'clip', url: `${sink.url}/late` });
    expect([write.status, (write.body as { code: string }).code]).toEqual([503, 'redis_unavailable']);
    await mediaFlows();
    await sleep(Math.max(0, since + 6_000 - performance.now())); // the freeze is to last that long
    fleet.redis.thaw();
    await settled();
    await mediaFlows();
    expectUntouched();
  });

  it('Redis killed and started empty: every push that should run runs again without a person, running ones untouched', async () => {
    await fleet.redis.kill();
    await mediaFlows();
    const lostAt = performance.now();
    await fleet.redis.restart();
    await settled();
    console.log(`empty Redis: settled after ${Math.round(performance.now() - lostAt)} ms`);
    await mediaFlows();
    expectUntouched();
    expect((await fleet.api.push(deadId)).last_error?.code).toBe('connect_refused');
    // The queue is whole again: a pause reaches its holder.
    const { id } = (await fleet.api.pushes()).find(({ status }) => status === 'running')!;
    await fleet.api.pause(id);
    await until(() => sink.open().length === names.length - 1, { what: () => 'the paused push to end' });
    await fleet.api.resume(id);
    await until(() => sink.open().length === names.length, { what: () => 'the resumed push to begin' });
    await settled();
  });

  it('FLUSHALL: the same, within seconds', async () => {
    const before = sink.publications.length;
    await redis.flushall();
    await settled();
    await mediaFlows();
    expect(sink.publications.length).toBe(before);
    expect(sink.overlaps('connection')).toEqual([]);
  });
});
