import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultDelivery, protocolFor } from '@pushfleet/protocols';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ConformancePeer } from '../conformance/peer.ts';
import { ConformanceStream } from '../conformance/session.ts';
import { groupsOfPictures, type Media, readClip } from '../conformance/source.ts';
import { type ApacheDav, startApacheDav } from '../harness/apache-dav.ts';
import { decodeErrors, frameCount, monotonic } from '../harness/media-judges.ts';
import { type LoggedRequest, type NginxDav, startNginxDav } from '../harness/nginx-dav.ts';
import { until } from '../harness/until.ts';

/** Of the clip: groups of 2 s, of which the last one is not complete when the stream ends. */
const COMPLETE_SEGMENTS = 7;
const FRAMES_PER_SEGMENT = 50;

let directory: string;
let clip: Media;
let nginx: NginxDav;
let apache: ApacheDav;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pushfleet-hls-push-'));
  [clip, nginx, apache] = await Promise.all([readClip(directory), startNginxDav(), startApacheDav()]);
});
afterAll(async () => {
  await Promise.all([nginx.stop(), apache.stop()]);
  await rm(directory, { recursive: true });
});

function newStream(segmentCount = 10): ConformanceStream {
  const delivery = { ...defaultDelivery, segmentDurationMs: 2000, segmentCount };
  const protocol = protocolFor('hls://')!;
  return new ConformanceStream({ protocol, delivery } as ConformancePeer, clip.tracks);
}

/** Reads a playlist over and over; each time that it has changed, everything that it lists has to be there. */
class PlaylistWatch {
  /** Segments that were listed, and for each the status with which it was answered as soon as it was. */
  readonly statuses = new Map<string, number>();
  readonly sequences: number[] = [];
  readonly #url: string;
  readonly #done: Promise<void>;
  #isOver = false;

  constructor(url: string) {
    this.#url = url;
    this.#done = this.#watch();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#done;
  }

  async #watch(): Promise<void> {
    let last = '';
    while (!this.#isOver) {
      const answer = await request(this.#url);
      const text = await answer.body.text();
      if (answer.statusCode === 200 && text !== last) await this.#check(text);
      last = text;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  async #check(text: string): Promise<void> {
    this.sequences.push(Number(/^#EXT-X-MEDIA-SEQUENCE:(\d+)$/m.exec(text)![1]));
    for (const [uri] of text.matchAll(/^[^#\s].*$/gm)) {
      const answer = await request(new URL(uri, this.#url), { method: 'HEAD' });
      await answer.body.dump();
      this.statuses.set(uri, answer.statusCode);
    }
  }
}

describe.each(['full', 'strict'])('nginx with DAV, location %s', (location) => {
  it('has every segment when it is listed, and serves what ffmpeg plays without a complaint', async () => {
    const folder = `${location}/a/b`;
    const playlist = `${nginx.url}/${folder}/index.m3u8`;
    const stream = newStream();
    const watch = new PlaylistWatch(playlist);
    const { sent } = await stream.push(`hls://127.0.0.1:${nginx.port}/${folder}/`);
    await stream.appendPaced(groupsOfPictures(clip));
    stream.end();
    expect(await sent).toBe('ended');
    const files = await nginx.files(folder);
    expect(files.filter((name) => name.endsWith('.ts')).length).toBe(COMPLETE_SEGMENTS);
    await until(() => watch.statuses.size === COMPLETE_SEGMENTS, { what: 'the watch to see the last playlist' });
    await watch.stop();
    await stream.close();
    expect(new Set(watch.statuses.values())).toEqual(new Set([200]));
    expect(watch.sequences).toEqual(watch.sequences.toSorted((a, b) => a - b));
    expect(await decodeErrors(playlist)).toEqual([]);
    expect((await frameCount(playlist)).video).toBe(COMPLETE_SEGMENTS * FRAMES_PER_SEGMENT);
    expect((await monotonic(playlist)).map(({ nonMonotonic }) => nonMonotonic)).toEqual([0, 0]);
    const writes = (await nginx.writes()).filter(({ path }) => path.startsWith(`/${location}`));
    const made = writes.filter(({ method }) => method === 'MKCOL').map(({ path }) => path);
    expect(made).toEqual(location === 'full' ? [] : ['/strict/', '/strict/a/', '/strict/a/b/']);
    const refused = writes
      .filter(({ method, status }) => method === 'PUT' && status >= 400)
      .map(({ status }) => status);
    expect(refused).toEqual(location === 'full' ? [] : [500]); // RFC 4918 wants 409
  });
});

it('nginx loses the segments that no playlist lists any more', async () => {
  const stream = newStream(3);
  const { sent } = await stream.push(`hls://127.0.0.1:${nginx.port}/full/deleted/`);
  const groups = groupsOfPictures(clip);
  await stream.appendPaced(groups);
  const deletes = async () => (await nginx.writes()).filter(({ method }) => method === 'DELETE');
  expect(await deletes()).toEqual([]);
  const later = Date.now() + 60_000;
  const clock = vi.spyOn(Date, 'now').mockReturnValue(later);
  await stream.appendPaced(groups.slice(0, 2));
  await until(async () => (await deletes()).length > 0, { what: 'old segments to be deleted' });
  clock.mockRestore();
  stream.end();
  expect(await sent).toBe('ended');
  await stream.close();
  const deleted = await deletes();
  expect(new Set(deleted.map(({ status }) => status))).toEqual(new Set([204]));
  const files = await nginx.files('full/deleted');
  for (const { path } of deleted) expect(files).not.toContain(path.split('/').at(-1));
  expect(await decodeErrors(`${nginx.url}/full/deleted/index.m3u8`)).toEqual([]);
});

it('Apache behind Digest gets every segment once, in folders that were made for them', async () => {
  const stream = newStream();
  const { sent } = await stream.push(`hls://${apache.authority}/dav/live/cam/`);
  await stream.appendPaced(groupsOfPictures(clip));
  stream.end();
  expect(await sent).toBe('ended');
  await stream.close();
  const files = await apache.files('live/cam');
  expect(files.filter((name) => name.endsWith('.ts')).length).toBe(COMPLETE_SEGMENTS);
  const isSegment = ({ method, path }: LoggedRequest) => method === 'PUT' && path.endsWith('.ts');
  // A server writes down what it has answered already.
  const requests = await until(
    async () => {
      const logged = await apache.requests();
      return logged.filter(isSegment).length > COMPLETE_SEGMENTS && logged;
    },
    { what: 'all segments in the log' },
  );
  expect(requests.filter(({ status }) => status === 401).map(({ method }) => method)).toEqual(['GET']);
  const uploads = requests.filter(isSegment);
  expect(uploads.map(({ status }) => status)).toEqual([409, ...Array.from({ length: COMPLETE_SEGMENTS }, () => 201)]);
  const playlist = `http://${apache.authority}/dav/live/cam/index.m3u8`;
  expect(await decodeErrors(playlist)).toEqual([]);
  expect((await frameCount(playlist)).video).toBe(COMPLETE_SEGMENTS * FRAMES_PER_SEGMENT);
});
