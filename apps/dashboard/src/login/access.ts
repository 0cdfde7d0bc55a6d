import type { Whoami } from '@pushfleet/contract';
import { get } from '../api/client.ts';

export interface Access {
  /** `unknown`: not yet asked. `login`: a token must be shown first. `refused`: this address is not served at all. */
  readonly state: 'unknown' | 'open' | 'login' | 'refused';
  /** A token is set: who is in can log out. */
  readonly isTokenSet: boolean;
  /** This browser was logged in before: a session may end in the middle of anything. */
  readonly hasExpired: boolean;
}

/** A timer cannot wait for longer. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** What this browser may do now, as the scheduler has said last. */
export class AccessStore {
  #current: Access = { state: 'unknown', isTokenSet: false, hasExpired: false };
  #wasLoggedIn = false;
  #questions = 0;
  #expiry: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Set<() => void>();

  get current(): Access {
    return this.#current;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Asks the scheduler. Never rejects: one that is away leaves everything as it is, and the first time lets the page say so itself. */
  async ask(): Promise<Access> {
    const question = ++this.#questions;
    const who = await get<Whoami>('/whoami').catch(() => undefined);
    // Of two answers that have overtaken each other the one that was asked for last holds.
    if (question === this.#questions) this.#take(who);
    return this.#current;
  }

  #take(who: Whoami | undefined): void {
    if (who === undefined) {
      if (this.#current.state === 'unknown') this.#set({ ...this.#current, state: 'open' });
      return;
    }
    const { login_required: isTokenSet, logged_in, session_expires_at } = who;
    if (isTokenSet && logged_in) this.#wasLoggedIn = true;
    this.#askAgainAt(session_expires_at);
    const state = logged_in ? 'open' : isTokenSet ? 'login' : 'refused';
    this.#set({ state, isTokenSet, hasExpired: !logged_in && this.#wasLoggedIn });
  }

  /** Used sessions are prolonged: then the answer is a later time. */
  #askAgainAt(time: string | null): void {
    clearTimeout(this.#expiry);
    if (time === null) return;
    const delayMs = Math.max(1_000, Date.parse(time) - Date.now() + 1_000);
    this.#expiry = setTimeout(() => void this.ask(), Math.min(delayMs, MAX_TIMER_MS));
  }

  #set(access: Access): void {
    this.#current = access;
    for (const listener of this.#listeners) listener();
  }
}

/** The access of this page. */
export const access = new AccessStore();
