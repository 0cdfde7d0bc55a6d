import type { Testimony } from '@pushfleet/contract';
import { BEAT_INTERVAL_MS, DEAD_AFTER_MS, GAP_MS } from './scripts.ts';

/** A worker that Redis has not answered for this long asks its peers whether it is alone with that. */
export const SILENT_MS = 1_200;
/** A peer counts as a witness only when it has had Redis without a break for this long. */
export const UNBROKEN_MS = 1_500;
/** Without an answered beat for this long the others may have taken the pushes over; a beat's worth on the safe side. */
export const TAKEN_OVER_MS = DEAD_AFTER_MS - BEAT_INTERVAL_MS;

/** What a peer says of Redis. */
type Word = Pick<Testimony, 'seesRedis' | 'silentMs'>;

/** Undefined: the peer cannot be asked. */
export type Vote = Word | undefined;

/** What a worker knows of its own contact with Redis. */
export interface Contact {
  /** Since Redis answered the last beat. */
  readonly silentMs: number;
  /** Since that beat was sent: its answer may have been read much later, by a process that stood still meanwhile. */
  readonly unconfirmedMs: number;
}

/** Has this worker been out of touch for so long that the others must be asked? */
export function isInDoubt({ silentMs, unconfirmedMs }: Contact): boolean {
  return silentMs >= SILENT_MS || unconfirmedMs >= TAKEN_OVER_MS;
}

/**
 * Am I cut off? Only then must this worker close its pushes, because the others, who see Redis, will take them over. When nobody sees
 * Redis (it is down), or nobody can be asked, the pushes go on.
 */
export function isCutOff(contact: Contact, votes: readonly Vote[]): boolean {
  return isInDoubt(contact) && votes.some((vote) => vote?.seesRedis);
}

/**
 * Could a peer have declared this worker dead, which Redis is not known to have heard of for `unconfirmedMs`? Not when it has not seen Redis itself since
 * before that was due, and for so long that grace begins when Redis is back.
 */
export function mayHaveBuried(unconfirmedMs: number, { seesRedis, silentMs }: Word): boolean {
  return seesRedis || silentMs < GAP_MS || silentMs < unconfirmedMs - TAKEN_OVER_MS;
}
