import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MediaFolder } from './file/testing/media-tools.ts';
import { HttpPublisher } from './testing/http-publisher.ts';
import { IngestKit } from './testing/ingest-kit.ts';

const FRAGMENTED = '-movflags +empty_moov+default_base_moof -frag_duration 200000 -f mp4';

let kit: IngestKit;
let folder: MediaFolder;
let ts: Buffer;
let m4s: Buffer;
beforeAll(() => {
  folder = new MediaFolder();
  ts = readFileSync(folder.make('clip.ts', '-i INPUT -t 4 -c copy -f mpegts'));
  m4s = readFileSync(folder.make('clip.mp4', `-i INPUT -t 4 -c copy ${FRAGMENTED}`));
});
afterAll(() => folder[Symbol.dispose]());
beforeEach(async () => {
  kit = new IngestKit();
  await kit.listen();
  kit.want('studio');
});
afterEach(() => kit.close());

const publish = (path: string) => new HttpPublisher(`${kit.url}${path}`);

/** Sends a whole body. */
async function send(path: string, ...parts: Buffer[]) {
  const publisher = publish(path);
  await publisher.isWanted;
  for (const part of parts) publisher.write(part);
  publisher.end();
  return publisher.answer;
}

/** The boxes of a file, by type. */
function boxes(file: Buffer): { type: string; bytes: Buffer }[] {
  const found = [];
  for (let at = 0; at < file.length; at += file.readUInt32BE(at)) {
    found.push({ type: file.toString('latin1', at + 4, at + 8), bytes: file.subarray(at, at + file.readUInt32BE(at)) });
  }
  return found;
}

describe('the body of a publication', () => {
  it.each([
    ['MPEG-TS at /NAME/mpegts', '/studio/mpegts', () => ts],
    ['fragmented MP4 at /NAME/m4s', '/studio/m4s', () => m4s],
    ['fragmented MP4 at the bare name', '/studio', () => m4s],
  ])('is %s, in portions of any size', async (_what, path, media) => {
    const lease = kit.hubs.acquire('studio');
    const portions = [1, 7, 500, 3_000, Number.POSITIVE_INFINITY].map((end, index, ends) =>
      media().subarray(ends[index - 1] ?? 0, end),
    );
    const { status, body } = await send(path, ...portions);
    expect(status).toBe(200);
    expect(body).toMatchObject({ bytes: media().length });
    expect((body as { lastDts: number }).lastDts).toBeGreaterThan(3_800);
    expect(lease.hub.silentMs).toBeLessThan(1_000);
    lease.release();
  });

  it('feeds the stream while it comes', async () => {
    const lease = kit.hubs.acquire('studio');
    const publisher = publish('/studio/mpegts');
    publisher.write(ts);
    await expect.poll(() => lease.hub.live).toBe(true);
    publisher.end();
    await publisher.answer;
    expect(lease.hub.live).toBe(false);
    lease.release();
  });

  it('of fragmented MP4 says itself whether the stream is over', async () => {
    const last = Buffer.from('00000014 73747970 6c6d7367 00000000 6c6d7367'.replaceAll(' ', ''), 'hex'); // styp lmsg
    expect((await send('/studio/m4s', m4s)).body).toMatchObject({ status: 'interrupted' });
    expect((await send('/studio/m4s', m4s, last)).body).toMatchObject({ status: 'ended' });
    expect((await send('/studio/mpegts', ts)).body).toMatchObject({ status: 'ended' });
  });

  it.each([
    ['that is no MPEG-TS', '/studio/mpegts', () => Buffer.alloc(65_537, 'not a packet. '), 415, 'media_unknown'],
    ['that ends before it is MPEG-TS', '/studio/mpegts', () => Buffer.from('hello'), 415, 'media_unknown'],
    ['that is no MP4', '/studio/m4s', () => ts, 415, 'media_unknown'],
    [
      'without initialization segment',
      '/studio/m4s',
      () => Buffer.concat(boxes(m4s).flatMap(({ type, bytes }) => (/^m(oof|dat)$/.test(type) ? [bytes] : []))),
      412,
      'header_missing',
    ],
    [
      'with a header beyond measure',
      '/studio/m4s',
      () => Buffer.concat([boxes(m4s)[0]!.bytes, Buffer.from('40000000', 'hex'), Buffer.from('moov')]),
      413,
      'media_too_large',
    ],
    [
      'that breaks the rules',
      '/studio/m4s',
      () => Buffer.concat([boxes(m4s)[0]!.bytes, Buffer.from('00000004', 'hex'), Buffer.from('moov')]),
      400,
      'malformed_media',
    ],
  ])('%s is refused', async (_what, path, media, status, code) => {
    const answer = await send(path, media());
    expect(answer).toMatchObject({ status, body: { status, code } });
    await expect.poll(() => kit.claimed.size).toBe(0);
  });

  it('without media is refused after a while', async () => {
    const answer = await publish('/studio/mpegts').answer;
    expect(answer).toMatchObject({ status: 408, body: { code: 'publisher_silent', detail: 'no media for 1000 ms' } });
    await expect.poll(() => kit.claimed.size).toBe(0);
  });

  it('may go on without media as long as fragmented MP4 says that it is there', async () => {
    const free = Buffer.from('0000000866726565', 'hex');
    const publisher = publish('/studio/m4s');
    await publisher.isWanted;
    publisher.write(m4s);
    const since = performance.now();
    const keepAlive = setInterval(() => publisher.write(free), 200);
    await expect.poll(() => performance.now() - since).toBeGreaterThan(2_000);
    expect(kit.claimed).toContain('studio');
    clearInterval(keepAlive);
    expect((await publisher.answer).status).toBe(408);
  });
});
