import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MediaFolder } from './file/testing/media-tools.ts';
import { HttpPublisher } from './testing/http-publisher.ts';
import { IngestKit } from './testing/ingest-kit.ts';

let kit: IngestKit;
let folder: MediaFolder;
let ts: Buffer;
beforeAll(() => {
  folder = new MediaFolder();
  ts = readFileSync(folder.make('clip.ts', '-i INPUT -t 3 -c copy -f mpegts'));
});
afterAll(() => folder[Symbol.dispose]());
beforeEach(async () => {
  kit = new IngestKit();
  await kit.listen();
  kit.want('studio');
});
afterEach(() => kit.close());

/** Somebody publishes 3 s of media, and stays. */
async function onAir(): Promise<HttpPublisher> {
  const publisher = new HttpPublisher(`${kit.url}/studio/mpegts`);
  publisher.write(ts);
  await expect.poll(() => kit.hubs.isLive('studio')).toBe(true);
  return publisher;
}

const get = (path: string, options: RequestInit = {}) => fetch(`${kit.url}${path}`, { redirect: 'manual', ...options });

/** All that comes until the worker ends. */
const bodyOf = async (response: Response) => Buffer.from(await response.arrayBuffer());

describe.each([
  ['mpegts', 'video/mp2t'],
  ['m4s', 'video/mp4'],
])('a player of /NAME/%s', (format, contentType) => {
  it('gets the stream from the kept group of pictures on, in chunks that anybody can read', async () => {
    await onAir();
    const response = await get(`/live/studio/${format}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(contentType);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    const body = bodyOf(response);
    await kit.ingest.close(); // the last chunk, and an end in order
    const file = folder.file(`played.${format}`);
    writeFileSync(file, await body);
    const run = promisify(execFile);
    const { stderr } = await run('ffmpeg', ['-v', 'error', '-xerror', '-i', file, '-f', 'null', '-']);
    expect(stderr).toBe('');
    const entries = ['-count_frames', '-show_entries', 'stream=codec_name,nb_read_frames', '-of', 'csv=p=0'];
    const { stdout } = await run('ffprobe', ['-v', 'error', ...entries, file]);
    // The last second, for there is a sync sample at 2 s; of it, what does not wait for samples that are still to come.
    expect(Number(/h264,(\d+)/.exec(stdout)?.[1])).toBeGreaterThanOrEqual(15);
    expect(Number(/aac,(\d+)/.exec(stdout)?.[1])).toBeGreaterThanOrEqual(28);
  });

  it('is let go when it hangs up', async () => {
    const publisher = await onAir();
    const gone = new AbortController();
    const response = await get(`/studio/${format}`, { signal: gone.signal });
    publisher.end();
    await publisher.answer;
    expect(kit.hubs.names).toContain('studio'); // the player keeps it
    gone.abort();
    await expect(response.arrayBuffer()).rejects.toThrow();
    await expect.poll(() => kit.hubs.names).not.toContain('studio');
  });
});

describe('a player', () => {
  it.each([
    ['of a stream that does not exist', '/nobody/mpegts', 404, 'stream_unknown'],
    ['that names no format', '/studio', 404, 'not_found'],
  ])('%s is told so', async (_who, path, status, code) => {
    const response = await get(path);
    expect(response.status).toBe(status);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(await response.json()).toMatchObject({ code });
  });

  it('of a stream that nobody sends is told so after some seconds', async () => {
    const response = await get('/studio/m4s');
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: 'not_live', detail: 'studio is not live' });
    await expect.poll(() => kit.hubs.names).toEqual([]);
  });

  it('may ask for the head alone', async () => {
    const publisher = await onAir();
    const response = await get('/studio/mpegts', { method: 'HEAD' });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'video/mp2t']);
    expect(await response.text()).toBe('');
    publisher.end();
    await publisher.answer;
    await expect.poll(() => kit.hubs.names).toEqual([]);
  });

  it('in a page of another origin may ask whether it may', async () => {
    const response = await get('/studio/m4s', { method: 'OPTIONS' });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('access-control-allow-methods')).toContain('GET');
  });

  it('that speaks HTTP/1.0 is told to speak HTTP/1.1', async () => {
    await onAir();
    const socket = connect(Number(new URL(kit.url).port), '127.0.0.1');
    let answer = '';
    socket.on('data', (text) => {
      answer += text;
    });
    socket.write('GET /studio/mpegts HTTP/1.0\r\n\r\n');
    await once(socket, 'close');
    expect(answer).toMatch(/^HTTP\/1\.1 505 /);
    expect(answer).toContain('proxy_http_version 1.1');
  });

  it('is sent to the worker that has the stream, unless it is live here as well', async () => {
    kit.hold('studio', '192.0.2.2:8081');
    const response = await get('/studio/mpegts?x=1');
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe('http://192.0.2.2:8081/studio/mpegts?x=1');
    kit.holders.clear();
    await onAir();
    kit.hold('studio', '192.0.2.2:8081');
    const head = await get('/studio/mpegts', { method: 'HEAD' });
    expect(head.status).toBe(200);
  });

  it('is sent on by a worker that is being drained, unless the stream is published right here', async () => {
    kit.draining = true;
    kit.peers = ['192.0.2.3:8081'];
    expect((await get('/studio/m4s')).headers.get('location')).toBe('http://192.0.2.3:8081/studio/m4s');
    kit.draining = false;
    await onAir();
    kit.draining = true;
    expect((await get('/studio/m4s', { method: 'HEAD' })).status).toBe(200);
  });
});
