import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BatchSink } from '../publisher/publisher.ts';
import {
  type PlayAnswer,
  type PublishAnswer,
  type PublishRequest,
  type RtmpServerHandlers,
  type RtmpServerOptions,
  SERVER_CHUNK_SIZE,
  SERVER_MESSAGE_STREAM_ID,
  serveRtmpConnection,
} from './server-connection.ts';
import { ChunkReader, ChunkStreamId, serializeMessage } from './wire/chunk.ts';
import { ClientHandshake } from './wire/handshake.ts';
import {
  commandMessage,
  MessageType,
  parseCommand,
  type RtmpMessage,
  UserControlEvent,
  userControl,
} from './wire/message.ts';

interface Tag {
  readonly type: number;
  readonly timestamp: number;
  readonly payload: Buffer;
}

/** Tags of an FLV file, as ffmpeg has written them. */
function readFlv(path: string): Tag[] {
  const bytes = readFileSync(path);
  const tags: Tag[] = [];
  for (let at = 13; at + 11 <= bytes.length; ) {
    const size = bytes.readUIntBE(at + 1, 3);
    const payload = bytes.subarray(at + 11, at + 11 + size);
    tags.push({ type: bytes[at]!, timestamp: bytes.readUIntBE(at + 4, 3) + bytes[at + 7]! * 2 ** 24, payload });
    at += 11 + size + 4;
  }
  return tags;
}

const isMedia = ({ type }: { type: number }): boolean => type === MessageType.audio || type === MessageType.video;

async function run(program: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (bytes) => (stdout += bytes));
  child.stderr.on('data', (bytes) => (stderr += bytes));
  await once(child, 'close');
  return { stdout, stderr };
}

/** Collects a publication. */
class Recording {
  readonly tags: Tag[] = [];
  readonly ended = vi.fn<(reason: string) => void>();
  idles = 0;

  message(type: number, timestamp: number, payload: Buffer): void {
    this.tags.push({ type, timestamp, payload });
  }

  idle(): void {
    this.idles += 1;
  }
}

/** A player or publisher that does what the test says, and nothing by itself. */
class Client {
  readonly socket: Socket;
  readonly messages: RtmpMessage[] = [];
  readonly #handshake = new ClientHandshake();
  readonly #reader = new ChunkReader({ maxMessageBytes: 1e6, onMessage: (message) => this.messages.push(message) });
  #opening: RtmpMessage[] = [];
  #isReady = false;

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('error', () => {});
    this.socket.on('data', (bytes: Buffer) => this.#receive(bytes));
  }

  #receive(bytes: Buffer): void {
    if (this.#isReady) {
      this.#reader.push(bytes);
      return;
    }
    const { send, done, rest } = this.#handshake.push(bytes);
    this.socket.write(send);
    if (!done) return;
    this.#isReady = true;
    for (const message of this.#opening) this.send(message);
    this.#reader.push(rest);
  }

  /** Handshake, connect and one more command, without waiting for answers. */
  open(command: 'publish' | 'play'): this {
    this.socket.write(this.#handshake.start);
    this.#opening = [
      commandMessage('connect', 1, 0, { app: 'live', flashVer: 'test' }),
      commandMessage(command, 2, SERVER_MESSAGE_STREAM_ID, null, 'cam1'),
    ];
    return this;
  }

  send(message: RtmpMessage): void {
    this.socket.write(serializeMessage(message, ChunkStreamId.command, 128));
  }

  get codes(): string[] {
    return this.messages
      .filter(({ type }) => type === MessageType.command)
      .map((message) => (parseCommand(message).args[1] as { code: string }).code);
  }
}

let directory: string;
let clip: string;
const servers: Server[] = [];
const clients: Client[] = [];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'rtmp-server-'));
  clip = join(directory, 'clip.flv');
  const sources = ['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25', '-f', 'lavfi', '-i', 'sine=sample_rate=48000'];
  const codecs = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '25', '-c:a', 'aac'];
  const { stderr } = await run('ffmpeg', '-v', 'error', ...sources, '-t', '2', ...codecs, clip);
  expect(stderr).toBe('');
});

afterEach(() => {
  for (const client of clients.splice(0)) client.socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

afterAll(() => rmSync(directory, { recursive: true }));

async function serve(handlers: Partial<RtmpServerHandlers>, options: Partial<RtmpServerOptions> = {}): Promise<number> {
  const refused = { accept: false, description: 'not in this test' } as const;
  const all: RtmpServerHandlers = {
    publish: async () => ({ ...refused, code: 'NetStream.Publish.Denied' }),
    play: async () => ({ ...refused, code: 'NetStream.Play.Failed' }),
    ...handlers,
  };
  const server = createServer((socket) => serveRtmpConnection(socket, all, options));
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function client(port: number): Client {
  const made = new Client(port);
  clients.push(made);
  return made;
}

/** Accepts every publication into `recording`. */
function recorder(recording: Recording, requests: PublishRequest[] = []): Partial<RtmpServerHandlers> {
  return {
    publish: async (request) => {
      requests.push(request);
      return { accept: true, sink: recording };
    },
  };
}

describe('serveRtmpConnection and ffmpeg', () => {
  it.each([
    ['live/cam1?key=a%2Fb', 'cam1', 'key=a%2Fb'],
    ['cam1', 'cam1', ''],
    ['news/cam1', 'news/cam1', ''],
  ])('takes what ffmpeg publishes to rtmp://HOST/%s', async (path, name, query) => {
    const recording = new Recording();
    const requests: PublishRequest[] = [];
    const port = await serve(recorder(recording, requests));
    const { stderr } = await run(
      'ffmpeg',
      '-v',
      'error',
      '-i',
      clip,
      '-c',
      'copy',
      '-f',
      'flv',
      `rtmp://127.0.0.1:${port}/${path}`,
    );
    expect(stderr).toBe('');
    expect(requests).toMatchObject([{ name, query, agent: expect.stringContaining('Lavf') }]);
    expect(requests[0]!.peer).toMatch(/^127\.0\.0\.1:\d+$/);
    await vi.waitFor(() => expect(recording.ended).toHaveBeenCalledExactlyOnceWith('the peer stopped the stream'));
    expect(recording.tags.filter(isMedia)).toEqual(readFlv(clip).filter(isMedia));
    expect(recording.tags[0]!.payload.includes('onMetaData')).toBe(true);
    expect(recording.idles).toBeGreaterThan(0);
  });

  it.each([
    ['big chunks', SERVER_CHUNK_SIZE],
    ['chunks of 128 bytes', 128],
  ])('takes extended timestamps in %s', async (_title, chunkSize) => {
    const recording = new Recording();
    const port = await serve(recorder(recording), { chunkSize });
    const offset = ['-output_ts_offset', '17000'];
    await run(
      'ffmpeg',
      '-v',
      'error',
      '-i',
      clip,
      '-c',
      'copy',
      ...offset,
      '-f',
      'flv',
      `rtmp://127.0.0.1:${port}/live/x`,
    );
    await vi.waitFor(() => expect(recording.ended).toHaveBeenCalled());
    const frames = (tags: readonly Tag[]): Tag[] => tags.filter((tag) => isMedia(tag) && tag.payload[1] === 1);
    const expected = frames(readFlv(clip)).map((tag) => ({ ...tag, timestamp: tag.timestamp + 17_000_000 }));
    expect(frames(recording.tags)).toEqual(expected);
  });

  it.each([
    ['as it is', 0, SERVER_CHUNK_SIZE],
    ['with extended timestamps in every chunk', 17_000_000, 128],
  ])('plays to ffprobe what it is given, %s', async (_title, offsetMs, chunkSize) => {
    const moved = (tag: Tag): Tag => ({ ...tag, timestamp: tag.timestamp + offsetMs });
    const tags = readFlv(clip).map((tag) => (isMedia(tag) ? moved(tag) : tag));
    const stopped = vi.fn();
    const requests: PublishRequest[] = [];
    const play = async (request: PublishRequest): Promise<PlayAnswer> => {
      requests.push(request);
      return { accept: true, start: (sink) => sendTags(sink, tags, chunkSize), stopped };
    };
    const port = await serve({ play }, { chunkSize });
    const url = `rtmp://127.0.0.1:${port}/live/cam1?token=x`;
    const entries = ['-show_entries', 'stream=codec_name,nb_read_packets', '-of', 'csv=p=0'];
    const { stdout, stderr } = await run('ffprobe', '-v', 'error', '-count_packets', ...entries, url);
    expect(stderr).toBe('');
    const frames = (type: number): number => tags.filter((tag) => tag.type === type && tag.payload[1] === 1).length;
    expect(stdout.trim().split('\n').sort()).toEqual([`aac,${frames(8)}`, `h264,${frames(9)}`]);
    expect(requests).toMatchObject([{ name: 'cam1', query: 'token=x', agent: expect.stringContaining('LNX') }]);
    expect(stopped).toHaveBeenCalledOnce();
  });

  it('makes ffmpeg show why it was refused', async () => {
    const answer: PublishAnswer = { accept: false, code: 'NetStream.Publish.BadName', description: 'Name is in use.' };
    const port = await serve({ publish: async () => answer });
    const { stderr } = await run(
      'ffmpeg',
      '-v',
      'error',
      '-i',
      clip,
      '-c',
      'copy',
      '-f',
      'flv',
      `rtmp://127.0.0.1:${port}/live/x`,
    );
    expect(stderr).toContain('Name is in use.');
  });
});

function sendTags(sink: BatchSink, tags: readonly Tag[], chunkSize: number): void {
  for (const tag of tags) {
    const csid = tag.type === MessageType.audio ? ChunkStreamId.audio : ChunkStreamId.video;
    sink.write(serializeMessage({ ...tag, streamId: SERVER_MESSAGE_STREAM_ID }, csid, chunkSize));
  }
  sink.end('final');
}

describe('serveRtmpConnection', () => {
  it('closes a refused publisher after the status has gone out', async () => {
    const port = await serve({});
    const publisher = client(port).open('publish');
    await once(publisher.socket, 'close');
    expect(publisher.codes.at(-1)).toBe('NetStream.Publish.Denied');
  });

  it('closes a live publisher with Unpublish and FIN', async () => {
    const recording = new Recording();
    let connection: { close(reason: string): void } | undefined;
    const port = await serve({
      publish: async (_request, given) => {
        connection = given;
        return { accept: true, sink: recording };
      },
    });
    const publisher = client(port).open('publish');
    await vi.waitFor(() => expect(publisher.codes).toContain('NetStream.Publish.Start'));
    connection!.close('replaced by a new publisher');
    connection!.close('replaced once more');
    await once(publisher.socket, 'end');
    expect(publisher.codes.at(-1)).toBe('NetStream.Unpublish.Success');
    expect(recording.ended).toHaveBeenCalledExactlyOnceWith('replaced by a new publisher');
  });

  it('tells the sink when the publisher vanishes', async () => {
    const recording = new Recording();
    const port = await serve(recorder(recording));
    const publisher = client(port).open('publish');
    await vi.waitFor(() => expect(publisher.codes).toContain('NetStream.Publish.Start'));
    publisher.socket.resetAndDestroy();
    await vi.waitFor(() =>
      expect(recording.ended).toHaveBeenCalledExactlyOnceWith('the connection broke (ECONNRESET)'),
    );
  });

  it('ends the sink at once when the publisher has left before the decision', async () => {
    const recording = new Recording();
    const decision = Promise.withResolvers<PublishAnswer>();
    const asked = Promise.withResolvers<void>();
    const port = await serve({
      publish: () => {
        asked.resolve();
        return decision.promise;
      },
    });
    const publisher = client(port).open('publish');
    await asked.promise;
    publisher.socket.end();
    await once(publisher.socket, 'close');
    decision.resolve({ accept: true, sink: recording });
    await vi.waitFor(() => expect(recording.ended).toHaveBeenCalledExactlyOnceWith('the peer closed the connection'));
  });

  it('stops a player that has left before the decision, without starting it', async () => {
    const start = vi.fn();
    const stopped = vi.fn();
    const decision = Promise.withResolvers<PlayAnswer>();
    const asked = Promise.withResolvers<void>();
    const port = await serve({
      play: () => {
        asked.resolve();
        return decision.promise;
      },
    });
    const player = client(port).open('play');
    await asked.promise;
    player.socket.end();
    await once(player.socket, 'close');
    decision.resolve({ accept: true, start, stopped });
    await vi.waitFor(() => expect(stopped).toHaveBeenCalledOnce());
    expect(start).not.toHaveBeenCalled();
  });

  it('refuses and reports when a handler fails', async () => {
    const failed = vi.fn();
    const error = new Error('database is away');
    const port = await serve({ publish: () => Promise.reject(error), failed });
    const publisher = client(port).open('publish');
    await once(publisher.socket, 'close');
    expect(publisher.codes.at(-1)).toBe('NetStream.Publish.Denied');
    expect(failed).toHaveBeenCalledExactlyOnceWith(error);
  });

  it('loses a publisher whose sink throws what it must not, and nothing else', async () => {
    const failed = vi.fn();
    const recording = new Recording();
    const error = new TypeError('a fault of our own');
    vi.spyOn(recording, 'message').mockImplementation(() => {
      throw error;
    });
    const port = await serve({ ...recorder(recording), failed });
    const publisher = client(port).open('publish');
    await vi.waitFor(() => expect(publisher.codes).toContain('NetStream.Publish.Start'));
    const sound = {
      type: MessageType.audio,
      timestamp: 0,
      streamId: SERVER_MESSAGE_STREAM_ID,
      payload: Buffer.alloc(4),
    };
    publisher.socket.write(serializeMessage(sound, ChunkStreamId.audio, 128));
    await once(publisher.socket, 'close');
    expect(failed).toHaveBeenCalledExactlyOnceWith(error);
    await vi.waitFor(() => expect(recording.ended).toHaveBeenCalledOnce());
  });

  it.each<[string, (publisher: Client) => unknown]>([
    ['time passes', () => {}],
    ['the publisher is gone', ({ socket }) => socket.end()],
  ])('nor does sound that has waited, when %s', async (_title, happens) => {
    const failed = vi.fn();
    const recording = new Recording();
    const error = new TypeError('a fault of our own');
    const message = vi.spyOn(recording, 'message');
    const port = await serve({ ...recorder(recording), failed });
    const publisher = client(port).open('publish');
    await vi.waitFor(() => expect(publisher.codes).toContain('NetStream.Publish.Start'));
    const send = (type: number, csid: number) =>
      publisher.socket.write(
        serializeMessage(
          { type, timestamp: 0, streamId: SERVER_MESSAGE_STREAM_ID, payload: Buffer.alloc(20) },
          csid,
          128,
        ),
      );
    send(MessageType.video, ChunkStreamId.video);
    await vi.waitFor(() => expect(message).toHaveBeenCalledOnce());
    message.mockImplementation(() => {
      throw error;
    });
    send(MessageType.audio, ChunkStreamId.audio);
    happens(publisher);
    await vi.waitFor(() => expect(failed).toHaveBeenCalledExactlyOnceWith(error));
    await vi.waitFor(() => expect(recording.ended).toHaveBeenCalledOnce());
  });

  it('stops the player and drops later batches when the player has left', async () => {
    const stopped = vi.fn();
    const started = Promise.withResolvers<BatchSink>();
    const port = await serve({ play: async () => ({ accept: true, start: started.resolve, stopped }) });
    const player = client(port).open('play');
    const sink = await started.promise;
    await vi.waitFor(() => expect(player.codes).toContain('NetStream.Play.Start'));
    player.socket.destroy();
    await vi.waitFor(() => expect(stopped).toHaveBeenCalledOnce());
    sink.write(Buffer.alloc(10));
    sink.end('final');
    expect(sink.pendingBytes).toBe(0);
  });

  it.each([
    ['', 0],
    [', also after the stream was silent for long', 300],
  ])('drops a player that stops reading%s', async (_title, silentMs) => {
    const stopped = vi.fn();
    const start = async (sink: BatchSink): Promise<void> => {
      player.socket.pause();
      await sleep(silentMs);
      sink.write(Buffer.alloc(32 * 1024 * 1024));
    };
    const port = await serve({ play: async () => ({ accept: true, start, stopped }) }, { writeTimeoutMs: 100 });
    const player = client(port).open('play');
    await vi.waitFor(() => expect(stopped).toHaveBeenCalledOnce());
  });

  it('drops a peer that asks for replies and does not read them', async () => {
    const recording = new Recording();
    const port = await serve(recorder(recording));
    const publisher = client(port).open('publish');
    await vi.waitFor(() => expect(publisher.codes).toContain('NetStream.Publish.Start'));
    publisher.socket.pause();
    const pings = Buffer.concat(
      Array.from({ length: 10_000 }, () => serializeMessage(userControl(UserControlEvent.pingRequest, 1), 2, 128)),
    );
    const flood = setInterval(() => publisher.socket.writableLength < 1e6 && publisher.socket.write(pings), 1);
    await vi.waitFor(() => expect(recording.ended).toHaveBeenCalled());
    clearInterval(flood);
    expect(recording.ended).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('does not read the replies'));
  });

  it.each<[string, Partial<RtmpServerOptions>, (client: Client) => void]>([
    ['does not shake hands', { handshakeTimeoutMs: 50 }, () => {}],
    ['sends no media', { mediaTimeoutMs: 50 }, (publisher) => publisher.open('publish')],
  ])('closes a peer that %s', async (_title, options, act) => {
    const recording = new Recording();
    const port = await serve(recorder(recording), options);
    const peer = client(port);
    act(peer);
    await once(peer.socket, 'end');
  });
});
