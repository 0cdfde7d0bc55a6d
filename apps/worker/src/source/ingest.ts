import type { Socket } from 'node:net';
import type { DesiredStream } from '@pushfleet/contract';
import type { Exchange } from '../http/exchange.ts';
import type { ClusterPulls } from './cluster-pulls.ts';
import { Elsewhere } from './elsewhere.ts';
import { HttpIngest } from './http-ingest.ts';
import { HttpMedia } from './http-media.ts';
import { HttpPlayout } from './http-playout.ts';
import { Players } from './players.ts';
import { Publications, type PublicationsDeps } from './publications.ts';
import { RtmpIngest } from './rtmp-ingest.ts';

export interface IngestDeps extends PublicationsDeps {
  readonly pulls: ClusterPulls;
  /** HTTP addresses, `host:port`: of this worker, and of the others that live and are not being drained. */
  readonly httpAddress: () => string;
  readonly readyPeers: () => readonly string[];
  /** The HTTP address is that of another process of this host. */
  readonly isSibling: (address: string) => boolean;
  /** An HTTP publisher that sends no media for this long is sent away. */
  readonly mediaTimeoutMs?: number;
}

/** As over RTMP. */
const MEDIA_TIMEOUT_MS = 15_000;

/** The streams that come in at the ports of this worker, and that are served there: RTMP and HTTP behind one door. */
export class Ingest {
  readonly #publications: Publications;
  readonly #rtmp: RtmpIngest;
  readonly #playout: HttpPlayout;
  readonly #media: HttpMedia;

  constructor(deps: IngestDeps) {
    const { live, httpAddress: self, readyPeers: ready, isSibling, draining, log } = deps;
    const { mediaTimeoutMs = MEDIA_TIMEOUT_MS } = deps;
    const failed = (err: unknown) => log.error({ err }, 'connection failed');
    const publications = new Publications(deps);
    const players = new Players(deps);
    const elsewhere = new Elsewhere({ live, self, ready, isSibling });
    this.#publications = publications;
    this.#rtmp = new RtmpIngest({ publications, players, failed });
    this.#playout = new HttpPlayout({ publications, players, elsewhere, draining });
    this.#media = new HttpMedia(new HttpIngest({ publications, elsewhere, mediaTimeoutMs, failed }), this.#playout);
  }

  /** Resolves with the RTMP port that was bound. */
  listen(port: number, host: string): Promise<number> {
    return this.#rtmp.listen(port, host);
  }

  /** Serves a connection that came to the RTMP port which this worker shares with others. */
  adopt(socket: Socket): void {
    this.#rtmp.adopt(socket);
  }

  /** A request to the HTTP port that concerns a stream. */
  answer(exchange: Exchange): Promise<void> {
    return this.#media.answer(exchange);
  }

  /** The stream's settings have changed: a publication that the stream takes no more ends. A new password is asked from the next one. */
  recheck(stream: DesiredStream): void {
    this.#publications.recheck(stream);
  }

  /** Somebody wants to publish the stream at another worker: a publisher that is silent gives way, as it would to one here. */
  yieldIfSilent(name: string): void {
    this.#publications.yieldIfSilent(name);
  }

  /** Ends every publication and whatever is served. Resolves when the names are free for others. */
  async close(): Promise<void> {
    const freed = this.#publications.close();
    this.#rtmp.close();
    this.#playout.close();
    await freed;
  }
}
