import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Secret } from '@pushfleet/config';

/** A browser that is logged in. */
export interface Session {
  readonly id: string;
  /** Date.now() of the login, in seconds. */
  readonly since: number;
  /** Date.now() in seconds. */
  readonly until: number;
}

/** A session ends so long after its last use, and at last so long after its login. In seconds. */
const IDLE_S = 12 * 3_600;
const LIFETIME_S = 7 * 86_400;
const MAX_ENDED = 10_000;

/**
 * Sessions as signed text that the browser keeps: they outlive a restart, and every scheduler with the same token knows them. Another token
 * ends all of them. A logout is remembered by this process alone.
 */
export class Sessions {
  readonly #key: Buffer;
  /** Id -> until, of those that were logged out. */
  readonly #ended = new Map<string, number>();

  constructor(token: Secret) {
    this.#key = createHmac('sha256', token.reveal()).update('pushfleet session').digest();
  }

  /** `nowMs`: Date.now(), here and below. */
  begin(nowMs: number): Session {
    const since = Math.floor(nowMs / 1_000);
    return { id: randomBytes(12).toString('base64url'), since, until: since + IDLE_S };
  }

  /** The same session with more time, when it has used up half of it; undefined when there is nothing to gain. */
  renew(session: Session, nowMs: number): Session | undefined {
    const now = Math.floor(nowMs / 1_000);
    const until = Math.min(now + IDLE_S, session.since + LIFETIME_S);
    return until - session.until > IDLE_S / 2 ? { ...session, until } : undefined;
  }

  end({ id, until }: Session): void {
    this.#ended.set(id, until);
    // The oldest go first: their time is over soonest.
    if (this.#ended.size > MAX_ENDED) this.#ended.delete(this.#ended.keys().next().value!);
  }

  sign({ id, since, until }: Session): string {
    const text = `${id}.${since}.${until}`;
    return `${text}.${this.#mac(text).toString('base64url')}`;
  }

  /** Undefined when it was not signed by us, is over or was ended. */
  verify(signed: string, nowMs: number): Session | undefined {
    const [id = '', since = '', until = '', mac = ''] = signed.split('.', 4);
    const given = Buffer.from(mac, 'base64url');
    const expected = this.#mac(`${id}.${since}.${until}`);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    const session = { id, since: Number(since), until: Number(until) };
    return session.until * 1_000 > nowMs && !this.#ended.has(id) ? session : undefined;
  }

  #mac(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest();
  }
}
