import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Clip, readClip, SYNC_CLIP } from '../container/flv/testing/clip.ts';
import { type RawPeer, type RawServer, response, startRawServer } from '../http/testing/raw-server.ts';
import { Channel } from '../packager/channel.ts';
import { defaultDelivery } from '../publisher/delivery.ts';
import type { BatchFeed, Dial, Publisher, PublisherDeps } from '../publisher/publisher.ts';
import { dial } from '../publisher/testing/dial.ts';
import { freePort } from '../publisher/testing/ports.ts';
import { complaintsAbout, packetsOf, run } from '../publisher/testing/programs.ts';
import { tshttpProtocol } from './index.ts';

const never = new AbortController().signal;
const idleFeed: BatchFeed = { open: () => {}, close: () => {} };
const memory: PublisherDeps['memory'] = {
  id: 'push',
  nextEpoch: async () => 1,
  load: async () => undefined,
  save: async () => true,
};

function publisherFor(url: string, options: { dial?: Dial; headers?: Record<string, string> } = {}): Publisher {
  const target = tshttpProtocol.parseTarget(url, { ...defaultDelivery, headers: options.headers ?? {} });
  return tshttpProtocol.createPublisher(target, { dial, connectTimeoutMs: 5000, memory, ...options });
}

/** Sends a whole clip as fast as the targets take it, through one channel. */
async function pushClip({ tracks, samples }: Clip, ...publishers: Publisher[]): Promise<void> {
  const channel = new Channel(publishers[0]!.wireFormat, tracks);
  const sent = publishers.map((publisher) => publisher.send(channel.openFeed({ maxPendingBytes: 1 << 30 }), never));
  for (const sample of samples) channel.append(sample, 0);
  const pending = () => publishers.map((publisher) => publisher.stats().pendingBytes);
  await vi.waitFor(() => expect(pending()).toEqual(publishers.map(() => 0))); // the goodbye has a deadline
  channel.end();
  await Promise.all(sent);
}

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tshttp-publisher-'));
});
afterAll(() => rm(directory, { recursive: true }));

describe('a tshttp publisher and ffmpeg as a server', () => {
  /** Takes one connection only, so nobody can look beforehand whether it listens. */
  async function listen(file: string): Promise<{ publisher: Publisher; exited: Promise<unknown> }> {
    const address = `127.0.0.1:${await freePort()}/live/mpegts`;
    const args = ['-v', 'error', '-y', '-listen', '1', '-f', 'mpegts', '-i', `http://${address}`, '-c', 'copy', file];
    const exited = once(spawn('ffmpeg', args, { stdio: 'ignore' }), 'exit');
    const publisher = await vi.waitFor(async () => {
      const attempt = publisherFor(`tshttp://${address}`);
      await attempt.connect(never);
      return attempt;
    });
    return { publisher, exited };
  }

  it('delivers every picture and every sound', async () => {
    const file = join(directory, 'whole.ts');
    const { publisher, exited } = await listen(file);
    await pushClip(readClip(SYNC_CLIP), publisher);
    await exited;
    const packets = await packetsOf(file);
    expect(['0,', '1,'].map((stream) => packets.filter((packet) => packet.startsWith(stream)).length)).toEqual([
      500, 939,
    ]);
    expect(await complaintsAbout(file)).toBe('');
  });

  it('delivers pictures of more than a megabyte', async () => {
    const [source, file] = [join(directory, 'noise.flv'), join(directory, 'noise.ts')];
    const noise = ['-f', 'lavfi', '-i', 'testsrc2=s=1920x1080:r=25,noise=alls=100:allf=t', '-t', '0.4'];
    const sound = ['-f', 'lavfi', '-i', 'sine=r=48000', '-t', '0.4'];
    const codecs = ['-c:v', 'libx264', '-preset', 'ultrafast', '-qp', '20', '-g', '5', '-c:a', 'aac'];
    await run('ffmpeg', '-v', 'error', ...noise, ...sound, ...codecs, source);
    const clip = readClip(source);
    expect(Math.max(...clip.samples.map(({ data }) => data.length))).toBeGreaterThan(1 << 20);
    const { publisher, exited } = await listen(file);
    await pushClip(clip, publisher);
    await exited;
    expect((await packetsOf(file)).filter((packet) => packet.startsWith('0,'))).toHaveLength(10);
    expect(await complaintsAbout(file)).toBe('');
  });
});

describe('a tshttp publisher', () => {
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
    return `127.0.0.1:${server.port}`;
  }
  const accept = ({ say }: RawPeer) => say('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  const timers = () => process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length;

  it('asks for the path as it is written, with the fields of the push', async () => {
    const publisher = publisherFor(`tshttp://${await start(accept)}/a%2Fb?token=x/y`, { headers: { 'X-Key': 'k' } });
    await publisher.connect(never);
    expect(server.peers[0]!.head).toMatch(/^POST \/a%2Fb\?token=x\/y HTTP\/1\.1\r\n/);
    expect(server.peers[0]!.head).toContain('\r\nContent-Type: video/mp2t\r\n');
    expect(server.peers[0]!.head).toContain('\r\nTransfer-Encoding: chunked\r\nX-Key: k\r\n');
    expect(publisher.stats()).toMatchObject({ peer: `127.0.0.1:${server.port}`, pendingBytes: 0 });
    const stop = new AbortController();
    const sending = publisher.send(idleFeed, stop.signal);
    stop.abort(new Error('enough'));
    await expect(sending).rejects.toThrow('enough');
  });

  it('hands the very same memory to every target of a stream', async () => {
    const host = await start(accept);
    const written: Buffer[][] = [[], []];
    const publishers = written.map((list) =>
      publisherFor(`tshttp://${host}/s`, {
        dial: async (options) => {
          const connection = await dial(options);
          const write = connection.socket.write.bind(connection.socket);
          connection.socket.write = (bytes: Buffer) => {
            list.push(bytes);
            return write(bytes);
          };
          return connection;
        },
      }),
    );
    for (const publisher of publishers) await publisher.connect(never);
    expect(publishers[0]!.wireFormat.key).toBe(publishers[1]!.wireFormat.key);
    await pushClip(readClip(SYNC_CLIP), ...publishers);
    const [first, second] = written.map((list) => list.slice(1, -1)); // without head and last chunk
    expect(first!.length).toBeGreaterThanOrEqual(500);
    expect(first!.length).toBe(second!.length);
    const isShared = (bytes: Buffer, index: number) =>
      bytes.buffer === second![index]!.buffer && bytes.byteOffset === second![index]!.byteOffset;
    expect(first!.every(isShared)).toBe(true);
  });

  it('ends the body when the feed ends, and counts every byte', async () => {
    const before = timers();
    const publisher = publisherFor(`tshttp://${await start(accept)}/s`);
    await publisher.connect(never);
    await pushClip(readClip(SYNC_CLIP), publisher);
    const { head, body } = server.peers[0]!;
    expect(body().subarray(-7).toString()).toBe('\r\n0\r\n\r\n');
    expect(publisher.stats().bytesSent).toBe(head.length + body().length);
    expect(timers()).toBeLessThanOrEqual(before);
  });

  it('takes an answer and a close right behind it for a refusal', async () => {
    const publisher = publisherFor(
      `tshttp://${await start((peer) => {
        accept(peer);
        peer.socket.end();
      })}/s`,
    );
    await publisher.connect(never);
    await expect(publisher.send(idleFeed, never)).rejects.toMatchObject({
      code: 'target_refused',
      detail: 'after 200 OK',
    });
  });

  it('tells a target that closes a connection in use from one that refuses', async () => {
    const publisher = publisherFor(`tshttp://${await start(accept)}/s`);
    const now = vi.spyOn(performance, 'now').mockReturnValue(1000);
    await publisher.connect(never);
    now.mockReturnValue(4001);
    server.peers[0]!.socket.end();
    await expect(publisher.send(idleFeed, never)).rejects.toMatchObject({ code: 'target_closed' });
    now.mockRestore();
  });

  it('is told of a status that comes in the middle of the stream', async () => {
    const publisher = publisherFor(
      `tshttp://${await start(({ socket, say }) => socket.once('data', () => say(response('409 Conflict'))))}/s`,
    );
    await publisher.connect(never);
    const feed: BatchFeed = { open: (sink) => sink.write(Buffer.from('1\r\na\r\n')), close: () => {} };
    await expect(publisher.send(feed, never)).rejects.toMatchObject({ code: 'http_409', detail: '409 Conflict' });
  });

  it('begins each attempt at its own URL, wherever the last one was sent', async () => {
    const host = await start((peer) =>
      peer.head.startsWith('POST /router ') ? peer.say(response('302 Found', 'Location: /edge')) : accept(peer),
    );
    for (let attempt = 0; attempt < 2; attempt++) {
      const publisher = publisherFor(`tshttp://${host}/router`);
      await publisher.connect(never);
      const feed: BatchFeed = { open: (sink) => sink.end('handover'), close: () => {} };
      await publisher.send(feed, never);
    }
    expect(server.peers.map(({ head }) => head.split(' ')[1])).toEqual(['/router', '/edge', '/router', '/edge']);
  });

  it('gives up a target that takes nothing of the goodbye', async () => {
    const publisher = publisherFor(
      `tshttp://${await start((peer) => {
        accept(peer);
        peer.socket.pause();
      })}/s`,
    );
    await publisher.connect(never);
    const feed: BatchFeed = {
      open: (sink) => {
        sink.write(Buffer.alloc(64 << 20));
        sink.end('final');
      },
      close: () => {},
    };
    const since = performance.now();
    await publisher.send(feed, never);
    expect(performance.now() - since).toBeLessThan(10_000);
    expect(publisher.stats().bytesSent).toBeLessThan(64 << 20);
    server.peers[0]!.socket.resume();
  });
});

describe('tshttpProtocol', () => {
  it('refuses URLs that are none, and says what to write', () => {
    expect(() => tshttpProtocol.parseTarget('tshttp:/h', defaultDelivery)).toThrow(/tshttp:\/\/HOST/);
  });
});
