import { type IncomingMessage, request } from 'node:http';
import { ApiError, type MediaInfo, mediaInfoSchema } from '@pushfleet/contract';
import type { PushIndex } from '../push/push-index.ts';
import type { StatusReader, StatusSnapshot } from '../status/status-reader.ts';

export interface StreamMediaDeps {
  readonly index: PushIndex;
  readonly status: StatusReader;
}

/** Workers answer this at once, or are of no use for it now. */
const INFO_TIMEOUT_MS = 800;
/** A worker waits for the first picture this long, and a little for the way. */
const PREVIEW_TIMEOUT_MS = 7_000;
const MAX_PREVIEWS = 16;
const MAX_REDIRECTS = 2;

/** What the worker that has a stream says of it and plays of it. */
export class StreamMedia {
  readonly #deps: StreamMediaDeps;
  #previews = 0;

  constructor(deps: StreamMediaDeps) {
    this.#deps = deps;
  }

  /** Null while no worker has the stream, or the one that has it cannot be asked. */
  async info(stream: string): Promise<MediaInfo | null> {
    const address = this.#addressOf(stream, await this.#deps.status.snapshot());
    if (address === undefined) return null;
    try {
      const url = `http://${address}/media_info?stream=${encodeURIComponent(stream)}`;
      const answer = await fetch(url, { signal: AbortSignal.timeout(INFO_TIMEOUT_MS) });
      return answer.ok ? mediaInfoSchema.parse(await answer.json()) : null;
    } catch {
      return null;
    }
  }

  /**
   * The stream as MPEG-TS, without an end; whoever takes it destroys it. Rejects with ApiError `stream_not_live`, `worker_silent` or
   * `too_many_previews`.
   */
  async preview(stream: string): Promise<IncomingMessage> {
    if (this.#previews >= MAX_PREVIEWS) throw new ApiError('too_many_previews', `There are ${MAX_PREVIEWS} already.`);
    this.#previews++;
    const over = () => {
      this.#previews--;
    };
    try {
      const body = await this.#open(stream);
      body.once('close', over);
      return body;
    } catch (error) {
      over();
      throw error;
    }
  }

  async #open(stream: string): Promise<IncomingMessage> {
    const snapshot = await this.#deps.status.snapshot();
    let address = this.#addressOf(stream, snapshot);
    const path = `/${stream.split('/').map(encodeURIComponent).join('/')}/mpegts`;
    for (let redirects = 0; address !== undefined && redirects <= MAX_REDIRECTS; redirects++) {
      const answer = await get(`http://${address}${path}`);
      if (answer.statusCode === 200) return answer;
      answer.destroy();
      const next = URL.parse(answer.headers.location ?? '')?.host;
      // A worker sends to another one of the fleet, and nobody sends us anywhere else.
      address = snapshot.members.find(({ http }) => http === next)?.http;
    }
    throw new ApiError('stream_not_live', `No worker sends the stream '${stream}' now.`);
  }

  /** Where it is published, or where one of its pushes is held. */
  #addressOf(stream: string, { live, members, reports }: StatusSnapshot): string | undefined {
    const source = live.get(stream);
    if (source !== undefined && source.http !== '') return source.http;
    for (const { id } of this.#deps.index.ofStream(stream)) {
      const report = reports.get(id);
      if (report === undefined || report.status === 'error') continue;
      const worker = members.find(({ name, state, http }) => name === report.worker && state !== 'lost' && http !== '');
      if (worker !== undefined) return worker.http;
    }
    return undefined;
  }
}

function get(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false }, (answer) => {
      asked.setTimeout(0);
      resolve(answer);
    });
    const silent = new ApiError('worker_silent', 'The worker that has the stream does not answer.');
    asked.setTimeout(PREVIEW_TIMEOUT_MS, () => asked.destroy(silent));
    asked.once('error', () => reject(silent));
    asked.end();
  });
}
