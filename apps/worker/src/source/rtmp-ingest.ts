import net from 'node:net';
import {
  FlvDemuxer,
  type PlayAnswer,
  type PlayRequest,
  type PublishAnswer,
  type PublishRequest,
  rtmpWireFormat,
  SERVER_CHUNK_SIZE,
  SERVER_MESSAGE_STREAM_ID,
  serveRtmpConnection,
} from '@pushfleet/protocols';
import { lowWaterOf } from '../net/low-water.ts';
import { withSharedReads } from '../net/shared-reads.ts';
import type { Players } from './players.ts';
import type { Publications } from './publications.ts';

export interface RtmpIngestDeps {
  readonly publications: Publications;
  readonly players: Players;
  /** A fault of ours; the peer has been sent away. */
  readonly failed: (error: unknown) => void;
}

const PLAY_FORMAT = rtmpWireFormat({
  chunkSize: SERVER_CHUNK_SIZE,
  messageStreamId: SERVER_MESSAGE_STREAM_ID,
  timeline: 0,
});

/** The RTMP port of a worker: takes published streams in, serves any live stream to players and to other workers. */
export class RtmpIngest {
  readonly #deps: RtmpIngestDeps;
  readonly #sockets = new Set<net.Socket>();
  readonly #server: net.Server;

  constructor(deps: RtmpIngestDeps) {
    this.#deps = deps;
    this.#server = net.createServer({ noDelay: true }, (socket) => this.#serve(socket));
  }

  /** Resolves with the port that was bound. */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      // Stays: an error of a later accept must not end the process.
      this.#server.on('error', reject);
      this.#server.listen(port, host, () => resolve((this.#server.address() as net.AddressInfo).port));
    });
  }

  /** Serves a connection that came in elsewhere on this host; one that comes too late is closed. */
  adopt(socket: net.Socket): void {
    if (this.#server.listening) this.#serve(socket);
    else socket.destroy();
  }

  /** Ends every connection. */
  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroySoon();
  }

  #serve(accepted: net.Socket): void {
    const socket = withSharedReads(accepted);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    serveRtmpConnection(
      socket,
      {
        publish: (request, connection) => this.#publish(request, (reason) => connection.close(reason)),
        play: (request) => this.#play(request),
        failed: this.#deps.failed,
      },
      { lowWater: lowWaterOf(socket) },
    );
  }

  async #publish(request: PublishRequest, close: (reason: string) => void): Promise<PublishAnswer> {
    const { name, query, peer, agent } = request;
    const password = new URLSearchParams(query).get('password') ?? '';
    const applicant = { name, peer, agent, password };
    const admission = await this.#deps.publications.admit(applicant, ({ reason }) => close(reason));
    if (!admission.accept) {
      const { code, reason } = admission.refusal;
      const isBusy = code === 'name_taken';
      return {
        accept: false,
        code: isBusy ? 'NetStream.Publish.BadName' : 'NetStream.Publish.Denied',
        description: reason,
      };
    }
    const { publication } = admission;
    const demuxer = new FlvDemuxer(publication.source);
    return {
      accept: true,
      sink: {
        message: (type, timestamp, payload) => demuxer.message(type, timestamp, payload),
        holds: (memory) => demuxer.holds(memory) || publication.holds(memory),
        ended: (reason) => publication.ended(reason),
      },
    };
  }

  async #play({ name, query }: PlayRequest): Promise<PlayAnswer> {
    const admission = await this.#deps.players.admit(name, query);
    if (!admission.accept) {
      const code = admission.code === 'forged' ? 'NetStream.Play.Failed' : 'NetStream.Play.StreamNotFound';
      return { accept: false, code, description: admission.reason };
    }
    const { play } = admission;
    return { accept: true, start: (sink) => play.start(PLAY_FORMAT, sink), stopped: () => play.stopped() };
  }
}
