import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Clip, readClip, SYNC_CLIP } from '../container/flv/testing/clip.ts';
import type { Sample } from '../media/sample.ts';
import { Channel } from '../packager/channel.ts';
import type { WireFormat } from '../packager/packager.ts';
import { PublishError } from '../publisher/errors.ts';
import type { BatchFeed, DialOptions } from '../publisher/publisher.ts';
import { dial } from '../publisher/testing/dial.ts';
import { complaintsAbout, packetsOf, run } from '../publisher/testing/programs.ts';
import { RtmpPublisher } from './publisher.ts';
import { type ConnectAnswer, type ScriptedServer, startScriptedServer } from './testing/scripted-server.ts';
import { type NginxRtmp, startFfmpegServer, startNginx } from './testing/tools.ts';
import { parseRtmpUrl } from './url.ts';

const never = new AbortController().signal;
/** A server may still be writing its recording when it has closed the connection. */
const PATIENCE = { interval: 100 };
const idleFeed: BatchFeed = { open: () => {}, close: () => {} };
const publisherFor = (url: string, connectTimeoutMs = 10_000): RtmpPublisher =>
  new RtmpPublisher(parseRtmpUrl(url), { dial, connectTimeoutMs });

/** Connects and sends a whole clip as fast as the target takes it. `format` may change what the publisher asks for. */
async function pushClip(
  publisher: RtmpPublisher,
  { tracks, samples }: Clip,
  changeFormat: (format: WireFormat) => WireFormat = (format) => format,
): Promise<void> {
  const channel = new Channel(changeFormat(publisher.wireFormat), tracks);
  const feed = channel.openFeed({ maxPendingBytes: 1 << 30 });
  const sent = publisher.send(feed, never);
  for (const sample of samples) channel.append(sample, 0);
  await vi.waitFor(() => expect(publisher.stats().pendingBytes).toBe(0)); // the goodbye has a deadline
  channel.end();
  await sent;
}

let directory: string;
let nginx: NginxRtmp;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rtmp-publisher-'));
  nginx = await startNginx();
});
afterAll(async () => {
  await nginx.stop();
  await rm(directory, { recursive: true });
});

describe('RtmpPublisher and nginx-rtmp', () => {
  const clip = readClip(SYNC_CLIP);

  it('delivers every packet with its time', async () => {
    const publisher = publisherFor(`${nginx.url}/live/whole?key=a%2Fb`);
    await publisher.connect(never);
    await pushClip(publisher, clip);
    const verdict = readFileSync(`${SYNC_CLIP}.packets.csv`, 'utf8').trim().split('\n');
    await vi.waitFor(async () => expect(await packetsOf(nginx.recording('whole'))).toEqual(verdict), PATIENCE);
    expect(await complaintsAbout(nginx.recording('whole'))).toBe('');
    expect(publisher.stats()).toMatchObject({ pendingBytes: 0, peer: nginx.url.slice('rtmp://'.length) });
    expect(publisher.stats().bytesSent).toBeGreaterThan(70_000);
  });

  it('delivers pictures of many chunks beyond 4 h 39 min, where times need 32 bits', async () => {
    const file = join(directory, 'noise.flv');
    const noise = 'testsrc2=s=640x360:r=25,noise=alls=100:allf=t';
    const sources = ['-f', 'lavfi', '-i', noise, '-f', 'lavfi', '-i', 'sine=r=48000', '-t', '2'];
    const codecs = ['-c:v', 'libx264', '-preset', 'ultrafast', '-qp', '15', '-g', '25', '-c:a', 'aac'];
    await run('ffmpeg', '-v', 'error', ...sources, ...codecs, file);
    const { tracks, samples } = readClip(file);
    const first = samples.findIndex(({ track }) => track.kind === 'video');
    const offsetMs = 0xffffff - 1000;
    const late = samples
      .slice(first)
      .map((sample) => ({ ...sample, dts: sample.dts + offsetMs, pts: sample.pts + offsetMs }));
    expect(late.filter(({ data }) => data.length > 2 * 65_536).length).toBe(50);
    const publisher = publisherFor(`${nginx.url}/live/late`);
    await publisher.connect(never);
    await pushClip(publisher, { tracks, samples: late }, (format) => startedBefore(format, samples[first]!));
    const shape = (list: readonly Sample[]) => list.map(({ dts, data }) => [dts - list[0]!.dts, data.length]);
    const received = () => readClip(nginx.recording('late')).samples; // nginx lets recordings begin at 0
    await vi.waitFor(() => expect(shape(received())).toEqual(shape(late)), PATIENCE);
    expect(await complaintsAbout(nginx.recording('late'))).toBe('');
  });

  it('is told that the name is taken', async () => {
    const [first, second] = [publisherFor(`${nginx.url}/live/taken`), publisherFor(`${nginx.url}/live/taken`)];
    await first.connect(never);
    await expect(second.connect(never)).rejects.toMatchObject({
      code: 'rtmp_badname',
      detail: expect.stringContaining('NetStream.Publish.BadName'),
    });
    const stop = new AbortController();
    const sending = first.send(idleFeed, stop.signal);
    stop.abort(new Error('enough'));
    await expect(sending).rejects.toThrow('enough');
  });

  it('takes Publish.Start and a close right behind it for a refusal', async () => {
    const publisher = publisherFor(`${nginx.url}/strict/x`);
    await publisher.connect(never);
    await expect(publisher.send(idleFeed, never)).rejects.toMatchObject({
      code: 'target_refused',
      detail: expect.stringContaining('NetStream.Publish.Start'),
    });
  });

  it('is refused an application that is not there', async () => {
    await expect(publisherFor(`${nginx.url}/nowhere/x`).connect(never)).rejects.toMatchObject({
      code: 'rtmp_rejected',
    });
  });
});

describe('RtmpPublisher and ffmpeg as a server', () => {
  it('delivers every picture and every sound', async () => {
    const file = join(directory, 'ffmpeg.flv');
    const { url, output } = await startFfmpegServer(file);
    const publisher = await connectWhenReady(url);
    await pushClip(publisher, readClip(SYNC_CLIP));
    await output;
    const count = (packets: string[]): number[] =>
      ['0,', '1,'].map((s) => packets.filter((p) => p.startsWith(s)).length);
    expect(count(await packetsOf(file))).toEqual([500, 939]);
  });
});

describe('RtmpPublisher', () => {
  let server: ScriptedServer;
  afterEach(() => server.stop());
  const start = async (onConnect: (command: { app?: unknown }) => ConnectAnswer): Promise<string> => {
    server = await startScriptedServer(onConnect);
    return `127.0.0.1:${server.port}`;
  };
  const rejected = (description: string) => ({
    level: 'error',
    code: 'NetConnection.Connect.Rejected',
    description,
  });

  it('says goodbye when the feed ends, and leaves no socket', async () => {
    const publisher = publisherFor(`rtmp://${await start(() => 'accept')}/live/s`);
    await publisher.connect(never);
    await pushClip(publisher, readClip(SYNC_CLIP));
    expect(server.commands.map(({ name }) => name).slice(-3)).toEqual(['publish', 'FCUnpublish', 'deleteStream']);
    expect(server.media).toHaveLength(1 + 2 + 500 + 939);
    await vi.waitFor(() => expect(server.sockets[0]!.closed).toBe(true));
  });

  it('gives up a target that takes nothing of the goodbye', async () => {
    const publisher = publisherFor(`rtmp://${await start(() => 'accept')}/live/s`);
    await publisher.connect(never);
    server.sockets[0]!.pause();
    const feed: BatchFeed = {
      open: (sink) => {
        sink.write(Buffer.alloc(64 << 20));
        sink.end('final');
      },
      close: () => {},
    };
    await publisher.send(feed, never);
    expect(publisher.stats().bytesSent).toBeLessThan(64 << 20);
  });

  it('leaves nothing behind that could still be sent when it is dropped', async () => {
    const publisher = publisherFor(`rtmp://${await start(() => 'accept')}/live/s`);
    await publisher.connect(never);
    const [socket] = server.sockets;
    socket!.pause();
    const drop = new AbortController();
    const feed: BatchFeed = {
      open: (sink) => {
        sink.write(Buffer.alloc(64 << 20));
        setImmediate(() => drop.abort(new Error('dropped')));
      },
      close: () => {},
    };
    await expect(publisher.send(feed, drop.signal)).rejects.toThrow('dropped');
    await expect(once(socket!.resume(), 'close')).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('answers a challenge on the third connection', async () => {
    const host = await start(({ app }) => {
      if (app === 'live') return rejected('[ code=403 need auth; authmod=adobe ] : ');
      if (app === 'live?authmod=adobe&user=me')
        return rejected('[ authmod=adobe ] : ?reason=needauth&user=me&salt=s&challenge=c');
      return String(app).startsWith('live?authmod=adobe&user=me&challenge=') ? 'accept' : rejected('no');
    });
    await publisherFor(`rtmp://me:secret@${host}/live/s`).connect(never);
    expect(server.sockets).toHaveLength(3);
  });

  it('does not try an answer for ever', async () => {
    const host = await start(() => rejected('[ authmod=adobe ] : ?reason=needauth&user=me&salt=s&challenge=c'));
    await expect(publisherFor(`rtmp://me:secret@${host}/live/s`).connect(never)).rejects.toMatchObject({
      code: 'rtmp_auth',
    });
    expect(server.sockets).toHaveLength(3);
  });

  it('follows a redirect, and tells the dial that a peer has chosen the address', async () => {
    const host = await start(({ app }) =>
      app === 'moved' ? 'accept' : { ...rejected('moved'), ex: { code: 302, redirect: `rtmp://${host}/moved` } },
    );
    const dialled: (boolean | undefined)[] = [];
    const watch = (options: DialOptions) => {
      dialled.push(options.redirected);
      return dial(options);
    };
    await new RtmpPublisher(parseRtmpUrl(`rtmp://${host}/live/s`), { dial: watch, connectTimeoutMs: 5000 }).connect(
      never,
    );
    expect(dialled).toEqual([false, true]);
    expect(server.commands.at(-1)).toMatchObject({ name: 'publish', args: [null, 's', 'live'] });
  });

  it('does not go round in circles', async () => {
    const host = await start(() => ({ ...rejected('moved'), ex: { code: 302, redirect: `rtmp://${host}/live` } }));
    await expect(publisherFor(`rtmp://${host}/live/s`).connect(never)).rejects.toMatchObject({
      code: 'redirect_limit',
    });
    expect(server.sockets).toHaveLength(6);
  });

  it('names the host to a TLS server, but not an address', async () => {
    await start(() => 'accept');
    const asked: DialOptions['tls'][] = [];
    const refuse = async ({ tls }: DialOptions) => {
      asked.push(tls);
      throw new PublishError('connect_refused');
    };
    for (const url of ['rtmps://example.com/a/s', 'rtmps://[::1]/a/s', 'rtmp://example.com/a/s']) {
      const publisher = new RtmpPublisher(parseRtmpUrl({ url, tlsVerify: false }), {
        dial: refuse,
        connectTimeoutMs: 5000,
      });
      await expect(publisher.connect(never)).rejects.toMatchObject({ code: 'connect_refused' });
    }
    expect(asked).toEqual([{ servername: 'example.com', verify: false }, { verify: false }, undefined]);
  });

  it('waits no longer than connect_timeout, and says for what', async () => {
    const host = await start(() => 'silence');
    await expect(publisherFor(`rtmp://${host}/live/s`, 100).connect(never)).rejects.toMatchObject({
      code: 'connect_timeout',
      detail: 'no answer to connect',
    });
    await vi.waitFor(() => expect(server.sockets[0]!.closed).toBe(true));
  });

  it('stops connecting when it is told to', async () => {
    const stop = new AbortController();
    const host = await start(() => {
      stop.abort(new Error('enough'));
      return 'silence';
    });
    await expect(publisherFor(`rtmp://${host}/live/s`).connect(stop.signal)).rejects.toThrow('enough');
    await vi.waitFor(() => expect(server.sockets[0]!.closed).toBe(true));
  });

  it('tells a target that closes a connection in use from one that refuses', async () => {
    const publisher = publisherFor(`rtmp://${await start(() => 'accept')}/live/s`);
    const now = vi.spyOn(performance, 'now').mockReturnValue(1000);
    await publisher.connect(never);
    now.mockReturnValue(4001);
    server.sockets[0]!.end();
    await expect(publisher.send(idleFeed, never)).rejects.toMatchObject({
      code: 'target_closed',
      detail: 'last status NetStream.Publish.Start',
    });
    now.mockRestore();
  });

  it('notices a target that has gone between connect and send', async () => {
    const publisher = publisherFor(`rtmp://${await start(() => 'accept')}/live/s`);
    await publisher.connect(never);
    const [socket] = server.sockets;
    socket!.resetAndDestroy();
    await once(socket!, 'close');
    await expect(publisher.send(idleFeed, never)).rejects.toMatchObject({ code: 'target_refused' });
  });
});

/** The same format, of a packager whose time began long before, with `first`. */
function startedBefore(format: WireFormat, first: Sample): WireFormat {
  return {
    key: format.key,
    createPackager: () => {
      const packager = format.createPackager();
      packager.setTracks([first.track]);
      packager.append(first);
      packager.flush();
      return packager;
    },
  };
}

/** ffmpeg takes one connection only, so nobody can look beforehand whether it listens. */
async function connectWhenReady(url: string): Promise<RtmpPublisher> {
  return vi.waitFor(async () => {
    const publisher = publisherFor(url);
    await publisher.connect(never);
    return publisher;
  });
}
