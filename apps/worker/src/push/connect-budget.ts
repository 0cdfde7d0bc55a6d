import { type Dial, PublishError, type PublishErrorCode } from '@pushfleet/protocols';
import type { Permits } from '../fleet/host-scripts.ts';
import { bareHost, formatEndpoint } from '../net/endpoint.ts';
import { HostLane } from './host-lane.ts';

/** Failures on the way to a host, before it could look at whose push it is: they are the same for every push. */
const lostOnTheWay: ReadonlySet<PublishErrorCode> = new Set([
  'dns',
  'connect_refused',
  'connect_timeout',
  'unreachable',
]);
/** Failures with which a host shows that it is there. */
const signsOfLife: ReadonlySet<PublishErrorCode> = new Set(['tls', 'target_closed']);

/** Looking at all hosts is too much for each attempt. */
const TIDY_EVERY_MS = 1_000;

/** What the fleet allows, and learns. A host is `name:port`: two servers of one machine have nothing to do with one another. */
export interface PermitSource {
  /** Never rejects and never takes long: without an answer of the fleet it grants everything. */
  ask(host: string, wanted: number, believes: boolean): Promise<Permits>;
  failed(host: string, push: string, code: PublishErrorCode): void;
  reached(host: string): void;
}

/**
 * At most `limit` targets are being connected at a time: a herd of reconnects must not starve the event loop. Room goes to the host that
 * has least of it: hundreds of pushes to a host that does not answer must not starve anyone's fresh start at another. Each connect needs
 * a permit of the fleet, so that no host gets more of them than it should; a host that is known to be down is not dialled.
 */
export class ConnectBudget {
  #free: number;
  readonly #permits: PermitSource;
  readonly #lanes = new Map<string, HostLane>();
  /** Those at which somebody waits, the longest unserved first. There may be thousands of others, of which only something is known. */
  readonly #queued = new Set<HostLane>();
  #tidiedAt = 0;
  #granted = 0;
  #denied = 0;

  constructor(limit: number, permits: PermitSource) {
    this.#free = limit;
    this.#permits = permits;
  }

  /**
   * Runs `connect` when there is room and a permit. Rejects with the signal's reason when it is aborted before that, and with the last
   * error of the host when that is down.
   */
  async use<T>(host: string, connect: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const lane = this.#lane(host);
    await this.#enter(lane, signal);
    try {
      return await connect();
    } finally {
      lane.connecting--;
      this.#free++;
      this.#serve();
    }
  }

  /** `dial` under observation: how it goes tells of the host that is dialled, wherever redirects lead. */
  watch(push: string, dial: Dial): Dial {
    return async (options) => {
      const host = formatEndpoint(bareHost(options.host).toLowerCase(), options.port);
      try {
        const connection = await dial(options);
        this.#reached(host);
        return connection;
      } catch (error) {
        if (error instanceof PublishError && lostOnTheWay.has(error.code)) this.#failed(host, push, error.code);
        if (error instanceof PublishError && signsOfLife.has(error.code)) this.#reached(host);
        throw error;
      }
    };
  }

  /** `granted` and `denied` attempts since the start; those that wait now; hosts that are not dialled now. */
  figures(): { granted: number; denied: number; waiting: number; down: number } {
    const now = performance.now();
    const lanes = [...this.#lanes.values()];
    return {
      granted: this.#granted,
      denied: this.#denied,
      waiting: lanes.reduce((sum, { waiting }) => sum + waiting.length, 0),
      down: lanes.filter((lane) => lane.isDown(now)).length,
    };
  }

  async #enter(lane: HostLane, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const refusal = lane.refusal(performance.now());
    if (refusal !== undefined) {
      this.#denied++;
      throw refusal;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { enter: resolve, turnAway: reject };
    const onAbort = () => {
      const index = lane.waiting.indexOf(waiter);
      if (index === -1) return; // its turn has come in the meantime
      lane.waiting.splice(index, 1);
      reject(signal.reason);
    };
    lane.waiting.push(waiter);
    this.#queued.add(lane);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#serve();
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Lets in who may dial, as far as there is room, and asks for permits where they are missing. */
  #serve(): void {
    const now = performance.now();
    while (this.#free > 0) {
      let next: HostLane | undefined;
      for (const lane of this.#queued) {
        if (lane.isOpen(now) && (next === undefined || lane.connecting < next.connecting)) next = lane;
        if (next?.connecting === 0) break; // nobody has less
      }
      if (next === undefined) break;
      this.#free--;
      this.#granted++;
      this.#queued.delete(next);
      this.#queued.add(next);
      next.admit();
    }
    for (const lane of this.#queued) {
      if (lane.waiting.length === 0) this.#queued.delete(lane);
      // Without room a permit would only grow old; but a host that has none of it must be ready when its turn comes.
      const isNext = this.#free > 0 || lane.connecting === 0;
      if (isNext && lane.wanted(now) > 0) void this.#ask(lane, now);
    }
    this.#tidy(now);
  }

  /** Forgets the hosts of which nothing is known that would be missed. */
  #tidy(now: number): void {
    if (now - this.#tidiedAt < TIDY_EVERY_MS) return;
    this.#tidiedAt = now;
    for (const lane of this.#lanes.values()) if (lane.isForgettable(now)) this.#lanes.delete(lane.host);
  }

  async #ask(lane: HostLane, now: number): Promise<void> {
    const wanted = lane.wanted(now);
    lane.asked();
    const answer = await this.#permits.ask(lane.host, wanted, lane.believes(now));
    const heardAt = performance.now();
    const restMs = lane.answered(answer, heardAt);
    const refusal = lane.refusal(heardAt);
    for (const waiter of lane.turnedAway(heardAt)) {
      this.#denied++;
      waiter.turnAway(refusal!);
    }
    this.#serve();
    if (restMs === 0) return;
    const rested = () => {
      lane.rested();
      this.#serve();
    };
    setTimeout(rested, restMs).unref();
  }

  #failed(host: string, push: string, code: PublishErrorCode): void {
    this.#lane(host).failed(performance.now());
    this.#permits.failed(host, push, code);
    this.#serve();
  }

  #reached(host: string): void {
    const lane = this.#lanes.get(host);
    if (lane === undefined) return;
    if (lane.suspect) this.#permits.reached(host);
    lane.reached();
    this.#serve();
  }

  #lane(host: string): HostLane {
    const lane = this.#lanes.get(host) ?? new HostLane(host);
    this.#lanes.set(host, lane);
    return lane;
  }
}
