import { timingSafeEqual } from 'node:crypto';
import { foldFlood } from '@pushfleet/config';
import type { DesiredStream, LiveSource } from '@pushfleet/contract';
import { type M4sSession, supersedes } from '@pushfleet/protocols';
import type { Logger } from 'pino';
import { within } from '../fleet/within.ts';
import type { FactWriter } from '../status/fact-writer.ts';
import type { PublishedSource } from './input.ts';
import type { LiveRegistry } from './live-registry.ts';
import { SessionFence } from './session-fence.ts';
import type { SourceEvents } from './source-events.ts';
import type { StreamHubs } from './stream-hubs.ts';

export interface PublicationsDeps {
  readonly hubs: StreamHubs;
  readonly live: LiveRegistry;
  readonly stream: (name: string) => Promise<DesiredStream | undefined>;
  readonly facts: FactWriter;
  readonly workerName: string;
  readonly draining: () => boolean;
  readonly log: Logger;
}

/** Somebody who wants to publish, whatever the protocol. */
export interface Applicant {
  /** Name of the stream. */
  readonly name: string;
  /** `ip:port`. */
  readonly peer: string;
  /** What the peer says it is; may be empty. */
  readonly agent: string;
  /** What was given as the stream's password; undefined when nothing was. */
  readonly password: string | undefined;
  /** Which attempt of which push it is, where the publisher says so. */
  readonly session?: M4sSession | undefined;
}

export type RefusalCode =
  | 'draining'
  | 'stream_unknown'
  | 'stream_closed'
  | 'password_needed'
  | 'password_wrong'
  | 'name_taken'
  | 'session_outdated';

/** Why somebody may not publish, or not any more. */
export interface Refusal {
  readonly code: RefusalCode;
  /** For people; holds no secret. */
  readonly reason: string;
  /** The other worker of the fleet that has the name. */
  readonly holder?: LiveSource;
}

export interface Publication {
  /** Takes the media. */
  readonly source: SourceEvents;
  /** Is media of the stream still needed that lies in this memory? */
  holds(memory: ArrayBufferLike): boolean;
  /** It is over, whoever ended it. To be called exactly once, and last. */
  ended(reason: string): void;
}

export type Admission =
  | { readonly accept: true; readonly publication: Publication }
  | { readonly accept: false; readonly refusal: Refusal };

interface Current {
  readonly source: PublishedSource;
  readonly session: M4sSession | undefined;
  readonly close: (refusal: Refusal) => void;
}

/** Somebody was sent away. */
interface Refused {
  readonly stream: string;
  readonly publisher: string;
  readonly reason: string;
}

/** A publisher that has been silent for this long gives way to a new one with the right password: encoders reconnect before TCP notices. */
const REPLACEABLE_AFTER_MS = 3_000;

/** How long a publisher that is sent on waits for Redis to take its name off this worker. */
const RELEASE_MS = 1_000;

const isSilent = ({ source }: Current): boolean => source.quietMs >= REPLACEABLE_AFTER_MS;

const REPLACED: Refusal = { code: 'name_taken', reason: 'replaced by a new publisher' };
const OUTDATED: Refusal = {
  code: 'session_outdated',
  reason: 'a newer attempt of this push publishes here, or has just done so',
};

const takenHere = (name: string): Refusal => ({ code: 'name_taken', reason: `${name} is already published here` });

const takenAt = (holder: LiveSource): Refusal => ({
  code: 'name_taken',
  reason: `${holder.stream} is already published at worker ${holder.workerName}`,
  holder,
});

/** The streams that are published to this worker, and who may: one publisher for a name, in the whole fleet. */
export class Publications {
  readonly #deps: PublicationsDeps;
  readonly #current = new Map<string, Current>();
  /** Names for which a publisher is just being let in: of several that come at the same moment only one may. */
  readonly #claiming = new Set<string>();
  readonly #fence = new SessionFence();
  /** Anybody can knock, as fast as a loop can: a second has one line and event for each stream, and one for all that do not exist. */
  readonly #refusals = foldFlood({ warn: (fields) => this.#tellRefusal(fields as Refused) });

  constructor(deps: PublicationsDeps) {
    this.#deps = deps;
  }

  has(name: string): boolean {
    return this.#current.has(name);
  }

  /** `close` is to end the connection of the publisher, once accepted; it may be called at any time, and must bring `ended` about. */
  async admit(applicant: Applicant, close: (refusal: Refusal) => void): Promise<Admission> {
    const { name } = applicant;
    const refusal = await this.#refusal(applicant);
    if (refusal !== undefined) return this.#refuse(applicant, refusal);
    if (this.#claiming.has(name)) return this.#refuse(applicant, takenHere(name));
    this.#claiming.add(name);
    try {
      const taken = await this.#takeName(applicant);
      if (taken !== undefined) return this.#refuse(applicant, taken);
      return { accept: true, publication: this.#begin(applicant, close) };
    } finally {
      this.#claiming.delete(name);
    }
  }

  /** The stream's settings have changed: a publication that the stream takes no more ends. A new password is asked from the next one. */
  recheck(stream: DesiredStream): void {
    if (unpublishable(stream) === undefined) return;
    const reason = 'the stream takes no publisher any more';
    this.#current.get(stream.name)?.close({ code: 'stream_closed', reason });
  }

  /** Somebody wants to publish the stream at another worker: a publisher that is silent gives way, as it would to one here. */
  yieldIfSilent(name: string): void {
    const current = this.#current.get(name);
    if (current !== undefined && isSilent(current)) current.close(REPLACED);
  }

  /** Ends every publication. Resolves when their names are free, or Redis cannot be told. */
  async close(): Promise<void> {
    this.#refusals.close();
    const names = [...this.#current.keys()];
    for (const current of this.#current.values()) current.close({ code: 'draining', reason: 'the worker stops' });
    await Promise.all(names.map((name) => this.#deps.live.release(name)));
  }

  /** Undefined when the publisher is one whom the stream takes. */
  async #refusal({ name, password }: Applicant): Promise<Refusal | undefined> {
    const stream = await this.#deps.stream(name).catch(() => undefined);
    if (stream === undefined || stream.removed) return { code: 'stream_unknown', reason: `there is no stream ${name}` };
    const reason = unpublishable(stream);
    if (reason !== undefined) return { code: 'stream_closed', reason };
    return wrongPassword(stream.spec.password, password);
  }

  /** Undefined when the name is the publisher's now, in the whole fleet. */
  async #takeName({ name, peer, session }: Applicant): Promise<Refusal | undefined> {
    if (session !== undefined && this.#fence.isOutdated(name, session)) return OUTDATED;
    const before = this.#current.get(name);
    if (before !== undefined) {
      const isLater = supersedes(session, before.session);
      if (!isLater && !isSilent(before)) return takenHere(name);
      this.#current.delete(name);
      before.close(isLater ? OUTDATED : REPLACED);
    }
    const { live } = this.#deps;
    if (this.#deps.draining()) {
      // A name that lingered would make the others send the publisher back here.
      await within(RELEASE_MS, live.release(name));
      return { code: 'draining', reason: 'this worker is being drained' };
    }
    const holder = await live.claim(name, peer, (winner) => this.#current.get(name)?.close(takenAt(winner)));
    if (holder === undefined) return undefined;
    await live.doubt(name); // encoders try again, and may find the name free then
    return takenAt(holder);
  }

  #refuse({ name, peer }: Applicant, refusal: Refusal): Admission {
    const { code, reason } = refusal;
    const refused: Refused = { stream: name, publisher: peer, reason };
    this.#refusals.warn(refused, code === 'stream_unknown' ? '' : name);
    return { accept: false, refusal };
  }

  #tellRefusal(refused: Refused): void {
    this.#deps.log.warn(refused, 'publisher refused');
    this.#event('stream_refused', refused.stream, refused.publisher, refused.reason);
  }

  #begin({ name, peer, agent, session }: Applicant, close: Current['close']): Publication {
    const { hubs, log, live } = this.#deps;
    const lease = hubs.acquire(name);
    const source = hubs.inputs(name)!.publish();
    const current: Current = { source, session, close };
    this.#current.set(name, current);
    if (session !== undefined) this.#fence.began(name, session);
    log.info({ stream: name, publisher: peer, agent }, 'stream_started');
    this.#event('stream_started', name, peer, '');
    const ended = (reason: string) => {
      source.end();
      lease.release();
      if (session !== undefined) this.#fence.ended(name, session);
      log.info({ stream: name, publisher: peer, reason }, 'stream_stopped');
      this.#event('stream_stopped', name, peer, reason);
      if (this.#current.get(name) !== current) return;
      this.#current.delete(name);
      void live.release(name);
    };
    return { source, holds: (memory) => lease.hub.holds(memory), ended };
  }

  #event(
    event: 'stream_started' | 'stream_stopped' | 'stream_refused',
    stream: string,
    peer: string,
    message: string,
  ): void {
    const { facts, workerName } = this.#deps;
    facts.event({ event, at: new Date().toISOString(), stream, peer, worker: workerName, message });
  }
}

/** Undefined when the stream takes publishers; else why not. */
function unpublishable({ name, removed, spec }: DesiredStream): string | undefined {
  if (removed) return `there is no stream ${name}`;
  if (spec.disabled === true) return `stream ${name} is disabled`;
  if (!spec.inputs?.some((input) => input.startsWith('publish:'))) return `stream ${name} has no input publish://`;
  return undefined;
}

/** Undefined when the password is right, or none is needed. */
function wrongPassword(password: string | undefined, given: string | undefined): Refusal | undefined {
  if (password === undefined || password === '') return undefined;
  if (given === undefined) return { code: 'password_needed', reason: 'the stream wants a password' };
  const [a, b] = [Buffer.from(given), Buffer.from(password)];
  if (a.length === b.length && timingSafeEqual(a, b)) return undefined;
  return { code: 'password_wrong', reason: 'wrong password' };
}
