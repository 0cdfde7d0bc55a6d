/** Every Redis key of the fleet. One hash tag keeps them in one slot of a Redis Cluster, beside BullMQ's own keys. */
export class Keys {
  /** Also BullMQ's `prefix`. */
  readonly tag: string;

  constructor(prefix = 'pushfleet') {
    this.tag = `{${prefix}}`;
  }

  // Desired state: what people want. Written by schedulers only.
  /** Counter; every change of desired state takes the next number. */
  get revision(): string {
    return `${this.tag}:d:revision`;
  }
  /** Sorted set push id -> revision of its last change. */
  get pushes(): string {
    return `${this.tag}:d:pushes`;
  }
  /** Sorted set stream name -> revision of its last change. */
  get streams(): string {
    return `${this.tag}:d:streams`;
  }
  /** Hash, see `desired.ts`. */
  push(id: string): string {
    return `${this.tag}:d:push:${id}`;
  }
  /** Hash, see `desired.ts`. */
  stream(name: string): string {
    return `${this.tag}:d:stream:${name}`;
  }

  /** Hash worker name -> Drain as JSON: the workers that shall hold nothing. */
  get drains(): string {
    return `${this.tag}:d:drains`;
  }

  // What is true now. Written by the worker that holds the push.
  /** Hash push id -> its report with the time until which it speaks, see `status.ts`. */
  get reports(): string {
    return `${this.tag}:s`;
  }
  /** Hash: totals that outlive sessions and workers. */
  counters(id: string): string {
    return `${this.tag}:c:${id}`;
  }
  /** List of JournalEntry as JSON, newest first, 50 at most. */
  journal(id: string): string {
    return `${this.tag}:j:${id}`;
  }
  /** Hash {epoch, target, state}, expiring: what a push's attempts leave to the next one at the same target. */
  memory(id: string): string {
    return `${this.tag}:m:${id}`;
  }
  /** String: TargetTest as JSON, expiring. */
  targetTest(id: string): string {
    return `${this.tag}:t:${id}`;
  }
  /** String: the DesiredPush of a test whose push is not saved, as JSON, expiring; with its secrets, so the worker that reads it takes it away. */
  targetDraft(test: string): string {
    return `${this.tag}:td:${test}`;
  }
  /** Capped stream of FleetEvent, field `e`. */
  get events(): string {
    return `${this.tag}:events`;
  }

  // The fleet.
  /** Pub/sub channel of ControlMessage: hints only, the reconciler repairs what gets lost. */
  get control(): string {
    return `${this.tag}:f:ctl`;
  }
  /** Sorted set worker id -> server time of the last beat, in ms. */
  get beats(): string {
    return `${this.tag}:f:beats`;
  }
  /** Hash worker id -> WorkerRecord as JSON. */
  get workers(): string {
    return `${this.tag}:f:workers`;
  }
  /** Server time of anybody's last beat, in ms. */
  get lastBeat(): string {
    return `${this.tag}:f:last`;
  }
  /** Exists while nobody may be declared dead: Redis has just come back. */
  get grace(): string {
    return `${this.tag}:f:grace`;
  }
  /** Name of the data set: another value means that Redis has lost its data. */
  get epoch(): string {
    return `${this.tag}:f:epoch`;
  }
  /** Hash stream name -> LiveSource as JSON: which worker takes the stream in. */
  get live(): string {
    return `${this.tag}:f:live`;
  }
  /** Id of the worker that looks for jobs of its pool which nobody works on, expiring. */
  audit(pool: string): string {
    return `${this.tag}:f:audit:${pool}`;
  }
  /** Lock of the leading scheduler, expiring. */
  get leader(): string {
    return `${this.tag}:f:leader`;
  }
  /**
   * What the fleet knows of a target host, all expiring: hash {tokens, at}, the budget of connects; sorted set push id -> server time of its
   * failure; hash {since, code, probed}, while the host is down. `hash` stands for `host:port`.
   */
  host(hash: string): { bucket: string; failing: string; down: string } {
    const key = `${this.tag}:h:${hash}`;
    return { bucket: `${key}:bucket`, failing: `${key}:failing`, down: `${key}:down` };
  }
  /** Set of pool names that have ever had a job or a worker. */
  get pools(): string {
    return `${this.tag}:f:pools`;
  }
}
