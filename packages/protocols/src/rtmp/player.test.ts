import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { MalformedError } from '../bytes/malformed-error.ts';
import { FlvDemuxer } from '../container/flv/demuxer.ts';
import { readClip, SYNC_CLIP } from '../container/flv/testing/clip.ts';
import type { Sample } from '../media/sample.ts';
import { Channel } from '../packager/channel.ts';
import type { BatchSink, DialOptions } from '../publisher/publisher.ts';
import { dial } from '../publisher/testing/dial.ts';
import { rtmpWireFormat } from './packager.ts';
import { type PlayOptions, playRtmp } from './player.ts';
import { RtmpPublisher } from './publisher.ts';
import {
  type PlayAnswer,
  SERVER_CHUNK_SIZE,
  SERVER_MESSAGE_STREAM_ID,
  serveRtmpConnection,
} from './server-connection.ts';
import { startNginx } from './testing/tools.ts';
import { parseRtmpUrl } from './url.ts';

const never = new AbortController().signal;
const clip = readClip(SYNC_CLIP);
const fields = ({ track, dts, pts, isSync, data }: Sample) => [track.kind, dts, pts, isSync, data.toString('base64')];

let server: Server | undefined;
const sockets: Socket[] = [];
afterEach(() => {
  server?.close();
  for (const socket of sockets.splice(0)) socket.destroy();
});

async function serve(answer: PlayAnswer): Promise<string> {
  server = createServer((socket) => {
    sockets.push(socket);
    const refused = { accept: false, code: 'NetStream.Publish.Denied', description: '' } as const;
    serveRtmpConnection(socket, { play: async () => answer, publish: async () => refused });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `rtmp://127.0.0.1:${(server.address() as AddressInfo).port}/live/s`;
}

const playing = (start: (sink: BatchSink) => void): PlayAnswer => ({ accept: true, start, stopped: () => {} });
const play = (url: string, options: Partial<PlayOptions> = {}): Promise<void> =>
  playRtmp({ target: parseRtmpUrl(url), dial, onMessage: () => {}, signal: never, ...options });

function collect() {
  const samples: Sample[] = [];
  const demuxer = new FlvDemuxer({ tracks: () => {}, sample: (sample) => samples.push(sample) });
  const onMessage: PlayOptions['onMessage'] = (type, timestamp, payload) => demuxer.message(type, timestamp, payload);
  return { samples, onMessage };
}

/** Sends the whole clip at once, and the end of the stream behind it. */
function startClip(sink: BatchSink): void {
  const format = rtmpWireFormat({
    chunkSize: SERVER_CHUNK_SIZE,
    messageStreamId: SERVER_MESSAGE_STREAM_ID,
    timeline: 0,
  });
  const channel = new Channel(format, clip.tracks);
  channel.openFeed().open(sink);
  for (const sample of clip.samples) channel.append(sample, 0);
  channel.end();
}

describe('playRtmp', () => {
  it('gets from our own server what went in, and resolves at its end', async () => {
    const { samples, onMessage } = collect();
    await play(await serve(playing(startClip)), { onMessage });
    expect(samples.map(fields)).toEqual(clip.samples.map(fields));
  });

  it('gets from nginx-rtmp what was published there, and resolves when the publisher goes', async () => {
    const nginx = await startNginx();
    try {
      const { samples, onMessage } = collect();
      const accepted = Promise.withResolvers<void>();
      const watch = async (options: DialOptions) => {
        const connection = await dial(options);
        connection.socket.on('data', (bytes: Buffer) => {
          if (bytes.includes('NetStream.Play.Start')) accepted.resolve();
        });
        return connection;
      };
      const played = play(`${nginx.url}/live/relay`, { onMessage, dial: watch });
      await accepted.promise;
      const publisher = new RtmpPublisher(parseRtmpUrl(`${nginx.url}/live/relay`), { dial, connectTimeoutMs: 5000 });
      await publisher.connect(never);
      const channel = new Channel(publisher.wireFormat, clip.tracks);
      const sent = publisher.send(channel.openFeed(), never);
      for (const sample of clip.samples) channel.append(sample, 0);
      channel.end();
      await Promise.all([sent, played]);
      expect(samples.map(fields)).toEqual(clip.samples.map(fields));
    } finally {
      await nginx.stop();
    }
  });

  it('does not wait for ever for a stream that is accepted and never comes', async () => {
    const url = await serve(playing(() => {}));
    await expect(play(url, { firstMediaTimeoutMs: 50 })).rejects.toMatchObject({
      code: 'source_lost',
      detail: 'no media within 50 ms',
    });
  });

  it('is told that there is no such stream', async () => {
    const url = await serve({ accept: false, code: 'NetStream.Play.StreamNotFound', description: 'no such stream' });
    await expect(play(url)).rejects.toMatchObject({
      code: 'source_lost',
      detail: 'NetStream.Play.StreamNotFound: no such stream',
    });
  });

  it('drops the connection when it is told to', async () => {
    const stop = new AbortController();
    const url = await serve(playing(() => stop.abort(new Error('enough'))));
    await expect(play(url, { signal: stop.signal })).rejects.toThrow('enough');
    await vi.waitFor(() => expect(sockets[0]!.closed).toBe(true));
  });

  it('ends with protocol_violation when the receiver calls the media malformed', async () => {
    const url = await serve(playing(startClip));
    const onMessage = (): void => {
      throw new MalformedError('no picture');
    };
    await expect(play(url, { onMessage })).rejects.toMatchObject({ code: 'protocol_violation' });
  });

  it('breaks with source_lost when the connection breaks', async () => {
    const url = await serve(playing((sink) => sink.write(Buffer.from('0400000000000108010000002f', 'hex'))));
    const onMessage = (): void => {
      sockets[0]!.resetAndDestroy();
    };
    await expect(play(url, { onMessage })).rejects.toMatchObject({ code: 'source_lost' });
  });
});
