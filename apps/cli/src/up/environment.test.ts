import { describe, expect, it } from 'vitest';
import { type FleetSettings, oneOfWorkers, schedulerEnvironment, workerEnvironment } from './environment.ts';

const settings: FleetSettings = {
  redisUrl: 'redis://127.0.0.1:7000',
  privateRedis: true,
  configFile: '/etc/pushfleet.conf',
  apiPort: '8080',
  rtmpPort: '1935',
  httpPort: '8081',
};

describe('the environment of `up`', () => {
  it('gives the scheduler Redis, config file and port', () => {
    expect(schedulerEnvironment({ LOG_LEVEL: 'debug' }, settings)).toMatchObject({
      REDIS_URL: 'redis://127.0.0.1:7000',
      PUSHFLEET_CONFIG: '/etc/pushfleet.conf',
      PUSHFLEET_PORT: '8080',
      LOG_LEVEL: 'debug',
    });
  });

  it('keeps everything on loopback unless the user says otherwise', () => {
    expect(workerEnvironment({}, settings, 0, 1)).toMatchObject({
      PUSHFLEET_BIND: '127.0.0.1',
      PUSHFLEET_ADVERTISE: '127.0.0.1',
    });
    expect(
      workerEnvironment({ PUSHFLEET_BIND: '0.0.0.0', PUSHFLEET_ADVERTISE: 'a.example' }, settings, 0, 1),
    ).toMatchObject({
      PUSHFLEET_BIND: '0.0.0.0',
      PUSHFLEET_ADVERTISE: 'a.example',
    });
  });

  it('adds loopback to the targets that the user allows', () => {
    const env = { PUSHFLEET_ALLOW_TARGETS: '10.0.0.0/8' };
    for (const child of [schedulerEnvironment(env, settings), workerEnvironment(env, settings, 0, 1)]) {
      expect(child.PUSHFLEET_ALLOW_TARGETS).toBe('10.0.0.0/8,127.0.0.0/8,::1/128');
    }
  });

  it('gives the well-known ports to the first worker only', () => {
    const ports = [0, 1].map((i) => {
      const env = workerEnvironment({}, settings, i, 2);
      return [env.PUSHFLEET_WORKER_ID, env.PUSHFLEET_RTMP_PORT, env.PUSHFLEET_HTTP_PORT];
    });
    expect(ports).toEqual([
      ['worker-1', '1935', '8081'],
      ['worker-2', '0', '0'],
    ]);
  });

  it('leaves the names to the workers when others may share the Redis', () => {
    expect(workerEnvironment({}, { ...settings, privateRedis: false }, 0, 2).PUSHFLEET_WORKER_ID).toBeUndefined();
  });
});

describe('oneOfWorkers', () => {
  it('numbers the name of the user when several workers share it', () => {
    const names = (workers: number) =>
      Array.from(
        { length: workers },
        (_, i) => oneOfWorkers({ PUSHFLEET_WORKER_ID: 'a' }, i, workers).PUSHFLEET_WORKER_ID,
      );
    expect(names(1)).toEqual(['a']);
    expect(names(2)).toEqual(['a-1', 'a-2']);
  });

  it('keeps an ingest off that is off', () => {
    expect(oneOfWorkers({ PUSHFLEET_RTMP_PORT: 'off' }, 1, 2)).toMatchObject({
      PUSHFLEET_RTMP_PORT: 'off',
      PUSHFLEET_HTTP_PORT: '0',
    });
  });

  it('lets the first worker keep the default port by saying nothing', () => {
    expect(oneOfWorkers({}, 0, 2).PUSHFLEET_RTMP_PORT).toBeUndefined();
  });
});
