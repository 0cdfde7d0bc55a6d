import { randomUUID } from 'node:crypto';
import { connectRedis, Keys } from '@pushfleet/contract';
import { expect, inject, it, onTestFinished, vi } from 'vitest';
import { type Death, Heartbeat } from './heartbeat.ts';
import { BEAT_INTERVAL_MS, FleetScripts } from './scripts.ts';
import { workerRecord } from './testing/worker-record.ts';

/** Workers that only beat. `records` counts those that their beats have brought. */
async function members(count: number) {
  const redis = connectRedis(inject('redisUrl'), () => {});
  const keys = new Keys(`test-${randomUUID()}`);
  const scripts = new FleetScripts(redis, keys, 'push-default');
  const seen = { beats: 0, records: 0, deaths: [] as Death[], verified: 0 };
  const beat = scripts.beat.bind(scripts);
  vi.spyOn(scripts, 'beat').mockImplementation(async (...args) => {
    const answer = await beat(...args);
    seen.beats++;
    seen.records += answer.records?.length ?? 0;
    return answer;
  });
  const heartbeats = Array.from({ length: count }, (_, n) => {
    const record = workerRecord(`w${n}`, { http: `10.0.0.${n}:80` });
    return new Heartbeat(scripts, () => record, {
      beat: async () => {},
      verify: async () => {
        seen.verified++;
      },
      hasEnded: async () => false,
      reaped: async (death) => {
        seen.deaths.push(death);
      },
      failed: () => {},
    });
  });
  await Promise.all(heartbeats.map((heartbeat) => heartbeat.start()));
  await redis.del(keys.grace);
  onTestFinished(async () => {
    await Promise.all(heartbeats.map((heartbeat) => heartbeat.stop()));
    await redis.del(keys.beats, keys.workers, keys.lastBeat, keys.grace, keys.epoch);
    redis.disconnect();
  });
  return { scripts, keys, redis, seen };
}

it('the beats of many workers carry few records, and the death of one that joined late is found once', async () => {
  const WORKERS = 60;
  const { scripts, seen } = await members(WORKERS);
  await scripts.beat('late', JSON.stringify(workerRecord('late')), 'epoch'); // its only beat
  const [beatsBefore, recordsBefore] = [seen.beats, seen.records];
  await vi.waitFor(() => expect(seen.deaths).not.toEqual([]));
  await vi.waitFor(() => expect(seen.beats - beatsBefore).toBeGreaterThan((WORKERS * 6_000) / BEAT_INTERVAL_MS));
  expect(seen.deaths).toMatchObject([{ workerId: 'late', worker: { pool: 'default' }, why: 'no heartbeat', jobs: 0 }]);
  expect((seen.records - recordsBefore) / (seen.beats - beatsBefore)).toBeLessThan(WORKERS / 2);
  expect(seen.verified).toBe(0);
});
