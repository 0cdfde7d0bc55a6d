import { hostname } from 'node:os';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { REDIS_URL_FORMS } from '../redis-url.ts';
import { EnvironmentError, loadEnvironment } from './environment.ts';
import { type Role, variables } from './variables.ts';

const redis = { REDIS_URL: 'redis://:hunter22@127.0.0.1:6379' };

const problems = (env: Record<string, string>, role: Role = 'up'): string[] => {
  try {
    loadEnvironment(env, role);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(EnvironmentError);
    return (error as EnvironmentError).problems.map(({ message }) => message);
  }
};

describe('defaults', () => {
  it('are those of the design', () => {
    const environment = loadEnvironment(redis, 'worker');
    expect(environment).toMatchObject({
      role: 'worker',
      configFile: undefined,
      host: '127.0.0.1',
      port: 8080,
      token: undefined,
      pool: 'default',
      capacity: 1000,
      maxCpuPercent: 90,
      maxLoopDelayMs: 200,
      maxEgressMbps: undefined,
      rebalance: 'off',
      labels: {},
      rtmpPort: 1935,
      httpPort: 8081,
      processPorts: 19_350,
      bind: '0.0.0.0',
      advertise: hostname(),
      clusterKey: undefined,
      sourceTimeoutMs: 10_000,
      flushFrames: 1,
      connectsPerHost: 200,
      allowTargets: [],
      denyTargets: [],
      prefix: 'pushfleet',
      url: 'http://127.0.0.1:8080',
      logLevel: 'info',
    });
    expect(environment.redisUrl!.reveal()).toBe(redis.REDIS_URL);
    expect(environment.workerId).toMatch(/^[\w.-]+-\d+$/);
  });

  it('keep `up` on this machine, and let it push to this machine', () => {
    const { redisUrl, bind, advertise, allowTargets } = loadEnvironment({}, 'up');
    expect([redisUrl, bind, advertise]).toEqual([undefined, '127.0.0.1', '127.0.0.1']);
    expect(allowTargets.map(({ address }) => address)).toEqual(['127.0.0.0', '::1']);
    const more = loadEnvironment({ PUSHFLEET_ALLOW_TARGETS: '10.0.0.0/8' }, 'up').allowTargets;
    expect(more.map(({ address }) => address)).toEqual(['127.0.0.0', '::1', '10.0.0.0']);
  });

  it('stand in the table as they act', () => {
    for (const [key, variable] of Object.entries(variables)) {
      const value = variable.fallback('worker');
      if (typeof value === 'string' && !['workerId', 'advertise'].includes(key))
        expect(variable.default).toContain(value);
      if (typeof value === 'number')
        expect(variable.default.split(';')[0]).toBe(String(variable.unit === 's' ? value / 1000 : value));
      if (value === undefined) expect(variable.default).toMatch(/^none/);
    }
  });

  it('stand for variables that are empty', () => {
    const empty = Object.fromEntries(Object.values(variables).map(({ name }) => [name, ' ']));
    expect(loadEnvironment(empty, 'up').port).toBe(8080);
  });
});

describe('values', () => {
  it('are read in their units', () => {
    const env = {
      ...redis,
      PUSHFLEET_CONFIG: '/etc/pushfleet.conf',
      PUSHFLEET_HOST: '[::1]',
      PUSHFLEET_PORT: '0',
      PUSHFLEET_TOKEN: 'token',
      PUSHFLEET_WORKER_ID: 'worker-1.eu',
      PUSHFLEET_POOL: 'eu-1',
      PUSHFLEET_CAPACITY: '2000',
      PUSHFLEET_MAX_CPU: '75',
      PUSHFLEET_MAX_LOOP_DELAY: 'off',
      PUSHFLEET_MAX_EGRESS_MBPS: '950',
      PUSHFLEET_REBALANCE: '6',
      PUSHFLEET_LABELS: 'region=eu, rack=A 1, empty=',
      PUSHFLEET_RTMP_PORT: 'off',
      PUSHFLEET_HTTP_PORT: '65535',
      PUSHFLEET_BIND: '::',
      PUSHFLEET_ADVERTISE: 'worker-1.example.com',
      PUSHFLEET_CLUSTER_KEY: 'key',
      PUSHFLEET_SOURCE_TIMEOUT: '2.5',
      PUSHFLEET_FLUSH_FRAMES: '5',
      PUSHFLEET_CONNECTS_PER_HOST: 'off',
      PUSHFLEET_DENY_TARGETS: '10.0.0.0/8, fd00::/8',
      PUSHFLEET_PREFIX: 'eu',
      LOG_LEVEL: 'DEBUG',
    };
    const environment = loadEnvironment(env, 'up');
    expect(environment).toMatchObject({
      configFile: '/etc/pushfleet.conf',
      host: '::1',
      port: 0,
      workerId: 'worker-1.eu',
      pool: 'eu-1',
      capacity: 2000,
      maxCpuPercent: 75,
      maxLoopDelayMs: 'off',
      maxEgressMbps: 950,
      rebalance: 6,
      labels: { region: 'eu', rack: 'A 1', empty: '' },
      rtmpPort: 'off',
      httpPort: 65_535,
      bind: '::',
      advertise: 'worker-1.example.com',
      sourceTimeoutMs: 2500,
      flushFrames: 5,
      connectsPerHost: 'off',
      denyTargets: [
        { address: '10.0.0.0', prefix: 8, family: 'ipv4' },
        { address: 'fd00::', prefix: 8, family: 'ipv6' },
      ],
      prefix: 'eu',
      logLevel: 'debug',
    });
    expect([environment.token!.reveal(), environment.clusterKey!.reveal()]).toEqual(['token', 'key']);
  });

  it('of the client are the base URL and the token', () => {
    const env = { PUSHFLEET_URL: 'https://push.example.com/base/', PUSHFLEET_TOKEN: 't' };
    expect(loadEnvironment(env, 'client')).toMatchObject({ url: 'https://push.example.com/base', redisUrl: undefined });
  });

  it('cannot be changed, and print no secret', () => {
    const environment = loadEnvironment(
      { ...redis, PUSHFLEET_TOKEN: 'hunter22', PUSHFLEET_CLUSTER_KEY: 'hunter22' },
      'up',
    );
    expect(Object.isFrozen(environment)).toBe(true);
    expect(inspect(environment) + JSON.stringify(environment)).not.toContain('hunter22');
  });
});

describe('mistakes', () => {
  it.each([
    ['PUSHFLEET_PORT', 'abc', 'PUSHFLEET_PORT must be a port from 1 to 65535, or 0 for any free one, not "abc"'],
    ['PUSHFLEET_PORT', '65536', 'PUSHFLEET_PORT must be a port from 1 to 65535, or 0 for any free one, not "65536"'],
    ['PUSHFLEET_PORT', 'off', 'PUSHFLEET_PORT must be a port from 1 to 65535, or 0 for any free one, not "off"'],
    [
      'PUSHFLEET_RTMP_PORT',
      '-1',
      'PUSHFLEET_RTMP_PORT must be a port from 1 to 65535, or 0 for any free one, or off, not "-1"',
    ],
    ['PUSHFLEET_CAPACITY', '1e3', 'PUSHFLEET_CAPACITY must be a whole number from 1 to 100000, not "1e3"'],
    ['PUSHFLEET_MAX_CPU', '0', 'PUSHFLEET_MAX_CPU must be a whole number from 1 to 1600, or off, not "0"'],
    ['PUSHFLEET_REBALANCE', 'on', 'PUSHFLEET_REBALANCE must be a whole number from 1 to 60, or off, not "on"'],
    ...['region', 'region=eu,', '_=x', 'a=1,a=2'].map((value): [string, string, string] => [
      'PUSHFLEET_LABELS',
      value,
      `PUSHFLEET_LABELS must be NAME=VALUE pairs such as region=eu,rack=1, with each name once, not "${value}"`,
    ]),
    ['PUSHFLEET_SOURCE_TIMEOUT', '0', 'PUSHFLEET_SOURCE_TIMEOUT must be a number of seconds from 0.1 to 3600, not "0"'],
    ['PUSHFLEET_FLUSH_FRAMES', '0', 'PUSHFLEET_FLUSH_FRAMES must be a whole number from 1 to 25, not "0"'],
    [
      'PUSHFLEET_CONNECTS_PER_HOST',
      '0',
      'PUSHFLEET_CONNECTS_PER_HOST must be a whole number from 1 to 100000, or off, not "0"',
    ],
    ['PUSHFLEET_POOL', 'EU', 'PUSHFLEET_POOL must be 1 to 32 lower-case letters, digits or "-", not "EU"'],
    ['PUSHFLEET_PREFIX', '{x}', 'PUSHFLEET_PREFIX must be 1 to 64 letters, digits, ".", "-" or "_", not "{x}"'],
    [
      'PUSHFLEET_BIND',
      '1.2.3.4:5',
      'PUSHFLEET_BIND must be an IP address or a host name, without a port, not "1.2.3.4:5"',
    ],
    [
      'PUSHFLEET_DENY_TARGETS',
      '10.0.0.0/33',
      'PUSHFLEET_DENY_TARGETS must be a list of addresses or blocks such as 10.0.0.0/8,fd00::/8, not "10.0.0.0/33"',
    ],
    ['LOG_LEVEL', 'loud', 'LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent, not "loud"'],
    ['PUSHFLEET_TOKEN', 'two words', 'PUSHFLEET_TOKEN must be visible ASCII characters without spaces, at most 1024'],
    ['REDIS_URL', 'http://:secret@h', `REDIS_URL must be ${REDIS_URL_FORMS}`],
    ['PUSHFLEET_PROT', '1', "PUSHFLEET_PROT is no variable of Pushfleet; did you mean 'PUSHFLEET_PORT'?"],
    ['PUSHFLEET_COLOUR_OF_LOGO', '1', 'PUSHFLEET_COLOUR_OF_LOGO is no variable of Pushfleet'],
    [
      'PUSHFLEET_HOST',
      '0.0.0.0',
      'PUSHFLEET_HOST is 0.0.0.0, which others can reach: set PUSHFLEET_TOKEN, or listen on 127.0.0.1',
    ],
  ])('%s=%s', (name, value, message) => {
    expect(problems({ [name]: value })).toEqual([message]);
  });

  it.each(['http://u:p@h', 'ftp://h', 'h:8080', 'http://h/?x=1'])('PUSHFLEET_URL=%s is refused', (url) => {
    const message = expect.stringMatching(
      /^PUSHFLEET_URL must be an http:\/\/ or https:\/\/ URL without login, query and fragment, not/,
    );
    expect(problems({ PUSHFLEET_URL: url }, 'client')).toEqual([message]);
  });

  it('are told all at once', () => {
    expect(problems({ PUSHFLEET_PORT: 'x', PUSHFLEET_POOL: 'Y', PUSHFLEET_NONSENSE: '1' })).toHaveLength(3);
    expect(() => loadEnvironment({ PUSHFLEET_PORT: 'x', PUSHFLEET_POOL: 'Y' }, 'up')).toThrow(
      /PUSHFLEET_PORT.*\n.*PUSHFLEET_POOL/,
    );
  });

  it('of other roles are passed over', () => {
    expect(problems({ ...redis, PUSHFLEET_CAPACITY: 'x' }, 'scheduler')).toEqual([]);
    expect(problems({ PUSHFLEET_HOST: '0.0.0.0' }, 'client')).toEqual([]);
  });

  it('are a missing Redis for scheduler and worker', () => {
    const message = `REDIS_URL is not set; it must be ${REDIS_URL_FORMS}`;
    expect(problems({}, 'scheduler')).toEqual([message]);
    expect(problems({}, 'worker')).toEqual([message]);
  });

  it.each(['localhost', '127.0.0.1', '127.1.2.3', '::1', '[::1]'])(
    'are none when %s is bound without a token',
    (host) => {
      expect(problems({ PUSHFLEET_HOST: host })).toEqual([]);
    },
  );

  it.each(['0.0.0.0', '::', '192.168.1.1', 'push.example.com', '::ffff:10.0.0.1'])('need a token for %s', (host) => {
    expect(problems({ PUSHFLEET_HOST: host })).toHaveLength(1);
    expect(problems({ PUSHFLEET_HOST: host, PUSHFLEET_TOKEN: 't' })).toEqual([]);
  });
});

it('passes over what Kubernetes adds for services called pushfleet', () => {
  const links = {
    PUSHFLEET_PORT: 'tcp://10.96.0.1:8080',
    PUSHFLEET_PORT_8080_TCP: 'tcp://10.96.0.1:8080',
    PUSHFLEET_PORT_8080_TCP_ADDR: '10.96.0.1',
    PUSHFLEET_SERVICE_HOST: '10.96.0.1',
    PUSHFLEET_SCHEDULER_SERVICE_PORT_HTTP: '8080',
    PUSHFLEET_SCHEDULER_PORT: 'tcp://[fd00::1]:8080',
  };
  expect(loadEnvironment(links, 'up').port).toBe(8080);
});
