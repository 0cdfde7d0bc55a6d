import { setTimeout as sleep } from 'node:timers/promises';
import type { JournalEntry, Problem, PushStatus, PushView, StreamView, WorkerView } from '@pushfleet/contract';
import { request } from 'undici';
import { parseServerEvents, type ServerEvent } from './server-events.ts';
import { until } from './until.ts';

/** Body of a new push: stream, url and any option. */
export type NewPush = { readonly stream: string; readonly url: string } & Readonly<Record<string, unknown>>;

export interface ApiAnswer<Body = unknown> {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** JSON when the answer is JSON, else text. */
  readonly body: Body;
}

/** An answer that a test did not ask for. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly problem: Problem;

  constructor(method: string, path: string, status: number, body: unknown) {
    super(`${method} ${path} -> ${status} ${JSON.stringify(body)}`);
    this.status = status;
    this.problem = body as Problem;
  }
}

/** The figures of a push are as old as this at most, and as much again for what still waits for the rest of its group. */
const QUIET_MS = 2_000;
const MERGE_PATCH = 'application/merge-patch+json';

/** The scheduler's API as another program sees it. Methods reject with ApiError unless the answer is 2xx; `call` never does. */
export class Api {
  readonly url: string;
  readonly #token: string | undefined;

  constructor(url: string, token?: string) {
    this.url = url;
    this.#token = token;
  }

  /** `body`: text as it is, anything else as JSON. */
  async call(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<ApiAnswer> {
    const answer = await request(this.url + path, {
      method: method as 'GET',
      headers: {
        ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
        ...(body !== undefined && { 'content-type': contentType }),
      },
      body: body === undefined || typeof body === 'string' ? (body ?? null) : JSON.stringify(body),
    });
    const text = await answer.body.text();
    const isJson = String(answer.headers['content-type']).includes('json');
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: isJson && text !== '' ? JSON.parse(text) : text,
    };
  }

  async #ask<T>(method: string, path: string, body?: unknown, contentType?: string): Promise<T> {
    const answer = await this.call(method, `/api/v1${path}`, body, contentType);
    if (answer.status < 200 || answer.status > 299) throw new ApiError(method, path, answer.status, answer.body);
    return answer.body as T;
  }

  /** All pushes that match, through all pages. */
  async pushes(filter: Readonly<Record<string, string>> = {}): Promise<PushView[]> {
    const all: PushView[] = [];
    for (let cursor: string | null | undefined = ''; cursor !== null && cursor !== undefined; ) {
      const query = new URLSearchParams({ ...filter, limit: '500', ...(cursor !== '' && { cursor }) });
      const page: { pushes: PushView[]; next?: string | null } = await this.#ask('GET', `/pushes?${query}`);
      all.push(...page.pushes);
      cursor = page.next;
    }
    return all;
  }

  push(id: string): Promise<PushView> {
    return this.#ask('GET', `/pushes/${id}`);
  }

  createPush(push: NewPush): Promise<PushView> {
    return this.#ask('POST', '/pushes', push);
  }

  /** RFC 7396: an absent field does not change, null takes the default. */
  patchPush(id: string, patch: object): Promise<PushView> {
    return this.#ask('PATCH', `/pushes/${id}`, patch, MERGE_PATCH);
  }

  async deletePush(id: string): Promise<void> {
    await this.#ask('DELETE', `/pushes/${id}`);
  }

  pause(id: string): Promise<PushView> {
    return this.#ask('POST', `/pushes/${id}/pause`);
  }

  resume(id: string): Promise<PushView> {
    return this.#ask('POST', `/pushes/${id}/resume`);
  }

  restart(id: string): Promise<PushView> {
    return this.#ask('POST', `/pushes/${id}/restart`);
  }

  test(id: string): Promise<unknown> {
    return this.#ask('POST', `/pushes/${id}/test`);
  }

  /** Of a push that is not there. */
  testTarget(spec: object): Promise<unknown> {
    return this.#ask('POST', '/targets/test', spec);
  }

  async attempts(id: string): Promise<JournalEntry[]> {
    return (await this.#ask<{ attempts: JournalEntry[] }>('GET', `/pushes/${id}/attempts`)).attempts;
  }

  /** The journal once it has so many entries: an attempt is written down a moment after its end. */
  waitForAttempts(id: string, count: number): Promise<JournalEntry[]> {
    const enough = async () => {
      const attempts = await this.attempts(id);
      return attempts.length >= count && attempts;
    };
    return until(enough, { what: `${count} attempts of push ${id} in its journal` });
  }

  /** Resolves with the push when its source is silent and the last of it has left, too: nothing has for a while. */
  async waitForSilence(id: string): Promise<PushView> {
    let before = await this.waitForStatus(id, 'stalled');
    for (;;) {
      await sleep(QUIET_MS);
      const now = await this.push(id);
      if (now.frames === before.frames) return now;
      before = now;
    }
  }

  /** Pauses pushes, each once everything has gone out: see `waitForSilence`. Answers what they were like before. */
  pauseInSilence(pushes: readonly PushView[]): Promise<PushView[]> {
    return Promise.all(
      pushes.map(async ({ id }) => {
        const before = await this.waitForSilence(id);
        await this.pause(id);
        return before;
      }),
    );
  }

  async streams(): Promise<StreamView[]> {
    return (await this.#ask<{ streams: StreamView[] }>('GET', '/streams')).streams;
  }

  stream(name: string): Promise<StreamView> {
    return this.#ask('GET', `/streams/${encodeURIComponent(name)}`);
  }

  putStream(name: string, stream: object): Promise<StreamView> {
    return this.#ask('PUT', `/streams/${encodeURIComponent(name)}`, stream);
  }

  async deleteStream(name: string): Promise<void> {
    await this.#ask('DELETE', `/streams/${encodeURIComponent(name)}`);
  }

  async workers(): Promise<WorkerView[]> {
    return (await this.#ask<{ workers: WorkerView[] }>('GET', '/workers')).workers;
  }

  /** `worker`: its id. */
  drain(worker: string): Promise<unknown> {
    return this.#ask('POST', `/workers/${encodeURIComponent(worker)}/drain`);
  }

  undrain(worker: string): Promise<unknown> {
    return this.#ask('POST', `/workers/${encodeURIComponent(worker)}/undrain`);
  }

  scaling(): Promise<{ workers: number; capacity: number; used: number; pending: number; desired_workers: number }> {
    return this.#ask('GET', '/fleet/scaling');
  }

  /** The configuration in its own language. */
  config(): Promise<string> {
    return this.#ask('GET', '/config');
  }

  putConfig(text: string): Promise<unknown> {
    return this.#ask('PUT', '/config', text, 'text/plain');
  }

  /** Events as they come, those after `lastEventId` first, until the signal is aborted. */
  async *events(signal: AbortSignal, lastEventId?: string): AsyncGenerator<ServerEvent> {
    const headers = {
      accept: 'text/event-stream',
      ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
      ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
    };
    const answer = await request(`${this.url}/api/v1/events`, { headers, signal, bodyTimeout: 0 });
    yield* parseServerEvents(answer.body);
  }

  /** Resolves with the push once it has the status, or one of several. */
  async waitForStatus(id: string, status: PushStatus | readonly PushStatus[]): Promise<PushView> {
    const wanted: readonly string[] = typeof status === 'string' ? [status] : status;
    const seen: string[] = [];
    let last: PushView | undefined;
    const what = () =>
      `push ${id} to be ${wanted.join(' or ')}; it was ${seen.join(', then ') || 'not there'}; last error ${JSON.stringify(last?.last_error)}`;
    return until(
      async () => {
        last = await this.push(id);
        if (seen.at(-1) !== last.status) seen.push(last.status);
        return wanted.includes(last.status) ? last : undefined;
      },
      { what },
    );
  }
}
