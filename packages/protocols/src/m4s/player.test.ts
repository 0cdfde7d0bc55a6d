import { afterEach, describe, expect, it, vi } from 'vitest';
import { readClip, SYNC_CLIP } from '../container/flv/testing/clip.ts';
import { mux } from '../container/fmp4/testing/clips.ts';
import { chunkOf, LAST_CHUNK } from '../http/chunk.ts';
import type { HttpPlayOptions } from '../http/play.ts';
import { type RawPeer, type RawServer, response, startRawServer } from '../http/testing/raw-server.ts';
import type { Sample } from '../media/sample.ts';
import { Channel } from '../packager/channel.ts';
import { PublishError } from '../publisher/errors.ts';
import { dial } from '../publisher/testing/dial.ts';
import { m4sWireFormat } from './packager.ts';
import { playM4s } from './player.ts';
import { parseM4sUrl } from './target.ts';

const never = new AbortController().signal;
const clip = readClip(SYNC_CLIP);
const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nTransfer-Encoding: chunked\r\n\r\n';

describe('playM4s', () => {
  let server: RawServer;
  afterEach(async () => {
    await vi.waitFor(() => expect(server.openSockets()).toBe(0));
    server.stop();
  });
  const samples: Sample[] = [];
  async function play(script: (peer: RawPeer) => void, options: Partial<HttpPlayOptions> = {}): Promise<void> {
    samples.length = 0;
    server = await startRawServer((peer) => {
      peer.socket.on('end', () => peer.socket.end());
      script(peer);
    });
    const target = parseM4sUrl(`m4s://127.0.0.1:${server.port}/live/m4s?token=a%2Fb`, { 'X-Key': 'k' });
    const events = { tracks: () => {}, sample: (sample: Sample) => samples.push(sample) };
    return playM4s({ target, dial, events, signal: never, ...options });
  }

  it('gets all that a stream writes to a response, until it ends', async () => {
    await play(({ say, socket }) => {
      say(HEAD);
      const channel = new Channel(m4sWireFormat(), clip.tracks);
      const sink = {
        write: (bytes: Buffer) => socket.write(bytes),
        end: () => socket.write(LAST_CHUNK),
        pendingBytes: 0,
      };
      channel.openFeed().open(sink);
      for (const sample of clip.samples) channel.append(sample, 0);
      channel.end();
    });
    const sent = clip.samples.slice(clip.samples.findIndex(({ track }) => track.kind === 'video'));
    expect(samples.map(({ data }) => data.length).sort()).toEqual(sent.map(({ data }) => data.length).sort());
    expect(server.peers[0]!.head).toMatch(/^GET \/live\/m4s\?token=a%2Fb HTTP\/1\.1\r\n/);
    expect(server.peers[0]!.head).toContain('X-Key: k\r\n');
  });

  it('gives up a server that says nothing', async () => {
    const silent = play(({ say }) => say(HEAD), { firstMediaTimeoutMs: 50 });
    await expect(silent).rejects.toMatchObject({ code: 'source_lost', detail: 'no media within 50 ms' });
  });

  it('calls a response that is cut off a lost source', async () => {
    const cut = play(({ say, socket }) => {
      say(HEAD);
      socket.end(chunkOf(mux(clip)));
    });
    await expect(cut).rejects.toMatchObject({ code: 'source_lost' });
    expect(samples.length).toBe(clip.samples.length);
  });

  it('takes no other container', async () => {
    const other = play(({ say }) => say(`${HEAD}4\r\nFLV\x01\r\n8\r\n\x05\0\0\0\x09\0\0\0\r\n`));
    await expect(other).rejects.toMatchObject({ code: 'protocol_violation' });
  });

  it('passes on what a server answers', async () => {
    const missing = play(({ say, socket }) => {
      say(response('404 Not Found'));
      socket.end();
    });
    await expect(missing).rejects.toBeInstanceOf(PublishError);
    await expect(missing).rejects.toMatchObject({ code: 'http_404' });
  });

  it('ends with the reason of the signal, and leaves nothing', async () => {
    const stop = new AbortController();
    const playing = play(
      ({ socket, say }) => {
        say(HEAD);
        socket.write(chunkOf(mux(clip)));
        setImmediate(() => stop.abort(new Error('enough')));
      },
      { signal: stop.signal },
    );
    await expect(playing).rejects.toThrow('enough');
  });
});
