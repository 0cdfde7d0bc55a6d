import { ApiProblem } from './problem.ts';

interface RequestOptions {
  readonly body?: unknown;
  /** A text body, sent as it stands. */
  readonly text?: string;
  readonly contentType?: string;
  readonly accept?: string;
  readonly signal?: AbortSignal;
}

/** Told when an answer says that a login is needed. */
let onLoginNeeded = (): void => {};
export function whenLoginIsNeeded(tell: () => void): void {
  onLoginNeeded = tell;
}

/**
 * One request to the API, `path` from `/api/v1` on. Resolves with the content of the answer: parsed JSON, a text, or undefined when there is none; rejects with
 * ApiProblem alone, or with the reason of `signal`. The session cookie goes along; the extra header shows the API that no foreign page has
 * sent this.
 */
export async function request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
  const { body, text, accept = 'application/json', signal } = options;
  const content = text ?? (body === undefined ? undefined : JSON.stringify(body));
  const contentType = options.contentType ?? (text === undefined ? 'application/json' : 'text/plain');
  const answer = await fetch(`/api/v1${path}`, {
    method,
    headers: {
      accept,
      'x-requested-with': 'pushfleet-dashboard',
      ...(content !== undefined && { 'content-type': contentType }),
    },
    credentials: 'same-origin',
    cache: 'no-store',
    ...(content !== undefined && { body: content }),
    ...(signal && { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new ApiProblem(0, { code: 'unreachable' });
  });
  const type = answer.headers.get('content-type') ?? '';
  const isJson = /^application\/(problem\+)?json\b/.test(type);
  const received = isJson ? await answer.json().catch(() => undefined) : undefined;
  if (answer.ok) return (isJson ? received : type.startsWith('text/plain') ? await answer.text() : undefined) as T;
  if (answer.status === 401 && path !== '/session') onLoginNeeded();
  throw new ApiProblem(answer.status, received ?? {});
}

export const get = <T>(path: string, signal?: AbortSignal): Promise<T> =>
  request('GET', path, signal === undefined ? {} : { signal });
export const post = <T>(path: string, body?: unknown): Promise<T> => request('POST', path, { body });
