import { redactText, secretsOf } from '@pushfleet/config';
import { redactedMessage, toPublishError } from '@pushfleet/contract';
import { PublishError, type Sample, type Track } from '@pushfleet/protocols';
import { Candidate } from './candidate.ts';
import type { InputState } from './input-choice.ts';
import { InputIdleError, type OpenInput, type Opening } from './input-opener.ts';
import type { SourceEvents } from './source-events.ts';
import type { StreamHub } from './stream-hub.ts';

/** Somebody who publishes the stream to this worker. */
export interface PublishedSource extends SourceEvents {
  /** Milliseconds since the last sample, or since the beginning. */
  readonly quietMs: number;
  end(): void;
}

export interface InputOwner {
  /** The input has a sync sample, and would feed the hub with it. */
  mayTakeOver(input: Input): boolean;
  tookOver(input: Input): void;
  /** The input has ended or failed. `isNews`: it had worked, or fails for another reason than before. */
  closed(input: Input, isNews: boolean): void;
}

/** One time for which the input is open. */
interface Session {
  readonly candidate: Candidate;
  /** Ends what we have opened ourselves; undefined for a publication, which others end. */
  readonly abort: AbortController | undefined;
  opening: Opening | undefined;
}

/** An input that has fed the stream for this long works: its failures are forgotten. */
const WORKS_AFTER_MS = 10_000;
/** One that took over and then did not work has to go on for this long before it replaces another: servers replay pictures of the dead. */
const PROOF_MS = 2_000;
/** What a publisher has sent last is still on its way when everybody hears that he has left. */
const TAIL_MS = 500;
/** Time of a failure that needs no pause. */
const AT_ONCE = Number.NEGATIVE_INFINITY;

/** One input of a stream: opens its source when it is told to, watches it, and says how it does. It decides nothing. */
export class Input {
  readonly #url: string;
  readonly #hub: StreamHub;
  readonly #open: OpenInput;
  readonly #owner: InputOwner;
  #session: Session | undefined;
  #reason = 'the stream has no source yet';
  #failures = 0;
  #failedAt = AT_ONCE;
  /** How often in a row it has taken over and then not worked. */
  #relapses = 0;
  #refreshes = 0;

  /** `url` is secret. */
  constructor(url: string, hub: StreamHub, open: OpenInput, owner: InputOwner) {
    this.#url = url;
    this.#hub = hub;
    this.#open = open;
    this.#owner = owner;
  }

  /** It is published to this worker. */
  get isPublished(): boolean {
    return this.#session !== undefined && this.#session.abort === undefined;
  }

  /** Why it does not feed the stream, in words for people. */
  get reason(): string {
    if (!this.isPublished) return this.#reason;
    return this.#session?.candidate.hasMedia ? 'the publisher is silent' : 'the publisher has sent nothing yet';
  }

  get state(): InputState {
    const candidate = this.#session?.candidate;
    return {
      isOpen: candidate !== undefined,
      isOn: candidate?.isOn === true,
      quietMs: candidate?.quietMs ?? Number.POSITIVE_INFINITY,
      openForMs: candidate?.openForMs ?? 0,
      isProven: this.#relapses === 0 || (candidate?.mediaForMs ?? 0) >= PROOF_MS,
      failures: this.#failures,
      restedMs: performance.now() - this.#failedAt,
    };
  }

  open(): void {
    if (this.#session !== undefined) return;
    const abort = new AbortController();
    void this.#run(this.#begin(abort), abort.signal);
  }

  /** Lets go of what it has opened. A publication stays: it may be wanted again at any time. */
  close(): void {
    const session = this.#session;
    if (session?.abort === undefined) return;
    this.#leave(session);
    this.#failures = 0;
  }

  /** Somebody publishes it to this worker: it is read neither elsewhere nor from whoever published before any more. */
  publish(): PublishedSource {
    if (this.#session !== undefined) this.#leave(this.#session);
    this.#failures = 0;
    const session = this.#begin(undefined);
    // Who has left here may be at another worker already.
    const end = () => this.#over(session, 'the publisher has left', { failedAt: AT_ONCE });
    return new Publication(session.candidate, end);
  }

  /** Where it comes from may have changed: it is due now, and what is open is looked at. */
  refresh(): void {
    this.#refreshes += 1;
    this.#failedAt = AT_ONCE;
    const session = this.#session;
    if (session?.opening !== undefined) void this.#recheck(session, session.opening);
  }

  /** Called a few times a second: a source that has fallen silent is let go. */
  tick(sourceTimeoutMs: number): void {
    const session = this.#session;
    if (session?.abort === undefined) return;
    const { candidate, abort } = session;
    if (candidate.isOn && candidate.fedForMs >= WORKS_AFTER_MS) this.#failures = 0;
    if (candidate.hasMedia && candidate.quietMs >= sourceTimeoutMs) {
      abort.abort(new PublishError('source_lost', `it has been silent for ${sourceTimeoutMs / 1000} s`));
    }
  }

  #begin(abort: AbortController | undefined): Session {
    const candidate = new Candidate(this.#hub, {
      mayTakeOver: () => this.#owner.mayTakeOver(this),
      tookOver: () => this.#owner.tookOver(this),
    });
    this.#session = { candidate, abort, opening: undefined };
    return this.#session;
  }

  /** Never rejects. */
  async #run(session: Session, signal: AbortSignal): Promise<void> {
    try {
      const opening = await this.#find();
      signal.throwIfAborted();
      session.opening = opening;
      await opening.run(session.candidate, signal);
      this.#over(session, `${opening.what} has ended`);
    } catch (error) {
      if (error instanceof InputIdleError) this.#over(session, error.message, { isIdle: true });
      else this.#over(session, this.#describe(error, session.opening));
    }
  }

  /** Again when the answer may be from before a refresh. */
  async #find(): Promise<Opening> {
    for (;;) {
      const refreshes = this.#refreshes;
      const opening = await this.#open();
      if (refreshes === this.#refreshes) return opening;
    }
  }

  async #recheck(session: Session, opening: Opening): Promise<void> {
    if (await opening.isCurrent().catch(() => true)) return;
    await new Promise((resolve) => setTimeout(resolve, TAIL_MS));
    this.#over(session, `${opening.what} has ended`, { failedAt: AT_ONCE });
  }

  #leave(session: Session): void {
    if (this.#session === session) this.#session = undefined;
    session.candidate.close();
    session.abort?.abort();
  }

  /** The session has come to its end by itself. `isIdle`: there was nothing to read, and nobody needs to know. */
  #over(session: Session, reason: string, { failedAt = performance.now(), isIdle = false } = {}): void {
    const isMine = this.#session === session;
    this.#leave(session);
    if (!isMine) return; // closed before, or replaced
    const { tookOver, fedForMs } = session.candidate;
    if (tookOver) this.#relapses = fedForMs < WORKS_AFTER_MS ? this.#relapses + 1 : 0;
    const isNews = !isIdle && (tookOver || reason !== this.#reason);
    this.#failures += 1;
    this.#failedAt = failedAt;
    this.#reason = reason;
    this.#owner.closed(this, isNews);
  }

  #describe(error: unknown, opening: Opening | undefined): string {
    const message = redactedMessage(toPublishError(error), (text) => redactText(text, secretsOf(this.#url)));
    return `${opening?.what ?? 'the input'}: ${message}`;
  }
}

/** A publication that wants to feed a hub. A class for the same reason as `HubSource`. */
class Publication implements PublishedSource {
  readonly #candidate: Candidate;
  readonly #onEnd: () => void;

  constructor(candidate: Candidate, onEnd: () => void) {
    this.#candidate = candidate;
    this.#onEnd = onEnd;
  }

  get quietMs(): number {
    return this.#candidate.quietMs;
  }

  tracks(tracks: readonly Track[]): void {
    this.#candidate.tracks(tracks);
  }

  sample(sample: Sample): void {
    this.#candidate.sample(sample);
  }

  end(): void {
    this.#onEnd();
  }
}
