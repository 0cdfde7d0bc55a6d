import { pushJobId } from '@pushfleet/contract';
import type { Api } from './api.ts';

/** A job as Bull Board shows it. */
export interface BoardJob {
  /** Attempts made. */
  readonly attempts: number;
  /** Milliseconds that it waits, or has waited, for its next attempt. */
  readonly delay: number;
  readonly failedReason?: string;
  readonly stacktrace: readonly string[];
  readonly opts: { readonly attempts: number; readonly backoff: { readonly type: string; readonly delay: number } };
  readonly data: unknown;
}

/** The answer of Bull Board for the job of a push of the default pool. Rejects unless it is 200. */
export async function boardJobOf(api: Api, pushId: string): Promise<{ job: BoardJob; status: string }> {
  const path = `/queues/api/queues/push-default/${pushJobId(pushId)}`;
  const { status, body } = await api.call('GET', path);
  if (status !== 200) throw new Error(`GET ${path} -> ${status} ${JSON.stringify(body)}`);
  return body as { job: BoardJob; status: string };
}
