import { resolveDelivery } from '@pushfleet/config';
import { defaultDelivery } from '@pushfleet/protocols';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StreamHub } from '../source/stream-hub.ts';
import { StreamHubs } from '../source/stream-hubs.ts';
import { Attempt, isSameDelivery } from './attempt.ts';
import { holderDeps, openDial, pushOf, RtmpTarget } from './testing/holder-kit.ts';

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

describe('an attempt whose stream cannot be put into the format of the target', () => {
  class BrokenHub extends StreamHub {
    override openFeed(): never {
      throw new Error('no words for this');
    }
  }
  const target = new RtmpTarget();
  beforeEach(() => target.listen());
  afterEach(() => target.close());

  it('fails, and leaves no connection behind', async () => {
    const { dial, sockets } = openDial();
    const hubs = new StreamHubs(() => expect.unreachable());
    const push = pushOf(target.url);
    const { deps } = holderDeps(hubs, dial);
    const options = { connectTimeoutMs: 5_000, delivery: defaultDelivery };
    const attempt = new Attempt(push, options, { hub: new BrokenHub('cam'), ...deps.attemptDeps() });
    expect(await attempt.run()).toMatchObject({ cause: 'internal', error: { code: 'internal' } });
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true]);
    await expect.poll(() => target.connections).toBe(0);
    hubs.close();
  });
});
