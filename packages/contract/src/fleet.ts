/** What keeps a worker from taking one more push. */
export const fullCauses = ['capacity', 'cpu', 'loop_delay', 'egress'] as const;
export type FullCause = (typeof fullCauses)[number];

/** What a worker says of itself with every heartbeat. */
export interface WorkerRecord {
  /** Unique per process: BullMQ's worker id, so that a lock token `<id>:<n>` names its holder. */
  readonly id: string;
  /** PUSHFLEET_WORKER_ID. */
  readonly name: string;
  readonly pool: string;
  readonly capacity: number;
  /** Pushes held, those that wait for a source included. */
  readonly held: number;
  readonly state: 'ready' | 'draining';
  /** Null while it takes pushes. Full is no state of its own: what it holds goes on, and it can drain as well. */
  readonly fullCause: FullCause | null;
  /** The same in words for people, with figure and limit; empty while it takes pushes. */
  readonly full: string;
  /** PUSHFLEET_LABELS. */
  readonly labels: Readonly<Record<string, string>>;
  /** `host:port` under which other workers reach the ingest; empty when it is off. */
  readonly rtmp: string;
  readonly http: string;
  readonly version: string;
  readonly startedAt: string;
  readonly egressBps: number;
  /** Of one core, over the last seconds. */
  readonly cpuPercent: number;
  /** 98th percentile of the last seconds. */
  readonly eventLoopDelayMs: number;
}

/** Somebody wants a worker to hold nothing. Goes with its name, so that it outlives the process. */
export interface Drain {
  /** Name of the API key, or `api`. */
  readonly by: string;
  /** RFC 3339. */
  readonly at: string;
}

/** Which worker takes a stream in. */
export interface LiveSource {
  readonly stream: string;
  /** WorkerRecord.id */
  readonly worker: string;
  readonly workerName: string;
  /** `host:port` to pull from by RTMP; empty when that worker serves none. */
  readonly rtmp: string;
  /** `host:port` of that worker's HTTP ingest; empty when it is off. */
  readonly http: string;
  /** Names this very publication: only its owner may withdraw it. */
  readonly token: string;
  readonly publisher: string;
  readonly since: string;
}

/** Messages on the control channel. Each one is only a hint that makes the next look at the truth come sooner. */
export type ControlMessage =
  /** The desired state of a push has changed: its holder looks at it now. */
  | { readonly op: 'push'; readonly push: string }
  /** A stream has come live or has gone. */
  | { readonly op: 'live'; readonly stream: string }
  /** Somebody waits to publish the stream elsewhere: its worker lets go of a publisher that is silent. */
  | { readonly op: 'doubt'; readonly stream: string }
  /** The set of workers has changed: beat now. */
  | { readonly op: 'beat' }
  /** More jobs are locked by the worker with this id than it holds: it looks for those that it has forgotten. */
  | { readonly op: 'audit'; readonly worker: string }
  /**
   * Somebody wants to know whether this worker (WorkerRecord.id) reaches the target of the push; the answer goes under the key of `test`.
   * `noPublish`: why it shall stop before it publishes, empty when it need not.
   */
  | {
      readonly op: 'test';
      readonly worker: string;
      readonly test: string;
      /** Null: the push is not saved and stands under the key of the test. */
      readonly push: string | null;
      readonly noPublish: string;
    }
  /** The worker of this name is to be drained, or no more: it beats now and reads what holds. */
  | { readonly op: 'drain'; readonly worker: string };
