import type { Drain, FleetEvent, JournalEntry, PushView, StreamView, WorkerView } from '@pushfleet/contract';
import { request } from 'undici';
import { CliError } from '../cli-error.ts';
import { parseEventStream } from './event-stream.ts';
import { problemToError } from './problem.ts';

/** Filters of the list of pushes, as the API names them. */
export interface PushFilter {
  readonly q?: string | undefined;
  readonly status?: string | undefined;
  readonly stream?: string | undefined;
  readonly worker?: string | undefined;
}

/** Body of a new push; the API validates it and gives defaults to what is absent. */
export type NewPush = { readonly stream: string; readonly url: string } & Readonly<Record<string, unknown>>;

/** The workers that run, and the names that shall hold nothing, whether they run or not. */
export interface WorkerList {
  readonly workers: WorkerView[];
  readonly drains: readonly (Drain & { readonly worker: string })[];
}

export type PushAction = 'pause' | 'resume' | 'restart';

/** An event with the id to resume after. */
export interface NumberedEvent {
  readonly id: string;
  readonly event: FleetEvent;
}

interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** 0 for a body that never ends. */
  readonly bodyTimeoutMs?: number;
}

const PAGE_SIZE = 500;
const ANSWER_TIMEOUT_MS = 10_000;

/** The scheduler's API, version 1. Every method rejects with CliError: `unreachable` without an answer, else after the problem's status. */
export class ApiClient {
  /** Where the API is; without user name, password and query, so fit to be shown. */
  readonly address: string;
  readonly #token: string | undefined;
  #staleSince: string | undefined;

  /** `baseUrl` may have a path, for a scheduler behind a reverse proxy. */
  constructor(baseUrl: string, token?: string) {
    const { origin, pathname } = new URL(baseUrl);
    this.address = origin + pathname.replace(/\/+$/, '');
    this.#token = token;
  }

  /** Redis does not answer the scheduler: what it said last is as it was known at this time, RFC 3339. Undefined when it is fresh. */
  get staleSince(): string | undefined {
    return this.#staleSince;
  }

  /** One page; `next` is null on the last one. */
  pushPage(
    filter: PushFilter,
    options: { readonly limit: number; readonly cursor?: string | undefined; readonly signal?: AbortSignal },
  ): Promise<{ pushes: PushView[]; next: string | null }> {
    const { limit, cursor, signal } = options;
    return this.#json('/api/v1/pushes', { query: { ...filter, limit, cursor }, signal });
  }

  /** All pushes that match, page by page. */
  async *pushes(filter: PushFilter = {}): AsyncGenerator<PushView> {
    let cursor: string | undefined;
    do {
      const page = await this.pushPage(filter, { limit: PAGE_SIZE, cursor });
      yield* page.pushes;
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
  }

  async allPushes(filter: PushFilter = {}): Promise<PushView[]> {
    const all: PushView[] = [];
    for await (const push of this.pushes(filter)) all.push(push);
    return all;
  }

  push(id: string): Promise<PushView> {
    return this.#json(pushPath(id));
  }

  async attempts(id: string): Promise<JournalEntry[]> {
    return (await this.#json<{ attempts: JournalEntry[] }>(`${pushPath(id)}/attempts`)).attempts;
  }

  addPush(push: NewPush): Promise<PushView> {
    return this.#json('/api/v1/pushes', { method: 'POST', body: push });
  }

  act(id: string, action: PushAction): Promise<PushView> {
    return this.#json(`${pushPath(id)}/${action}`, { method: 'POST' });
  }

  async deletePush(id: string): Promise<void> {
    await this.#text(pushPath(id), { method: 'DELETE' });
  }

  async streams(signal?: AbortSignal): Promise<StreamView[]> {
    return (await this.#json<{ streams: StreamView[] }>('/api/v1/streams', { signal })).streams;
  }

  workers(signal?: AbortSignal): Promise<WorkerList> {
    return this.#json('/api/v1/workers', { signal });
  }

  /** `worker`: its id or name. Undefined when no process has the name now. */
  async drain(worker: string, action: 'drain' | 'undrain'): Promise<WorkerView | undefined> {
    const text = await this.#text(`/api/v1/workers/${encodeURIComponent(worker)}/${action}`, { method: 'POST' });
    return text === '' ? undefined : (JSON.parse(text) as WorkerView);
  }

  /**
   * One connection's events, those after `lastEventId` first; `onGap` is called when some of them are not kept any more, `onStale` when Redis
   * goes (with the time of its last answer) and when it is back. Ends when the server or the network ends the connection.
   */
  async *events(
    lastEventId: string | undefined,
    signal: AbortSignal,
    onGap: () => void,
    onStale: (asOf: string | undefined) => void = () => {},
  ): AsyncGenerator<NumberedEvent> {
    const headers = {
      accept: 'text/event-stream',
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    };
    const body = await this.#open('/api/v1/events', { headers, signal, bodyTimeoutMs: 0 });
    for await (const { id, type, data } of parseEventStream(body)) {
      if (type === 'reset') onGap();
      else if (type === 'stale') onStale(staleSince(JSON.parse(data)));
      else yield { id, event: JSON.parse(data) as FleetEvent };
    }
  }

  async #json<T>(path: string, options: RequestOptions = {}): Promise<T> {
    return JSON.parse(await this.#text(path, options)) as T;
  }

  async #text(path: string, options: RequestOptions): Promise<string> {
    return (await this.#open(path, options)).text();
  }

  /** The body of a successful answer. */
  async #open(path: string, options: RequestOptions) {
    const { method = 'GET', query = {}, body, headers = {}, signal, bodyTimeoutMs = ANSWER_TIMEOUT_MS } = options;
    const url = new URL(this.address + path);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, `${value}`);
    const answer = await request(url, {
      method,
      headers: {
        accept: 'application/json',
        ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
      headersTimeout: ANSWER_TIMEOUT_MS,
      bodyTimeout: bodyTimeoutMs,
    }).catch((cause: unknown) => {
      throw signal?.aborted === true ? cause : this.#unreachable(cause);
    });
    const { 'pushfleet-stale': stale, 'pushfleet-as-of': asOf } = answer.headers;
    this.#staleSince = staleSince({ stale: stale === 'true', as_of: asOf });
    if (answer.statusCode >= 300) throw problemToError(answer.statusCode, await answer.body.text());
    return answer.body;
  }

  #unreachable(cause: unknown): CliError {
    const reason = cause instanceof Error && 'code' in cause ? ` (${cause.code})` : '';
    return new CliError('unreachable', `The API at ${this.address} does not answer${reason}.`, {
      remedy: 'Start Pushfleet with `pushfleet up`, or set PUSHFLEET_URL to the address of a scheduler.',
      cause,
    });
  }
}

function staleSince({ stale, as_of: asOf }: { stale?: boolean; as_of?: unknown }): string | undefined {
  if (stale !== true) return undefined;
  return typeof asOf === 'string' ? asOf : '';
}

const pushPath = (id: string): string => `/api/v1/pushes/${encodeURIComponent(id)}`;
