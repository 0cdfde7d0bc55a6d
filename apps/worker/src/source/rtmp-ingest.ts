import { timingSafeEqual } from 'node:crypto';
import net from 'node:net';
import type { DesiredStream } from '@pushfleet/contract';
import {
  type ChannelFeed,
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
import type { Logger } from 'pino';
import type { FactWriter } from '../status/fact-writer.ts';
import type { LiveRegistry } from './live-registry.ts';
import type { ClusterPulls } from './rtmp-pull.ts';
import type { SourceLease, StreamHubs } from './stream-hubs.ts';

export interface RtmpIngestDeps {
  readonly hubs: StreamHubs;
  readonly live: LiveRegistry;
  readonly pulls: ClusterPulls;
  readonly stream: (name: string) => Promise<DesiredStream | undefined>;
  readonly facts: FactWriter;
  readonly workerName: string;
  readonly draining: () => boolean;
  readonly log: Logger;
}

/** A publisher that has been silent for this long gives way to a new one with the right password: encoders reconnect before TCP notices. */
const REPLACEABLE_AFTER_MS = 3_000;
/** How long a player waits for a stream that has to be fetched first. */
const PLAY_WAIT_MS = 5_000;

interface Publication {
  readonly lease: SourceLease;
  /** performance.now() when the publisher was accepted. */
  readonly startedAt: number;
  close(reason: string): void;
}

type Refusal = PublishAnswer & { accept: false };

const busy = (name: string, where: string): Refusal => ({
  accept: false,
  code: 'NetStream.Publish.BadName',
  description: `${name} is already published ${where}`,
});
const denied = (description: string): Refusal => ({ accept: false, code: 'NetStream.Publish.Denied', description });

/** The RTMP port of a worker: takes published streams in, serves any live stream to players and to other workers. */
export class RtmpIngest {
  readonly #deps: RtmpIngestDeps;
  readonly #publications = new Map<string, Publication>();
  /** Names for which a publisher is just being let in: of several that come at the same moment only one may. */
  readonly #claiming = new Set<string>();
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

  /** The stream's settings have changed: a publication that would be refused now ends. */
  recheck(stream: DesiredStream): void {
    if (mayBePublished(stream) === undefined) return;
    this.#publications.get(stream.name)?.close('the stream takes no publisher any more');
  }

  /** Somebody wants to publish the stream at another worker: a publisher that is silent gives way, as it would to one here. */
  yieldIfSilent(name: string): void {
    const publication = this.#publications.get(name);
    if (publication !== undefined && isReplaceable(publication)) publication.close('replaced by a new publisher');
  }

  /** Ends every publication and connection. */
  async close(): Promise<void> {
    this.#server.close();
    for (const publication of this.#publications.values()) publication.close('the worker stops');
    for (const socket of this.#sockets) socket.destroySoon();
    await Promise.all([...this.#publications.keys()].map((name) => this.#deps.live.release(name)));
  }

  #serve(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    serveRtmpConnection(socket, {
      publish: (request, connection) => this.#publish(request, (reason) => connection.close(reason)),
      play: (request) => this.#play(request),
      failed: (err) => this.#deps.log.error({ err }, 'connection failed'),
    });
  }

  async #publish(request: PublishRequest, close: (reason: string) => void): Promise<PublishAnswer> {
    const { name, peer } = request;
    const refusal = await this.#refusal(request);
    if (refusal !== undefined) return this.#refuse(request, refusal);
    if (this.#claiming.has(name)) return this.#refuse(request, busy(name, 'here'));
    this.#claiming.add(name);
    try {
      const taken = await this.#takeName(name, peer);
      return taken === undefined ? this.#accept(request, close) : this.#refuse(request, taken);
    } finally {
      this.#claiming.delete(name);
    }
  }

  #refuse({ name, peer }: PublishRequest, refusal: Refusal): Refusal {
    this.#deps.log.warn({ stream: name, publisher: peer, reason: refusal.description }, 'publisher refused');
    this.#event('stream_refused', name, peer, refusal.description);
    return refusal;
  }

  #accept(request: PublishRequest, close: (reason: string) => void): PublishAnswer {
    const { name } = request;
    const lease = this.#deps.hubs.acquire(name);
    const source = this.#deps.hubs.inputs(name)!.publish();
    const demuxer = new FlvDemuxer(source);
    const publication: Publication = { lease, startedAt: performance.now(), close };
    this.#publications.set(name, publication);
    this.#deps.log.info({ stream: name, publisher: request.peer, agent: request.agent }, 'stream_started');
    this.#event('stream_started', name, request.peer, '');
    const ended = (reason: string) => {
      source.end();
      lease.release();
      this.#deps.log.info({ stream: name, publisher: request.peer, reason }, 'stream_stopped');
      this.#event('stream_stopped', name, request.peer, reason);
      if (this.#publications.get(name) !== publication) return;
      this.#publications.delete(name);
      void this.#deps.live.release(name);
    };
    return {
      accept: true,
      sink: { message: (type, timestamp, payload) => demuxer.message(type, timestamp, payload), ended },
    };
  }

  /** Undefined when the publisher may have the name. */
  async #refusal({ name, query }: PublishRequest): Promise<Refusal | undefined> {
    if (this.#deps.draining()) return denied('this worker is being drained');
    const stream = await this.#deps.stream(name).catch(() => undefined);
    if (stream === undefined) return denied(`there is no stream ${name}`);
    const reason = mayBePublished(stream);
    if (reason !== undefined) return denied(reason);
    return passwordMatches(stream.spec.password, query) ? undefined : denied('wrong password');
  }

  /** Undefined when the name is the publisher's now, in the whole fleet. */
  async #takeName(name: string, peer: string): Promise<Refusal | undefined> {
    const before = this.#publications.get(name);
    if (before !== undefined) {
      if (!isReplaceable(before)) return busy(name, 'here');
      this.#publications.delete(name);
      before.close('replaced by a new publisher');
    }
    const holder = await this.#deps.live.claim(name, peer, ({ workerName }) =>
      this.#publications.get(name)?.close(`${name} is already published at worker ${workerName}`),
    );
    if (holder === undefined) return undefined;
    await this.#deps.live.doubt(name); // encoders try again, and may find the name free then
    return busy(name, `at worker ${holder.workerName}`);
  }

  async #play(request: PlayRequest): Promise<PlayAnswer> {
    const { name } = request;
    const notFound = {
      accept: false,
      code: 'NetStream.Play.StreamNotFound',
      description: `${name} is not live`,
    } as const;
    const who = this.#deps.pulls.classify(name, request.query);
    if (who === 'impostor') return { accept: false, code: 'NetStream.Play.Failed', description: 'wrong cluster key' };
    // A worker is served only what is published right here: pulls never run in a circle.
    if (who === 'worker' && this.#deps.hubs.inputs(name)?.published !== true) return notFound;
    const lease = this.#deps.hubs.acquire(name);
    try {
      if (!lease.hub.live) await lease.hub.nextSample(AbortSignal.timeout(PLAY_WAIT_MS));
    } catch {
      lease.release();
      return notFound;
    }
    let feed: ChannelFeed | undefined;
    return {
      accept: true,
      start: (sink) => {
        feed = lease.hub.openFeed(
          rtmpWireFormat({ chunkSize: SERVER_CHUNK_SIZE, messageStreamId: SERVER_MESSAGE_STREAM_ID, timeline: 0 }),
        );
        feed.open(sink);
      },
      stopped: () => {
        feed?.close();
        lease.release();
      },
    };
  }

  #event(
    event: 'stream_started' | 'stream_stopped' | 'stream_refused',
    stream: string,
    peer: string,
    message: string,
  ): void {
    this.#deps.facts.event({
      event,
      at: new Date().toISOString(),
      stream,
      peer,
      worker: this.#deps.workerName,
      message,
    });
  }
}

/** Before its first sample the silence of a publisher counts from its start: what the hub has is of somebody before. */
function isReplaceable({ lease, startedAt }: Publication): boolean {
  return Math.min(lease.hub.silentMs, performance.now() - startedAt) >= REPLACEABLE_AFTER_MS;
}

/** Undefined when the stream takes publishers; else why not. */
function mayBePublished({ name, removed, spec }: DesiredStream): string | undefined {
  if (removed) return `there is no stream ${name}`;
  if (spec.disabled === true) return `stream ${name} is disabled`;
  if (!spec.inputs?.some((input) => input.startsWith('publish:'))) return `stream ${name} has no input publish://`;
  return undefined;
}

/** Publishers give the stream's password as `?password=`; without a password everyone may publish. */
function passwordMatches(password: string | undefined, query: string): boolean {
  if (password === undefined || password === '') return true;
  const given = Buffer.from(new URLSearchParams(query).get('password') ?? '');
  const expected = Buffer.from(password);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
