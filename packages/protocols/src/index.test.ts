import { expect, it } from 'vitest';
import { defaultDelivery, protocolFor, supportedSchemes } from './index.ts';

it.each(['rtmp://h/a/s', 'RTMPS://h/a/s'])('finds the protocol of %s', (url) => {
  expect(protocolFor(url)?.schemes).toContain('rtmps');
  expect(protocolFor(url)?.parseTarget(url, defaultDelivery)).toMatchObject({ app: 'a', stream: 's' });
});

it.each(['', 'rtmp', 'ftp://h/a', 'rtmpx://h/a'])('knows no protocol for "%s"', (url) => {
  expect(protocolFor(url)).toBeUndefined();
});

it('lists every scheme once', () => {
  expect(supportedSchemes).toEqual([...new Set(supportedSchemes)]);
});
