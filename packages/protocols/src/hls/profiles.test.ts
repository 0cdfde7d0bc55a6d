import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defaultDelivery } from '../publisher/delivery.ts';
import { parsePlaylist } from './playlist.ts';
import { payloadHash } from './sigv4.ts';
import { parseHlsTarget } from './target.ts';
import { newSegment, startPush, TestMemory, type TestPush } from './testing/push.ts';
import { Store, type StoreRequest } from './testing/store.ts';

const PATIENCE = { interval: 5 };
const isSegment = ({ method, url }: StoreRequest) => method === 'PUT' && url.endsWith('.ts');
const isPlaylist = ({ method, url }: StoreRequest) => method === 'PUT' && url.endsWith('.m3u8');

let store: Store;
let pushes: TestPush[];
beforeEach(async () => {
  store = await Store.open();
  pushes = [];
});
afterEach(async () => {
  for (const { stop, sent } of pushes) {
    stop.abort(new Error('the test is over'));
    await sent;
  }
  store.close();
});
async function start(...args: Parameters<typeof startPush>): Promise<TestPush> {
  const push = await startPush(...args);
  pushes.push(push);
  return push;
}
const idle = (push: TestPush) => vi.waitFor(() => expect(push.publisher.stats().pendingBytes).toBe(0), PATIENCE);
const names = (text: string) => parsePlaylist(text)!.segments.map(({ uri }) => uri);

describe('the profile of a target', () => {
  it.each([
    ['hls://post.example.akamaihd.net/123/stream/', 'application/x-mpegURL', false],
    ['hlss://p-ep1.i.akamaientrypoint.net/1/event/', 'application/x-mpegURL', false],
    ['hlss://p-ep1.i.mslentrypoint.net/1/event/', 'application/x-mpegURL', false],
    ['hlss://bucket.s3.eu-west-1.amazonaws.com/live/', 'application/vnd.apple.mpegurl', false],
    ['hlss://a.upload.youtube.com/http_upload_hls?cid=x&copy=0&file=', 'application/vnd.apple.mpegurl', false],
    ['hls://notakamaihd.net/live/', 'application/vnd.apple.mpegurl', true],
  ])('goes by its URL: %s', (url, playlistType, deletes) => {
    const target = parseHlsTarget(url, defaultDelivery);
    expect([target.rules.playlistType, target.deletes]).toEqual([playlistType, deletes]);
  });

  it('is what the push says', () => {
    const url = 'hls://upload.example.com/live/';
    expect(parseHlsTarget(url, { ...defaultDelivery, hlsProfile: 's3' }).rules.signsRequests).toBe(true);
    expect(parseHlsTarget(url, { ...defaultDelivery, hlsProfile: 'akamai', hlsDelete: true }).deletes).toBe(true);
    expect(parseHlsTarget(url, { ...defaultDelivery, hlsProfile: 'youtube', hlsDelete: true }).deletes).toBe(false);
    expect(() => parseHlsTarget(url, { ...defaultDelivery, hlsProfile: 's3', hlsMethod: 'post' })).toThrow(
      'leave it out',
    );
  });
});

describe('akamai', () => {
  it('gets one thing at a time: segment, playlist, segment, playlist', async () => {
    let underWay = 0;
    let most = 0;
    store.script = async () => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay -= 1;
      return undefined;
    };
    const push = await start(`${store.url}/1/event/`, { hlsProfile: 'akamai' });
    for (let index = 0; index < 3; index++) push.write(newSegment());
    await idle(push);
    expect(most).toBe(1);
    expect(store.log.map((line) => line.replace(/\/1\/event\/(1-\d+\.)?/, ''))).toEqual([
      'HEAD index.m3u8',
      'PUT ts',
      'PUT index.m3u8',
      'PUT ts',
      'PUT index.m3u8',
      'PUT ts',
      'PUT index.m3u8',
    ]);
  });

  it('gets the next segment when the playlist takes longer than a segment lasts', async () => {
    const push = await start(`${store.url}/1/event/`, { hlsProfile: 'akamai' });
    store.script = (request) => (isPlaylist(request) ? 'silence' : undefined);
    push.write(newSegment({ durationMs: 200 }));
    push.write(newSegment({ durationMs: 200 }));
    await vi.waitFor(() => expect(store.requests.filter(isSegment).length).toBe(2), PATIENCE);
    const [first, second] = store.requests.filter(isSegment).map(({ atMs }) => atMs);
    expect(second! - first!).toBeGreaterThanOrEqual(190);
  });

  it('is not asked again for what it has refused', async () => {
    const push = await start(`${store.url}/1/event/`, { hlsProfile: 'akamai' });
    store.script = (request) => (isSegment(request) ? { status: 403 } : undefined);
    push.write(newSegment());
    expect(await push.sent).toMatchObject({ code: 'http_403' });
    expect(store.requests.filter(isSegment).length).toBe(1);
  });
});

describe('youtube', () => {
  const at = (name: string) => `/http_upload_hls?cid=x&copy=0&file=${name}`;
  const url = () => `${store.url}/http_upload_hls?cid=x&copy=0&file=`;

  it('gets names behind file=, numbers from 0, and nothing before the first segment', async () => {
    const push = await start(url());
    expect(store.requests).toEqual([]);
    expect(store.connections).toBe(1);
    push.write(newSegment());
    await idle(push);
    expect(store.log.sort()).toEqual([`PUT ${at('1-0.ts')}`, `PUT ${at('index.m3u8')}`]);
    expect(parsePlaylist(store.text(at('index.m3u8')))).toMatchObject({ mediaSequence: 0, discontinuitySequence: 0 });
    expect(store.requests[0]!.headers['user-agent']).toMatch(/^\S.* \/ \S.* \/ \S.*$/);
    expect(store.connections).toBe(2);
  });

  it('hears of up to five segments that are still on their way, and of two that have arrived', async () => {
    const push = await start(url(), { segmentCount: 20 });
    const outstanding: number[] = [];
    let acknowledged = 0;
    let isHeld = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    store.script = async (request) => {
      if (isPlaylist(request)) {
        const { mediaSequence, segments } = parsePlaylist(request.body.toString())!;
        outstanding.push(mediaSequence + segments.length - acknowledged);
        expect(segments.length).toBeLessThanOrEqual(5 + 2);
      } else if (isHeld && acknowledged === 3) {
        await promise;
      }
      if (isSegment(request)) acknowledged += 1;
      return undefined;
    };
    for (let index = 0; index < 12; index++) push.write(newSegment());
    await vi.waitFor(() => expect(names(store.text(at('index.m3u8')))).toContain('1-7.ts'), PATIENCE);
    expect(names(store.text(at('index.m3u8')))).toEqual([1, 2, 3, 4, 5, 6, 7].map((number) => `1-${number}.ts`));
    isHeld = false;
    resolve();
    await idle(push);
    expect(Math.max(...outstanding)).toBe(5);
    expect(names(store.text(at('index.m3u8')))).toContain('1-11.ts');
    expect(store.log.filter((line) => line.startsWith('DELETE'))).toEqual([]);
  });

  it('keeps its numbers when a listed segment is lost', async () => {
    const push = await start(url());
    store.script = (request) => (request.url.endsWith('1-1.ts') ? { status: 500 } : undefined);
    for (let index = 0; index < 4; index++) {
      push.write(newSegment());
      await idle(push);
    }
    const { mediaSequence, segments } = parsePlaylist(store.text(at('index.m3u8')))!;
    expect(segments.map(({ uri }) => uri)).toEqual([1, 2, 3].map((number) => `1-${number}.ts`));
    expect(mediaSequence).toBe(1);
    expect(segments.map(({ isDiscontinuity }) => isDiscontinuity)).toEqual([false, true, false]);
  });

  it('may not send us elsewhere', async () => {
    store.script = () => ({ status: 307, headers: { location: '/elsewhere' } });
    const push = await start(url());
    push.write(newSegment());
    expect(await push.sent).toMatchObject({ code: 'protocol_violation', detail: '307 Temporary Redirect' });
  });

  it('gets segments of at most five seconds', () => {
    const target = parseHlsTarget('hlss://a.upload.youtube.com/x?file=', defaultDelivery);
    expect(target.segmentDurationMs).toBeLessThanOrEqual(4000);
    expect(target.rules.maxTargetDurationS).toBe(5);
  });

  it('continues at the number that is remembered', async () => {
    const memory = new TestMemory();
    const first = await start(url(), {}, memory);
    for (let index = 0; index < 3; index++) first.write(newSegment());
    await idle(first);
    first.end('handover');
    await first.sent;
    const second = await start(url(), {}, memory);
    second.write(newSegment());
    await idle(second);
    const { mediaSequence, segments } = parsePlaylist(store.text(at('index.m3u8')))!;
    expect(mediaSequence + segments.length).toBe(4);
    expect(segments.at(-1)).toMatchObject({ uri: '2-3.ts', isDiscontinuity: true });
  });
});

describe('s3', () => {
  it('gets signed requests with their length and the hash of what they carry', async () => {
    const push = await start(`hls://KEY:sec%2Fret@127.0.0.1:${store.port}/bucket/live/`, {
      hlsProfile: 's3',
      s3Region: 'eu-west-1',
      headers: { 'x-amz-acl': 'public-read' },
    });
    const segment = newSegment();
    push.write(segment);
    await idle(push);
    const [get, put, playlist] = store.requests as [StoreRequest, StoreRequest, StoreRequest];
    const authorization = (signed: string) =>
      expect.stringMatching(
        new RegExp(`^AWS4-HMAC-SHA256 Credential=KEY/\\d{8}/eu-west-1/s3/aws4_request, SignedHeaders=${signed}, `),
      );
    const signed = 'host;x-amz-acl;x-amz-content-sha256;x-amz-date';
    expect(get.headers).toMatchObject({
      authorization: authorization(signed),
      'x-amz-content-sha256': payloadHash(''),
    });
    expect(put.headers).toMatchObject({
      authorization: authorization(signed),
      'x-amz-content-sha256': payloadHash(segment.bytes),
      'content-length': '1000',
      'cache-control': 'public, max-age=31536000, immutable',
      'x-amz-acl': 'public-read',
    });
    expect(playlist.headers).toMatchObject({
      'x-amz-content-sha256': payloadHash(playlist.body),
      'cache-control': 'no-cache',
      'content-type': 'application/vnd.apple.mpegurl',
    });
  });

  it('signs anew for the region that it is sent to', async () => {
    const region = await Store.open();
    try {
      store.script = ({ url }) => ({ status: 307, headers: { location: `http://127.0.0.1:${region.port}${url}` } });
      const push = await start(`hls://KEY:secret@127.0.0.1:${store.port}/live/`, { hlsProfile: 's3' });
      push.write(newSegment());
      await idle(push);
      expect(region.log.length).toBe(3);
      const [here, there] = [store, region].map(({ requests }) => requests[1]!.headers.authorization);
      expect(there).toMatch(/^AWS4-HMAC-SHA256 /);
      expect(there).not.toBe(here);
      push.stop.abort(new Error('enough'));
      await push.sent;
    } finally {
      region.close();
    }
  });

  it('does not take an answer 403 to the question for a playlist as a refusal: that is how a missing file looks', async () => {
    store.script = ({ method }) => (method === 'GET' ? { status: 403 } : undefined);
    const push = await start(`hls://KEY:secret@127.0.0.1:${store.port}/live/`, { hlsProfile: 's3' });
    push.write(newSegment());
    await idle(push);
    expect(store.requests.filter(isPlaylist).length).toBe(1);
  });
});
