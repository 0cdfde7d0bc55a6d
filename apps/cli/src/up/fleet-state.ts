import type { PushView, StreamView, WorkerView } from '@pushfleet/contract';
import type { ApiClient } from '../api/client.ts';
import type { Received } from '../demo/received.ts';

/** What `up` knows of its fleet at one moment. */
export interface FleetState {
  /** Base URL of the API. */
  readonly api: string;
  /** The API has answered the last question. */
  readonly answering: boolean;
  /** The API has answered before. */
  readonly answered: boolean;
  readonly phase: 'running' | 'stopping' | 'stopped';
  /** `host:port` of the workers' ingest; empty when it is off or not yet known. */
  readonly rtmp: string;
  readonly http: string;
  readonly workers: readonly WorkerView[];
  readonly streams: readonly StreamView[];
  readonly pushes: readonly PushView[];
  /** There are more pushes than were asked for. */
  readonly more: boolean;
  /** What the local receiver of the demo gets; undefined without one. */
  readonly received: readonly Received[] | undefined;
}

/** Before anybody has answered. */
export function unknownFleet(api: string, received?: readonly Received[]): FleetState {
  return {
    api,
    answering: false,
    answered: false,
    phase: 'running',
    rtmp: '',
    http: '',
    workers: [],
    streams: [],
    pushes: [],
    more: false,
    received,
  };
}

const ANSWER_TIMEOUT_MS = 3000;
/** More do not fit on any screen; `pushfleet ls` and the dashboard show them all. */
const PUSHES_ASKED_FOR = 500;

/** The part of the state that the API tells. */
export type Answer = Pick<FleetState, 'answering' | 'answered' | 'pushes' | 'more' | 'streams' | 'workers'>;

/** Asks the API for all that changes. While it is away, what it said last stands. */
export async function ask(api: ApiClient): Promise<Partial<Answer>> {
  const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  try {
    const [page, streams, workers] = await Promise.all([
      api.pushPage({}, { limit: PUSHES_ASKED_FOR, signal }),
      api.streams(signal),
      api.workers(signal).then(({ workers }) => workers),
    ]);
    const { pushes, next } = page;
    return { answering: true, answered: true, pushes, more: next !== null, streams, workers };
  } catch {
    return { answering: false };
  }
}
