import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Clip, readClip, SYNC_CLIP } from '../container/flv/testing/clip.ts';
import { parseBoxes } from '../container/fmp4/box.ts';
import { probe } from '../container/fmp4/testing/clips.ts';
import { LAST_CHUNK } from '../http/chunk.ts';
import { type RawPeer, type RawServer, response, startRawServer } from '../http/testing/raw-server.ts';
import type { Sample } from '../media/sample.ts';
import { Channel } from '../packager/channel.ts';
import { defaultDelivery } from '../publisher/delivery.ts';
import type { BatchFeed, Dial, EndKind, Publisher, PublisherDeps } from '../publisher/publisher.ts';
import { dial } from '../publisher/testing/dial.ts';
import { freePort } from '../publisher/testing/ports.ts';
import { complaintsAbout, run } from '../publisher/testing/programs.ts';
import { m4sProtocol } from './index.ts';
import { M4sReceiver } from './receiver.ts';
import { parseSession } from './session.ts';

const never = new AbortController().signal;
const idleFeed: BatchFeed = { open: () => {}, close: () => {} };
const memory: PublisherDeps['memory'] = {
  id: 'push-1',
  nextEpoch: async () => 7,
  load: async () => undefined,
  save: async () => true,
};

interface Options {
  dial?: Dial;
  headers?: Record<string, string>;
  memory?: PublisherDeps['memory'];
}
function publisherFor(url: string, { headers = {}, ...deps }: Options = {}): Publisher {
  const target = m4sProtocol.parseTarget(url, { ...defaultDelivery, headers });
  return m4sProtocol.createPublisher(target, { dial, connectTimeoutMs: 5000, memory, ...deps });
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

const ends = (kind: EndKind): BatchFeed => ({ open: (sink) => sink.end(kind), close: () => {} });

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'm4s-publisher-'));
});
afterAll(() => rm(directory, { recursive: true }));

describe('an m4s publisher and ffmpeg as a server', () => {
  /** Takes one connection only, so nobody can look beforehand whether it listens. */
  async function listen(file: string): Promise<{ publisher: Publisher; exited: Promise<unknown> }> {
    const address = `127.0.0.1:${await freePort()}/live`;
    const args = ['-v', 'error', '-y', '-listen', '1', '-f', 'mp4', '-i', `http://${address}`, '-c', 'copy', file];
    const exited = once(spawn('ffmpeg', args, { stdio: 'ignore' }), 'exit');
    const publisher = await vi.waitFor(async () => {
      const attempt = publisherFor(`m4s://${address}`);
      await attempt.connect(never);
      return attempt;
    });
    return { publisher, exited };
  }

  it('delivers every picture and every sound, each at its time', async () => {
    const file = join(directory, 'whole.mkv');
    const clip = readClip(SYNC_CLIP);
    const first = clip.samples.findIndex(({ track }) => track.kind === 'video');
    const samples = clip.samples.slice(first); // sound before the first picture is not sent
    const { publisher, exited } = await listen(file);
    await pushClip({ ...clip, samples }, publisher);
    await exited;
    expect(await complaintsAbout(file)).toBe('');
    const { packets } = await probe(file);
    const shift = packets.find(({ kind }) => kind === 'video')!.pts - samples[0]!.pts;
    for (const kind of ['video', 'audio'] as const) {
      const late = samples
        .filter(({ track }) => track.kind === kind)
        .map(({ pts }, index) => packets.filter((packet) => packet.kind === kind)[index]!.pts - pts - shift);
      expect(late.length).toBe(packets.filter((packet) => packet.kind === kind).length);
      expect(Math.max(...late.map(Math.abs))).toBeLessThanOrEqual(1); // ms: the files round
    }
  });

  it('delivers pictures of more than a megabyte', async () => {
    const [source, file] = [join(directory, 'noise.flv'), join(directory, 'noise.mkv')];
    const noise = ['-f', 'lavfi', '-i', 'testsrc2=s=1920x1080:r=25,noise=alls=100:allf=t', '-t', '0.4'];
    const sound = ['-f', 'lavfi', '-i', 'sine=r=44100', '-t', '0.4'];
    const codecs = ['-c:v', 'libx264', '-preset', 'ultrafast', '-qp', '20', '-g', '5', '-c:a', 'aac'];
    await run('ffmpeg', '-v', 'error', ...noise, ...sound, ...codecs, source);
    const clip = readClip(source);
    expect(Math.max(...clip.samples.map(({ data }) => data.length))).toBeGreaterThan(1 << 20);
    const { publisher, exited } = await listen(file);
    await pushClip(clip, publisher);
    await exited;
    expect((await probe(file)).packets.filter(({ kind }) => kind === 'video')).toHaveLength(10);
    expect(await complaintsAbout(file)).toBe('');
  });
});

describe("an m4s publisher and Node's HTTP server", () => {
  let server: Server;
  const requests: IncomingMessage[] = [];
  afterEach(() => {
    server.closeAllConnections();
    server.close();
    requests.length = 0;
  });
  /** `decide` answers what is not to come here; the bodies of the others go to a receiver each. */
  async function start(decide: (request: IncomingMessage) => [status: number, location?: string] | undefined) {
    const receivers: M4sReceiver[] = [];
    const samples: Sample[] = [];
    server = createServer({ requestTimeout: 0 });
    server.on('checkContinue', (request, reply) => {
      requests.push(request);
      const [status, location] = decide(request) ?? [];
      if (status !== undefined) {
        reply.writeHead(status, location === undefined ? {} : { location }).end();
        return;
      }
      const receiver = new M4sReceiver({ tracks: () => {}, sample: (sample) => samples.push(sample) });
      receivers.push(receiver);
      request.on('data', (bytes: Buffer) => receiver.push(bytes));
      request.on('end', () => reply.end(JSON.stringify(receiver.end())));
      reply.writeContinue();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, receivers, samples };
  }

  it('is asked before the first byte of the body, told who sends, and gets all of it', async () => {
    const { host, receivers, samples } = await start(() => undefined);
    const publisher = publisherFor(`m4s://${host}/live%2Fa?key=x/y`, { headers: { 'X-Key': 'k' } });
    await publisher.connect(never);
    const clip = readClip(SYNC_CLIP);
    await pushClip(clip, publisher);
    const [request] = requests;
    expect([request!.method, request!.url]).toEqual(['POST', '/live%2Fa?key=x/y']);
    expect(request!.headers).toMatchObject({
      expect: '100-continue',
      'content-type': 'video/mp4',
      'transfer-encoding': 'chunked',
      'dash-if-ingest': '1.1',
      'x-key': 'k',
    });
    expect(parseSession(request!.headers['x-session'] as string)).toEqual({ epoch: 7, push: 'push-1' });
    expect(receivers[0]!.end().status).toBe('ended');
    const first = clip.samples.findIndex(({ track }) => track.kind === 'video');
    expect(samples.length).toBe(clip.samples.length - first);
    expect(publisher.stats()).toMatchObject({ peer: host, pendingBytes: 0 });
  });

  it.each([301, 302, 307, 308])(
    'may send the publisher elsewhere with %i, and it says POST there too',
    async (status) => {
      const { host, receivers } = await start(({ url }) =>
        url === '/router' ? [status, '/edge?session=1'] : undefined,
      );
      const publisher = publisherFor(`m4s://${host}/router`);
      await publisher.connect(never);
      await publisher.send(ends('handover'), never);
      expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual(['POST /router', 'POST /edge?session=1']);
      expect(receivers[0]!.end().status).toBe('interrupted');
    },
  );

  it.each([
    [409, 'http_409'],
    [403, 'http_403'],
    [415, 'http_4xx'],
    [503, 'http_5xx'],
  ] as const)('may refuse with %i', async (status, code) => {
    const { host } = await start(() => [status]);
    await expect(publisherFor(`m4s://${host}/s`).connect(never)).rejects.toMatchObject({ code });
  });

  it('may not send it round in circles', async () => {
    const { host } = await start(({ url }) => [302, url === '/a' ? '/b' : '/a']);
    await expect(publisherFor(`m4s://${host}/a`).connect(never)).rejects.toMatchObject({ code: 'redirect_loop' });
  });
});

describe('an m4s publisher', () => {
  let server: RawServer;
  afterEach(async () => {
    vi.useRealTimers();
    await vi.waitFor(() => expect(server.openSockets()).toBe(0));
    server.stop();
  });
  async function start(script: (peer: RawPeer, round: number) => void = accept): Promise<string> {
    server = await startRawServer((peer, round) => {
      peer.socket.on('end', () => peer.socket.end());
      script(peer, round);
    });
    return `m4s://127.0.0.1:${server.port}/s`;
  }
  const accept = ({ say }: RawPeer) => say('HTTP/1.1 100 Continue\r\n\r\n');
  const timers = () => process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length;
  const endsWith = (peer: RawPeer) => peer.body().subarray(-60).toString('latin1');

  it('says of a final end that it is one, and of a handover nothing', async () => {
    const url = await start();
    for (const kind of ['final', 'handover'] as const) {
      const publisher = publisherFor(url);
      await publisher.connect(never);
      await publisher.send(ends(kind), never);
    }
    const [final, handover] = server.peers;
    expect(endsWith(final!)).toBe('18\r\n\0\0\0\x18stypcmfl\0\0\0\0cmfllmsg\r\n0\r\n\r\n');
    expect(parseBoxes(final!.body().subarray(4, 28))[0]!.type).toBe('styp');
    expect(handover!.body()).toEqual(LAST_CHUNK);
  });

  it('numbers its sessions with the time when nobody can tell which one is next', async () => {
    const nextEpoch = () => Promise.reject(new Error('the store is away'));
    const publisher = publisherFor(await start(), { memory: { ...memory, nextEpoch } });
    const before = Date.now();
    await publisher.connect(never);
    const [, value] = /^X-Session: (.*)\r$/m.exec(server.peers[0]!.head)!;
    const session = parseSession(value);
    expect(session!.epoch).toBeGreaterThanOrEqual(before);
    await publisher.send(ends('handover'), never);
  });

  it('hands the very same memory to every target of a stream', async () => {
    const url = await start();
    const written: Buffer[][] = [[], []];
    const publishers = written.map((list) =>
      publisherFor(url, {
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
    const [first, second] = written.map((list) => list.slice(2, -1)); // without heads and last chunk
    expect(first!.length).toBeGreaterThanOrEqual(500);
    expect(first!.length).toBe(second!.length);
    const isShared = (bytes: Buffer, index: number) =>
      bytes.buffer === second![index]!.buffer && bytes.byteOffset === second![index]!.byteOffset;
    expect(first!.every(isShared)).toBe(true);
  });

  it('says something every two seconds while there is no media', async () => {
    const publisher = publisherFor(await start());
    await publisher.connect(never);
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const stop = new AbortController();
    let write: (bytes: Buffer) => void = () => {};
    const sending = publisher.send(
      { open: (sink) => (write = (bytes) => sink.write(bytes)), close: () => {} },
      stop.signal,
    );
    const said = (text: string) => vi.waitFor(() => expect(server.peers[0]!.body().toString('latin1')).toBe(text));
    const silence = '8\r\n\0\0\0\x08free\r\n';
    vi.advanceTimersByTime(1999);
    await said('');
    vi.advanceTimersByTime(1);
    await said(silence);
    write(Buffer.from('1\r\na\r\n'));
    await said(`${silence}1\r\na\r\n`);
    vi.advanceTimersByTime(2000);
    vi.advanceTimersByTime(2000);
    await said(`${silence}1\r\na\r\n${silence}`);
    stop.abort(new Error('enough'));
    await expect(sending).rejects.toThrow('enough');
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    ['of a newer session that has taken its place', ['X-Session: outdated'], 'fenced'],
    ['that the name is taken', [], 'http_409'],
  ])('is told %s', async (_, fields, code) => {
    const url = await start((peer) => {
      accept(peer);
      peer.socket.once('data', () => peer.say(response('409 Conflict', ...fields)));
    });
    const publisher = publisherFor(url);
    await publisher.connect(never);
    const feed: BatchFeed = { open: (sink) => sink.write(Buffer.from('1\r\na\r\n')), close: () => {} };
    await expect(publisher.send(feed, never)).rejects.toMatchObject({ code });
  });

  it('stays away for good when it hears so before the body', async () => {
    const url = await start((peer) => peer.say(response('409 Conflict', 'X-Session: outdated')));
    await expect(publisherFor(url).connect(never)).rejects.toMatchObject({ code: 'fenced' });
  });

  it('takes an early close for a refusal', async () => {
    const publisher = publisherFor(await start());
    await publisher.connect(never);
    server.peers[0]!.socket.end();
    await expect(publisher.send(idleFeed, never)).rejects.toMatchObject({ code: 'target_refused' });
  });

  it('leaves no socket and no timer when it is aborted, before and after it was accepted', async () => {
    const before = timers();
    const url = await start((peer, round) => round === 1 && accept(peer));
    const stop = new AbortController();
    const connecting = publisherFor(url).connect(stop.signal);
    await vi.waitFor(() => expect(server.peers.length).toBe(1));
    stop.abort(new Error('enough'));
    await expect(connecting).rejects.toThrow('enough');
    const publisher = publisherFor(url);
    await publisher.connect(never);
    const abort = new AbortController();
    const sending = publisher.send(idleFeed, abort.signal);
    abort.abort(new Error('enough'));
    await expect(sending).rejects.toThrow('enough');
    expect(timers()).toBeLessThanOrEqual(before);
  });
});
