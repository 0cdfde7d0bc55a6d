import { describe, expect, it } from 'vitest';
import { type FleetSettings, schedulerEnvironment, workerEnvironment } from './environment.ts';

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
    expect(workerEnvironment({}, settings)).toMatchObject({
      PUSHFLEET_BIND: '127.0.0.1',
      PUSHFLEET_ADVERTISE: '127.0.0.1',
    });
    expect(workerEnvironment({ PUSHFLEET_BIND: '0.0.0.0', PUSHFLEET_ADVERTISE: 'a.example' }, settings)).toMatchObject({
      PUSHFLEET_BIND: '0.0.0.0',
      PUSHFLEET_ADVERTISE: 'a.example',
    });
  });

  it('adds loopback to the targets that the user allows', () => {
    const env = { PUSHFLEET_ALLOW_TARGETS: '10.0.0.0/8' };
    for (const child of [schedulerEnvironment(env, settings), workerEnvironment(env, settings)]) {
      expect(child.PUSHFLEET_ALLOW_TARGETS).toBe('10.0.0.0/8,127.0.0.0/8,::1/128');
    }
  });

  it('gives the workers the ports that were chosen', () => {
    expect(workerEnvironment({ PUSHFLEET_RTMP_PORT: '7' }, { ...settings, httpPort: 'off' })).toMatchObject({
      PUSHFLEET_RTMP_PORT: '1935',
      PUSHFLEET_HTTP_PORT: 'off',
    });
  });

  it('gives a worker that nobody else can meet a plain name', () => {
    const nameOf = (env: object, privateRedis: boolean) =>
      workerEnvironment({ ...env }, { ...settings, privateRedis }).PUSHFLEET_WORKER_ID;
    expect(nameOf({}, true)).toBe('worker-1');
    expect(nameOf({}, false)).toBeUndefined();
    expect(nameOf({ PUSHFLEET_WORKER_ID: 'a' }, true)).toBe('a');
  });
});
