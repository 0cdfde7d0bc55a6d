import { describe, expect, it } from 'vitest';
import { redactText } from './redact.ts';
import { parseRedisUrl } from './redis-url.ts';

describe('the address of Redis', () => {
  it('is one server, with its URL as it was written', () => {
    const url = 'rediss://user:p%40ss@redis.example.com:6380/3';
    expect(parseRedisUrl(url)).toEqual({ shape: 'single', url, tls: true, username: 'user', password: 'p@ss' });
    expect(parseRedisUrl('redis://h')).toMatchObject({ tls: false, username: undefined, password: undefined });
  });

  it('is the master that sentinels name, each with a login of its own', () => {
    const text = 'redis+sentinel://:secret@s1,s2:26380,[fd00::1]/mymaster/2?sentinel_password=an%20other';
    expect(parseRedisUrl(text)).toEqual({
      shape: 'sentinel',
      tls: false,
      username: undefined,
      password: 'secret',
      sentinels: [
        { host: 's1', port: 26_379 },
        { host: 's2', port: 26_380 },
        { host: 'fd00::1', port: 26_379 },
      ],
      master: 'mymaster',
      database: 2,
      sentinelUsername: undefined,
      sentinelPassword: 'an other',
    });
  });

  it('is the nodes of a cluster', () => {
    expect(parseRedisUrl('rediss+cluster://u:p@h1:7000,h2/')).toEqual({
      shape: 'cluster',
      tls: true,
      username: 'u',
      password: 'p',
      nodes: [
        { host: 'h1', port: 7_000 },
        { host: 'h2', port: 6_379 },
      ],
    });
  });

  it.each([
    'http://h',
    'redis://',
    'redis:// h',
    'redis://h1,h2',
    'redis://h:port',
    'redis://:%zz@h',
    'redis+sentinel://h1:26379',
    'redis+sentinel://h1:26379/',
    'redis+sentinel://h1:26379/mymaster/x',
    'redis+sentinel://h1:26379/mymaster?pasword=x',
    'redis+sentinel://h1,,h2/mymaster',
    'redis+sentinel://:p@h1,:p@h2/mymaster',
    'redis+cluster://h1:7000/0',
    'redis+cluster://h1:7000?x=1',
    'redis+cluster://h1:0',
    'redis+cluster://h1:70000',
    'redis+cluster://:%zz@h1:7000',
    'redis+ring://h1:7000',
  ])('is not %s', (text) => {
    expect(parseRedisUrl(text)).toBeUndefined();
  });

  it.each([
    'redis+sentinel://:hunter22@s1:26379,s2:26379/mymaster?sentinel_password=hunter22',
    'rediss+cluster://admin:hunter22@h1:7000,h2:7001',
  ])('shows no secret in a text: %s', (url) => {
    expect(redactText(`connecting to ${url} failed`)).not.toContain('hunter22');
  });
});
