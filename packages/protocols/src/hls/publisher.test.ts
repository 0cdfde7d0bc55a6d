import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parsePlaylist } from './playlist.ts';
import { newSegment, publisherFor, SEGMENT_MS, startPush, TestMemory, type TestPush } from './testing/push.ts';
import { Store, type StoreAnswer, type StoreRequest } from './testing/store.ts';

const PLAYLIST = '/live/index.m3u8';
const PATIENCE = { interval: 5 };
const never = new AbortController().signal;

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
  await vi.waitFor(() => expect(store.openSockets).toBe(0), PATIENCE);
  store.close();
});

async function start(...args: Parameters<typeof startPush>): Promise<TestPush> {
  const push = await startPush(...args);
  pushes.push(push);
  return push;
}
const idle = (push: TestPush) => vi.waitFor(() => expect(push.publisher.stats().pendingBytes).toBe(0), PATIENCE);
/** Writes segments, each when the target has everything of the one before. */
async function deliver(push: TestPush, count: number): Promise<void> {
  for (let written = 0; written < count; written++) {
    push.write(newSegment());
    await idle(push);
  }
}
const listed = (path = PLAYLIST) => parsePlaylist(store.text(path))!;
const isSegment = ({ method, url }: StoreRequest) => method === 'PUT' && url.includes('.ts');
const isPlaylist = ({ method, url }: StoreRequest) => method === 'PUT' && url.includes('.m3u8');
/** Answers as `answer` says as long as it is asked about matching requests `times` times. */
function failing(matches: (request: StoreRequest) => boolean, answer: StoreAnswer, times = 1): void {
  let left = times;
  store.script = (request) => {
    if (!matches(request) || left === 0) return undefined;
    left -= 1;
    return answer;
  };
}

describe('HlsPublisher', () => {
  it('uploads each segment before the playlist that lists it, over two connections that are kept', async () => {
    const push = await start(`${store.url}/live/`);
    await deliver(push, 4);
    push.end('final');
    expect(await push.sent).toBeUndefined();
    const first = Math.floor(Date.now() / SEGMENT_MS);
    const { mediaSequence, segments, isEnded } = listed();
    expect(Math.abs(mediaSequence - first)).toBeLessThan(60);
    expect(isEnded).toBe(true);
    expect(segments.length).toBe(4); // three target durations of a second are more than three segments
    const names = segments.map(({ uri }) => uri);
    expect(names).toEqual([0, 1, 2, 3].map((index) => `1-${mediaSequence + index}.ts`));
    expect(store.log).toEqual([
      `GET ${PLAYLIST}`,
      ...names.flatMap((name) => [`PUT /live/${name}`, `PUT ${PLAYLIST}`]),
      `PUT ${PLAYLIST}`,
    ]);
    expect(store.connections).toBe(2);
    expect(new Set(store.requests.filter(isSegment).map(({ connection }) => connection)).size).toBe(1);
    const [{ headers }] = store.requests.filter(isSegment) as [StoreRequest];
    expect(headers).toMatchObject({ 'content-type': 'video/mp2t', 'content-length': '1000' });
    expect(headers['transfer-encoding']).toBeUndefined();
    expect(store.requests.at(-1)!.headers['content-type']).toBe('application/vnd.apple.mpegurl');
  });

  it('counts what has left, waits and is confirmed', async () => {
    const push = await start(`${store.url}/live/`);
    const { promise, resolve } = Promise.withResolvers<void>();
    store.script = async (request) => {
      if (isSegment(request)) await promise;
      return undefined;
    };
    push.write(newSegment());
    await vi.waitFor(() => expect(store.requests.some(isSegment)).toBe(true), PATIENCE);
    expect(push.publisher.stats()).toMatchObject({ pendingBytes: 1000, confirmedBytes: 0, droppedSamples: 0 });
    expect(push.publisher.stats().bytesSent).toBeGreaterThan(1000);
    resolve();
    await idle(push);
    expect(push.publisher.stats()).toMatchObject({ confirmedBytes: 1000, peer: `127.0.0.1:${store.port}` });
  });

  it('counts every byte when the target closes each connection', async () => {
    store.script = ({ method, url, body }) => {
      if (method === 'PUT') store.files.set(url, body);
      return { status: method === 'PUT' ? 201 : 404, headers: { connection: 'close' } };
    };
    const push = await start(`${store.url}/live/`);
    await deliver(push, 3);
    expect(store.connections).toBe(7);
    expect(push.publisher.stats().bytesSent).toBe(store.bytesReceived);
  });

  it('keeps the playlist to its length, and numbers what leaves it', async () => {
    const push = await start(`${store.url}/live/`, { segmentCount: 3 });
    const segments = Array.from({ length: 7 }, () => newSegment({ durationMs: 1000 }));
    const sequences: number[] = [];
    for (const segment of segments) {
      push.write(segment);
      await idle(push);
      sequences.push(listed().mediaSequence);
    }
    expect(sequences.map((sequence) => sequence - sequences[0]!)).toEqual([0, 0, 0, 1, 2, 3, 4]);
    expect(listed().segments.length).toBe(3);
    expect(listed().targetDurationS).toBe(1);
  });

  it.each([
    ['a fault of the target', { status: 503 }],
    ['a broken connection', 'reset'],
    ['429', { status: 429 }],
    ['408', { status: 408 }],
  ] as const)('tries a segment again after %s, and loses nothing', async (_, answer) => {
    const push = await start(`${store.url}/live/`);
    failing(isSegment, answer, 1);
    await deliver(push, 2);
    expect(store.requests.filter(isSegment).length).toBe(3);
    expect(listed().segments.map(({ isDiscontinuity }) => isDiscontinuity)).toEqual([false, false]);
    expect(push.publisher.stats().droppedSamples).toBe(0);
  });

  it('waits as long as the target asks before it tries again', async () => {
    const push = await start(`${store.url}/live/`);
    failing(isSegment, { status: 503, headers: { 'retry-after': '1' } }, 1);
    push.write(newSegment({ durationMs: 3000 }));
    await idle(push);
    const [first, second] = store.requests.filter(isSegment).map(({ atMs }) => atMs);
    expect(second! - first!).toBeGreaterThanOrEqual(990);
  });

  it('gives a segment up when its time is over, and marks the next one', async () => {
    const push = await start(`${store.url}/live/`);
    await deliver(push, 1);
    store.script = (request) => (isSegment(request) ? { status: 500 } : undefined);
    push.write(newSegment());
    await idle(push);
    store.script = () => undefined;
    await deliver(push, 2);
    const { segments, mediaSequence } = listed();
    expect(segments.map(({ isDiscontinuity }) => isDiscontinuity)).toEqual([false, true, false]);
    expect(push.publisher.stats().droppedSamples).toBe(43);
    // The name of the lost one is not used again: a late copy of it may still arrive.
    expect(segments.map(({ uri }) => uri)).toEqual([0, 2, 3].map((index) => `1-${mediaSequence + index}.ts`));
  });

  it('drops the oldest segments for a target that is too slow', async () => {
    const push = await start(`${store.url}/live/`, { segmentCount: 3 });
    const { promise, resolve } = Promise.withResolvers<void>();
    store.script = async (request) => {
      if (isSegment(request)) await promise;
      return undefined;
    };
    push.write(newSegment());
    await vi.waitFor(() => expect(store.requests.some(isSegment)).toBe(true), PATIENCE);
    for (let index = 1; index < 8; index++) push.write(newSegment());
    expect(push.publisher.stats().pendingBytes).toBe(3000);
    resolve();
    await idle(push);
    const { segments, mediaSequence } = listed();
    const numbers = segments.map(({ uri }) => Number(/-(\d+)/.exec(uri)![1]) - mediaSequence);
    expect(numbers).toEqual([0, 6, 7]);
    expect(segments.map(({ isDiscontinuity }) => isDiscontinuity)).toEqual([false, true, false]);
    expect(push.publisher.stats().droppedSamples).toBe(5 * 43);
  });

  it('lets the newest playlist win', async () => {
    const push = await start(`${store.url}/live/`);
    await deliver(push, 1);
    const { promise, resolve } = Promise.withResolvers<void>();
    let isHeld = true;
    store.script = async (request) => {
      if (!isPlaylist(request) || !isHeld) return undefined;
      isHeld = false;
      await promise;
      return { status: 503 };
    };
    for (let index = 0; index < 3; index++) push.write(newSegment());
    await vi.waitFor(() => expect(store.requests.filter(isSegment).length).toBe(4), PATIENCE);
    const before = store.requests.filter(isPlaylist).length;
    resolve();
    await idle(push);
    expect(store.requests.filter(isPlaylist).length).toBe(before + 1);
    expect(listed().segments.length).toBe(4);
  });

  it.each([
    [400, 'http_4xx'],
    [401, 'http_401'],
    [403, 'http_403'],
    [404, 'http_404'],
  ])('fails when a segment is answered with %i', async (status, code) => {
    const push = await start(`${store.url}/live/`);
    failing(isSegment, { status, body: '<Error><Code>RequestTimeTooSkewed</Code></Error>' });
    push.write(newSegment());
    expect(await push.sent).toMatchObject({ code, detail: expect.stringMatching(/^4\d\d .*, RequestTimeTooSkewed$/) });
    expect(store.requests.filter(isSegment).length).toBe(1);
  });

  it.each([
    ['segment', isSegment],
    ['playlist', isPlaylist],
  ])('fails when no %s has been acknowledged for too long', async (_, isHurt) => {
    const push = await start(`${store.url}/live/`);
    await deliver(push, 1);
    store.script = (request) => (isHurt(request) ? 'reset' : undefined);
    const realNow = performance.now.bind(performance);
    const now = vi.spyOn(performance, 'now').mockImplementation(realNow);
    push.write(newSegment());
    await vi.waitFor(() => expect(store.requests.filter(isHurt).length).toBe(2), PATIENCE);
    now.mockImplementation(() => realNow() + 10_000);
    push.write(newSegment());
    expect(await push.sent).toMatchObject({ code: 'target_closed' });
    now.mockRestore();
  });

  it('makes the folders that are missing', async () => {
    const folders = new Set<string>();
    store.script = ({ method, url }) => {
      if (method === 'MKCOL') folders.add(url);
      if (method === 'MKCOL') return { status: 201 };
      return method === 'PUT' && !folders.has('/a/b/') ? { status: 409 } : undefined;
    };
    const push = await start(`${store.url}/a/b/`);
    await deliver(push, 1);
    expect([...folders]).toEqual(['/a/', '/a/b/']);
    expect(store.requests.filter(({ method }) => method === 'MKCOL').map(({ headers }) => headers)).toEqual([
      expect.not.objectContaining({ 'content-length': expect.anything() }),
      expect.not.objectContaining({ 'transfer-encoding': expect.anything() }),
    ]);
    expect(listed('/a/b/index.m3u8').segments.length).toBe(1);
  });

  it('fails when a folder cannot be made', async () => {
    store.script = ({ method }) => (method === 'PUT' ? { status: 409 } : undefined);
    const push = await start(`${store.url}/live/`);
    push.write(newSegment());
    expect(await push.sent).toMatchObject({ code: 'http_409' });
  });

  it('uses the query for every request and tells it no player', async () => {
    const push = await start(`${store.url}/live/cam.m3u8?token=secret`, { hlsMethod: 'post' });
    await deliver(push, 1);
    expect(store.log.slice(1)).toEqual([
      expect.stringMatching(/^POST \/live\/cam-1-\d+\.ts\?token=secret$/),
      'POST /live/cam.m3u8?token=secret',
    ]);
    expect(store.text('/live/cam.m3u8?token=secret')).not.toContain('secret');
  });

  it('ends with ENDLIST only when the publication is over', async () => {
    const push = await start(`${store.url}/live/`);
    await deliver(push, 1);
    push.end('handover');
    expect(await push.sent).toBeUndefined();
    expect(listed().isEnded).toBe(false);
    expect(store.log.filter((line) => line.startsWith('DELETE'))).toEqual([]);
  });

  it('brings what it has to the target before a hand-over, since nobody else has it', async () => {
    const push = await start(`${store.url}/live/`);
    const { promise, resolve } = Promise.withResolvers<void>();
    store.script = async (request) => {
      if (isSegment(request)) await promise;
      return undefined;
    };
    for (let index = 0; index < 3; index++) push.write(newSegment());
    await vi.waitFor(() => expect(store.requests.some(isSegment)).toBe(true), PATIENCE);
    push.end('handover');
    resolve();
    expect(await push.sent).toBeUndefined();
    expect(listed().segments.length).toBe(3);
  });

  it('says goodbye within a second to a target that is silent', async () => {
    const push = await start(`${store.url}/live/`);
    await deliver(push, 1);
    store.script = () => 'silence';
    push.write(newSegment());
    await vi.waitFor(() => expect(store.requests.filter(isSegment).length).toBe(2), PATIENCE);
    const since = performance.now();
    push.end('final');
    expect(await push.sent).toBeUndefined();
    expect(performance.now() - since).toBeLessThan(4_000); // a silent target is waited for much longer otherwise
  });

  it('stops at once when it is aborted', async () => {
    const push = await start(`${store.url}/live/`);
    store.script = () => 'silence';
    push.write(newSegment());
    await vi.waitFor(() => expect(store.requests.some(isSegment)).toBe(true), PATIENCE);
    const since = performance.now();
    push.stop.abort(new Error('enough'));
    expect(await push.sent).toMatchObject({ message: 'enough' });
    expect(performance.now() - since).toBeLessThan(1_000);
  });

  it('is refused a connection', async () => {
    const publisher = publisherFor('hls://127.0.0.1:1/live/');
    await expect(publisher.connect(never)).rejects.toMatchObject({ code: 'connect_refused' });
  });

  it('waits no longer than connect_timeout', async () => {
    store.script = () => 'silence';
    const publisher = publisherFor(`${store.url}/live/`, {}, new TestMemory(), 100);
    await expect(publisher.connect(never)).rejects.toMatchObject({ code: 'connect_timeout', detail: 'no answer' });
  });

  it('is told at once that a login is missing', async () => {
    store.script = () => ({ status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } });
    await expect(publisherFor(`${store.url}/live/`).connect(never)).rejects.toMatchObject({ code: 'http_401' });
  });
});

describe('deleting', () => {
  const deletes = () => store.requests.filter(({ method }) => method === 'DELETE');
  let nowMs: number;
  beforeEach(() => {
    nowMs = Date.now();
    vi.spyOn(Date, 'now').mockImplementation(() => nowMs);
  });
  afterEach(() => vi.restoreAllMocks());

  it('removes segments when no player can want them any more, with neither body nor length', async () => {
    const push = await start(`${store.url}/live/`, { segmentCount: 3 });
    const write = async () => {
      push.write(newSegment({ durationMs: 1000 }));
      await idle(push);
    };
    for (let index = 0; index < 4; index++) await write(); // the first one leaves the playlist
    const gone = store.requests.filter(isSegment)[0]!.url;
    nowMs += 6000; // the playlist is 3 s long and was 4 s
    await write();
    expect(deletes()).toEqual([]);
    nowMs += 1000;
    await write();
    await vi.waitFor(() => expect(deletes().map(({ url }) => url)).toEqual([gone]), PATIENCE);
    expect(deletes()[0]!.headers).not.toHaveProperty('content-length');
    expect(deletes()[0]!.headers).not.toHaveProperty('transfer-encoding');
  });

  it('spares what others have put there', async () => {
    const theirs = ['../secret.ts', 'http://127.0.0.1/x.ts', 'theirs.ts'].flatMap((uri) => ['#EXTINF:1,', uri]);
    store.files.set(PLAYLIST, Buffer.from(['#EXTM3U', '#EXT-X-TARGETDURATION:1', ...theirs, ''].join('\n')));
    const push = await start(`${store.url}/live/`, { segmentCount: 3 });
    for (let index = 0; index < 12; index++) {
      push.write(newSegment({ durationMs: 1000 }));
      await idle(push);
      nowMs += 4000;
    }
    await vi.waitFor(() => expect(deletes().length).toBeGreaterThan(3), PATIENCE);
    for (const { url } of deletes()) expect(url).toMatch(/^\/live\/1-\d+\.ts$/);
  });

  it('is given up when the target does not do such things', async () => {
    const push = await start(`${store.url}/live/`, { segmentCount: 3 });
    store.script = ({ method }) => (method === 'DELETE' ? { status: 405 } : undefined);
    for (let index = 0; index < 9; index++) {
      push.write(newSegment({ durationMs: 1000 }));
      await idle(push);
      nowMs += 4000;
    }
    expect(deletes().length).toBe(1);
  });

  it('is left out when the push says so', async () => {
    const push = await start(`${store.url}/live/`, { segmentCount: 3, hlsDelete: false });
    for (let index = 0; index < 9; index++) {
      push.write(newSegment({ durationMs: 1000 }));
      await idle(push);
      nowMs += 4000;
    }
    expect(deletes()).toEqual([]);
  });
});
