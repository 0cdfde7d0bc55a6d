import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { readClip, SYNC_CLIP } from '../container/flv/testing/clip.ts';
import type { HttpPlayOptions } from '../http/play.ts';
import { type RawPeer, type RawServer, response, startRawServer } from '../http/testing/raw-server.ts';
import type { Sample } from '../media/sample.ts';
import type { Track } from '../media/track.ts';
import { dial } from '../publisher/testing/dial.ts';
import { freePort } from '../publisher/testing/ports.ts';
import { run } from '../publisher/testing/programs.ts';
import { playTsHttp } from './player.ts';
import { parseTsHttpUrl } from './target.ts';

const never = new AbortController().signal;

/** What `url` plays. `ended` settles as the player does. */
function play(url: string, options: Partial<HttpPlayOptions> = {}) {
  const samples: Sample[] = [];
  let tracks: readonly Track[] = [];
  const events = {
    tracks: (list: readonly Track[]) => {
      tracks = list;
    },
    sample: (sample: Sample) => samples.push(sample),
  };
  const ended = playTsHttp({ target: parseTsHttpUrl(url), dial, events, signal: never, ...options });
  return { samples, tracks: () => tracks, ended };
}

const countOf = (samples: readonly Sample[], kind: Track['kind']) =>
  samples.filter(({ track }) => track.kind === kind).length;

let directory: string;
let clip: Buffer;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tshttp-player-'));
  const file = join(directory, 'clip.ts');
  await run('ffmpeg', '-v', 'error', '-i', SYNC_CLIP, '-c', 'copy', '-f', 'mpegts', file);
  clip = readFileSync(file);
});
afterAll(() => rm(directory, { recursive: true }));

describe('playTsHttp and ffmpeg as a server', () => {
  it('gets every picture and every sound', async () => {
    const url = `http://127.0.0.1:${await freePort()}/live.ts`;
    const args = ['-v', 'error', '-i', SYNC_CLIP, '-c', 'copy', '-f', 'mpegts', '-listen', '1', url];
    const exited = once(spawn('ffmpeg', args, { stdio: 'ignore' }), 'exit');
    const { samples, tracks } = await vi.waitFor(async () => {
      const played = play(url);
      await played.ended;
      return played;
    });
    await exited;
    const source = readClip(SYNC_CLIP).samples;
    expect(tracks().map(({ codec }) => codec)).toEqual(['h264', 'aac']);
    for (const kind of ['video', 'audio'] as const) expect(countOf(samples, kind)).toBe(countOf(source, kind));
  });
});

describe('playTsHttp', () => {
  let server: RawServer;
  afterEach(async () => {
    await vi.waitFor(() => expect(server.openSockets()).toBe(0));
    server.stop();
  });
  async function start(script: (peer: RawPeer, round: number) => void): Promise<string> {
    server = await startRawServer((peer, round) => {
      peer.socket.on('end', () => peer.socket.end());
      script(peer, round);
    });
    return `tshttp://127.0.0.1:${server.port}/s?key=a%2Fb`;
  }
  const bodyOf = (bytes: Buffer) => bytes.toString('latin1');

  it.each([
    ['video/mp2t', 'HTTP/1.1 200 OK\r\nContent-Type: video/mp2t'],
    ['something else', 'HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream'],
    ['a type not named', 'HTTP/1.0 200 OK'],
    ['radio', 'ICY 200 OK\r\nicy-name: x'],
  ])('reads a body called %s until the connection ends', async (_, head) => {
    const url = await start(({ say, socket }) => {
      say(`${head}\r\n\r\n${bodyOf(clip)}`);
      socket.end();
    });
    const { samples, ended } = play(url);
    await ended;
    expect([countOf(samples, 'video'), countOf(samples, 'audio')]).toEqual([500, 939]);
    expect(server.peers[0]!.head).toMatch(/^GET \/s\?key=a%2Fb HTTP\/1\.1\r\n/);
  });

  it('follows a redirect and reads chunks', async () => {
    const url = await start(({ say }, round) => {
      if (round === 0) say(response('302 Found', 'Location: /edge'));
      else {
        const chunk = `${clip.length.toString(16)}\r\n${bodyOf(clip)}\r\n0\r\n\r\n`;
        say(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`);
      }
    });
    const { samples, ended } = play(url);
    await ended;
    expect(countOf(samples, 'video')).toBe(500);
  });

  it('says that a stream was cut off', async () => {
    const url = await start(({ say, socket }) => {
      say(`HTTP/1.1 200 OK\r\nContent-Length: ${clip.length}\r\n\r\n${bodyOf(clip.subarray(0, 100_000))}`);
      socket.end();
    });
    await expect(play(url).ended).rejects.toMatchObject({ code: 'source_lost' });
  });

  it('gives up a server that accepts and sends no media', async () => {
    const url = await start(({ say }) => say('HTTP/1.1 200 OK\r\n\r\n'));
    await expect(play(url, { firstMediaTimeoutMs: 100 }).ended).rejects.toMatchObject({
      code: 'source_lost',
      detail: 'no media within 100 ms',
    });
  });

  it('gives up a server that sends something else', async () => {
    const url = await start(({ say }) => say(`HTTP/1.1 200 OK\r\n\r\n${'<p>no stream here</p>'.repeat(20_000)}`));
    const { ended } = play(url, { firstMediaTimeoutMs: 500 });
    await expect(ended).rejects.toMatchObject({ name: 'PublishError' });
  });

  it.each([
    ['404 Not Found', 'http_404'],
    ['403 Forbidden', 'http_403'],
  ])('is refused with %s', async (status, code) => {
    const url = await start(({ say }) => say(response(status)));
    await expect(play(url).ended).rejects.toMatchObject({ code });
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const url = await start(({ say }) => say(`HTTP/1.1 200 OK\r\n\r\n${bodyOf(clip)}`));
    const { samples, ended } = play(url, { signal: stop.signal });
    await vi.waitFor(() => expect(samples.length).toBeGreaterThan(100));
    stop.abort(new Error('enough'));
    await expect(ended).rejects.toThrow('enough');
  });
});
