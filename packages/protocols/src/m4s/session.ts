/** Who sends a body, so that receivers can tell a take-over from a second publisher. */
export interface M4sSession {
  /** Grows with every attempt of the push, on whichever host. */
  readonly epoch: number;
  /** Id of the push. */
  readonly push: string;
}

/** Name of the field in the request head. */
export const SESSION_FIELD = 'X-Session';

/** Value of the field in a refusal: a later attempt of the push has been here. Whoever is told so has been replaced, and is not to try again. */
export const SESSION_OUTDATED = 'outdated';

const SESSION = /^(\d{1,15})-([\x21-\x7e]{1,128})$/;

/** Value of the field: `EPOCH-PUSH`. */
export function formatSession({ epoch, push }: M4sSession): string {
  return `${epoch}-${push}`;
}

/** Undefined when the field is missing or no session: other senders than ours do not know it. */
export function parseSession(value: string | undefined): M4sSession | undefined {
  const [, epoch, push] = SESSION.exec(value ?? '') ?? [];
  return epoch === undefined || push === undefined ? undefined : { epoch: Number(epoch), push };
}

/**
 * Whether a new body takes the place of the one that is coming in: it is a later attempt of the same push. An earlier one is a worker that has
 * not heard yet that it was replaced; another push is another publisher, and who came first stays. Such bodies are answered with 409.
 */
export function supersedes(session: M4sSession | undefined, current: M4sSession | undefined): boolean {
  if (session === undefined || current === undefined) return false;
  return session.push === current.push && session.epoch > current.epoch;
}
