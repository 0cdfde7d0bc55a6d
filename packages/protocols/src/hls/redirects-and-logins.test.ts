import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defaultDelivery } from '../publisher/delivery.ts';
import type { DialOptions } from '../publisher/publisher.ts';
import { dial } from '../publisher/testing/dial.ts';
import { HlsPublisher } from './publisher.ts';
import { parseHlsTarget } from './target.ts';
import { newSegment, publisherFor, startPush, TestMemory, type TestPush } from './testing/push.ts';
import { Store, type StoreRequest } from './testing/store.ts';

const PATIENCE = { interval: 5 };
const never = new AbortController().signal;
const isPut = ({ method }: StoreRequest) => method === 'PUT';

let store: Store;
let other: Store;
let pushes: TestPush[];
beforeEach(async () => {
  [store, other] = await Promise.all([Store.open(), Store.open()]);
  pushes = [];
});
afterEach(async () => {
  for (const { stop, sent } of pushes) {
    stop.abort(new Error('the test is over'));
    await sent;
  }
  await vi.waitFor(() => expect(store.openSockets + other.openSockets).toBe(0), PATIENCE);
  store.close();
  other.close();
});
async function start(...args: Parameters<typeof startPush>): Promise<TestPush> {
  const push = await startPush(...args);
  pushes.push(push);
  return push;
}
const idle = (push: TestPush) => vi.waitFor(() => expect(push.publisher.stats().pendingBytes).toBe(0), PATIENCE);

describe('a redirect', () => {
  it.each([301, 302, 307, 308])('%i is followed with method and body, again and again', async (status) => {
    store.script = ({ url }) => ({ status, headers: { location: `http://127.0.0.1:${other.port}/there${url}` } });
    const push = await start(`${store.url}/live/`);
    const segments = [newSegment(), newSegment()];
    for (const segment of segments) push.write(segment);
    await idle(push);
    const uploads = other.requests.filter(({ method, url }) => method === 'PUT' && url.endsWith('.ts'));
    expect(uploads.map(({ body }) => body.length)).toEqual([1000, 1000]);
    expect(store.requests.filter(({ url }) => url.endsWith('.ts')).length).toBe(2);
    expect(other.text('/there/live/index.m3u8')).toContain('#EXTINF');
    expect(other.connections).toBe(2);
  });

  it('to another host is told no secret', async () => {
    store.script = ({ headers, url }) =>
      headers.authorization === undefined
        ? { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } }
        : { status: 307, headers: { location: `http://127.0.0.1:${other.port}${url}` } };
    const push = await start(`hls://me:secret@127.0.0.1:${store.port}/live/`, { headers: { 'x-api-key': 'secret' } });
    push.write(newSegment());
    await idle(push);
    expect(store.requests.filter(isPut).every(({ headers }) => headers['x-api-key'] === 'secret')).toBe(true);
    expect(other.requests.length).toBe(3);
    for (const { headers } of other.requests) expect(JSON.stringify(headers)).not.toMatch(/secret|authorization|Basic/);
  });

  it('is dialled as what a peer has chosen', async () => {
    const dialled: (boolean | undefined)[] = [];
    const watch = (options: DialOptions) => {
      dialled.push(options.redirected);
      return dial(options);
    };
    store.script = ({ url }) => ({ status: 302, headers: { location: `http://127.0.0.1:${other.port}${url}` } });
    const target = parseHlsTarget(`${store.url}/live/`, defaultDelivery);
    const publisher = new HlsPublisher(target, { dial: watch, connectTimeoutMs: 5000, memory: new TestMemory() });
    await publisher.connect(never);
    expect(dialled).toEqual([false, true]);
    const stop = AbortSignal.abort(new Error('enough'));
    await expect(publisher.send({ open: () => {}, close: () => {} }, stop)).rejects.toThrow('enough');
  });

  it('in a circle ends the attempt', async () => {
    store.script = ({ url }) => ({ status: 302, headers: { location: url } });
    await expect(publisherFor(`${store.url}/live/`).connect(never)).rejects.toMatchObject({ code: 'redirect_loop' });
  });
});

describe('a login', () => {
  const md5 = (text: string) => createHash('md5').update(text).digest('hex');

  it('by Digest is learned with the first question and sent along with every upload, counted', async () => {
    const counts: string[] = [];
    store.script = ({ method, url, headers: { authorization } }) => {
      const field = (name: string) => new RegExp(`\\b${name}="?([^",]+)`).exec(authorization ?? '')?.[1] ?? '';
      const ha1 = md5('me:ingest:secret');
      const response = md5(`${ha1}:n1:${field('nc')}:${field('cnonce')}:auth:${md5(`${method}:${url}`)}`);
      if (authorization === undefined || field('response') !== response) {
        return { status: 401, headers: { 'www-authenticate': 'Digest realm="ingest", nonce="n1", qop="auth"' } };
      }
      counts.push(field('nc'));
      return undefined;
    };
    const push = await start(`hls://me:secret@127.0.0.1:${store.port}/live/`);
    for (let index = 0; index < 2; index++) {
      push.write(newSegment());
      await idle(push);
    }
    expect(counts).toEqual([1, 2, 3, 4, 5].map((count) => count.toString(16).padStart(8, '0')));
    expect(store.requests.length).toBe(6); // none was sent twice but the first
  });

  it('that is wrong ends the attempt before any media has left', async () => {
    store.script = () => ({ status: 401, headers: { 'www-authenticate': 'Digest realm="x", nonce="n", qop="auth"' } });
    const publisher = publisherFor(`hls://me:wrong@127.0.0.1:${store.port}/live/`);
    await expect(publisher.connect(never)).rejects.toMatchObject({ code: 'http_401', detail: '401 Unauthorized' });
    expect(store.requests.length).toBe(2);
  });

  it('is sent to a server that wants none for reading when an upload is refused for lack of it', async () => {
    store.script = ({ method, headers }) =>
      method === 'PUT' && headers.authorization !== `Basic ${Buffer.from('me:secret').toString('base64')}`
        ? { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } }
        : undefined;
    const push = await start(`hls://me:secret@127.0.0.1:${store.port}/live/`);
    push.write(newSegment());
    push.write(newSegment());
    await idle(push);
    expect(store.requests.filter(isPut).length).toBe(1 + 4);
  });
});
