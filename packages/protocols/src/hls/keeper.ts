import { setTimeout as delay } from 'node:timers/promises';
import { PublishError } from '../publisher/errors.ts';
import type { PushMemory } from '../publisher/push-memory.ts';
import { type PublicationState, parseState, serializeState } from './publication-state.ts';

/** The memory may be slow or away; a publication does not wait for it longer than this. */
const MEMORY_TIMEOUT_MS = 1000;
/** Waiting cannot take this long: the process has stood still, and what it was told meanwhile may not hold any more. */
const STANDSTILL_MS = 2 * MEMORY_TIMEOUT_MS;

/** What this attempt shares with those before and after it, on whichever host. */
export class Keeper {
  readonly epoch: number;
  /** What the attempt before has left. */
  readonly remembered: PublicationState | undefined;
  readonly #memory: PushMemory;
  readonly #fenced: (error: PublishError) => void;

  private constructor(
    memory: PushMemory,
    epoch: number,
    remembered: PublicationState | undefined,
    fenced: (error: PublishError) => void,
  ) {
    this.#memory = memory;
    this.epoch = epoch;
    this.remembered = remembered;
    this.#fenced = fenced;
  }

  /**
   * Begins an attempt. `fenced` is called when a later one has begun, at whatever time that comes out. Without the memory the clock gives a
   * number that is greater than any before.
   */
  static async open(memory: PushMemory, fenced: (error: PublishError) => void): Promise<Keeper> {
    const epoch = (await answerOf(memory.nextEpoch())) ?? Date.now();
    const remembered = parseState(await answerOf(memory.load()));
    return new Keeper(memory, epoch, remembered, fenced);
  }

  /** Resolves with whether the state is kept; it is not while the memory is away. When a later attempt has begun this one is over before. */
  async save(state: PublicationState): Promise<boolean> {
    let askedAt: number;
    let isKept: boolean | undefined;
    do {
      askedAt = performance.now();
      isKept = await answerOf(this.#save(state));
    } while (performance.now() - askedAt > STANDSTILL_MS);
    return isKept === true;
  }

  /** A later attempt has begun: this one ends at once. */
  giveWay(): void {
    this.#fenced(new PublishError('fenced', `attempt ${this.epoch}`));
  }

  async #save(state: PublicationState): Promise<boolean> {
    const isHolder = await this.#memory.save(this.epoch, serializeState(state));
    if (!isHolder) this.giveWay();
    return isHolder;
  }
}

/** Undefined when there is none in time. */
async function answerOf<T>(asked: Promise<T>): Promise<T | undefined> {
  const patience = new AbortController();
  const silence = delay(MEMORY_TIMEOUT_MS, undefined, { signal: patience.signal }).catch(() => undefined);
  const answer = await Promise.race([asked.catch(() => undefined), silence]);
  patience.abort();
  return answer;
}
