import { resolveDelivery } from '@pushfleet/config';
import { describe, expect, it } from 'vitest';
import { isSameDelivery } from './attempt.ts';

const before = resolveDelivery({}, {});
const changes = {
  'a header': resolveDelivery({ headers: { 'X-Api-Key': 'key' } }, {}),
  'the profile': resolveDelivery({ hls_profile: 'akamai' }, {}),
  'the method': resolveDelivery({ hls_method: 'post' }, {}),
  deleting: resolveDelivery({ hls_delete: false }, {}),
  'the length of segments': resolveDelivery({}, { segment_duration: 2 }),
  'their number': resolveDelivery({}, { segment_count: 10 }),
};
const everything = Object.keys(changes) as (keyof typeof changes)[];

describe('a change of options and settings', () => {
  it.each([
    ['rtmp://h/app/key', []],
    ['tshttp://h/stream/mpegts', ['a header']],
    ['hls://h/live/', everything],
  ])('makes another delivery to %s when it is one of %j', (url, concerned) => {
    expect(everything.filter((change) => !isSameDelivery(url, before, changes[change]))).toEqual(concerned);
    expect(isSameDelivery(url, before, resolveDelivery({ headers: {} }, {}))).toBe(true);
  });

  it('makes another delivery when it makes the target impossible', () => {
    const impossible = resolveDelivery({ hls_profile: 's3', hls_method: 'post' }, {});
    expect(isSameDelivery('hls://bucket.example.com/live/', before, impossible)).toBe(false);
  });
});
