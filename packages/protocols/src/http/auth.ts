// Answers to challenges: Basic, RFC 7617, and Digest, RFC 7616.
import { createHash, randomBytes } from 'node:crypto';
import { type Challenge, parseChallenges } from './challenge.ts';

export interface Login {
  /** Empty: nobody. */
  readonly user: string;
  readonly password: string;
}

/** The request that is to be authorized. */
export interface AuthorizedRequest {
  readonly method: string;
  /** The request target exactly as it is sent, with its query. */
  readonly uri: string;
  /** How many requests have been answered with this nonce, this one included. */
  readonly nonceCount?: number;
  /** Client nonce; random when absent. */
  readonly cnonce?: string;
}

interface Algorithm {
  readonly hash: string;
  readonly isSession: boolean;
  /** Higher is chosen first. */
  readonly strength: number;
}

const ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  'sha-256': { hash: 'sha256', isSession: false, strength: 3 },
  'sha-256-sess': { hash: 'sha256', isSession: true, strength: 3 },
  md5: { hash: 'md5', isSession: false, strength: 2 },
  'md5-sess': { hash: 'md5', isSession: true, strength: 2 },
};
const BASIC_STRENGTH = 1;
/** Challenges in a row that are answered: one, and what stale nonces and a second realm take. */
const MAX_ROUNDS = 3;

/**
 * Value of the Authorization field that answers the strongest of `challenges` that we know; undefined when we know none, or when there is
 * nobody to log in as.
 */
export function authorizationFor(
  challenges: readonly Challenge[],
  login: Login,
  request: AuthorizedRequest,
): string | undefined {
  const challenge = strongestOf(challenges);
  if (challenge === undefined || login.user === '') return undefined;
  return challenge.scheme === 'basic' ? basicAuthorization(login) : digestAuthorization(challenge, login, request);
}

/**
 * Logs one client in at one host for as many requests as it likes: remembers the challenge, so that later requests are not refused first, and
 * counts them.
 */
export class Authenticator {
  readonly #login: Login;
  #challenge: Challenge | undefined;
  #cnonce = '';
  #nonceCount = 0;
  /** Challenges since the server has last accepted an answer. */
  #rounds = 0;
  #wasAccepted = false;

  constructor(login: Login) {
    this.#login = login;
  }

  /** There is somebody to log in as. */
  get #hasLogin(): boolean {
    return this.#login.user !== '';
  }

  /** Value of the Authorization field of the next request; undefined as long as the server has not asked. To be called once a request. */
  authorization({ method, uri }: { method: string; uri: string }): string | undefined {
    if (this.#challenge === undefined) return undefined;
    this.#nonceCount += 1;
    const { nonceCount, cnonce } = { nonceCount: this.#nonceCount, cnonce: this.#cnonce };
    return authorizationFor([this.#challenge], this.#login, { method, uri, nonceCount, cnonce });
  }

  /** The server has answered 401 with these WWW-Authenticate values. True: the request may be sent again, with a new answer. */
  challenged(values: readonly string[]): boolean {
    const challenge = strongestOf(parseChallenges(values));
    this.#rounds += 1;
    if (challenge === undefined || !this.#hasLogin || this.#rounds > MAX_ROUNDS || !this.#isNew(challenge))
      return false;
    this.#wasAccepted = false;
    this.#remember(challenge);
    return true;
  }

  /** The server has taken the last answer. `authenticationInfo` is the value of that field, which may bring the next nonce. */
  accepted(authenticationInfo = ''): void {
    this.#rounds = 0;
    this.#wasAccepted = true;
    const nextNonce = parseChallenges([`digest ${authenticationInfo}`])[0]?.parameters.get('nextnonce');
    if (this.#challenge === undefined || nextNonce === undefined) return;
    const parameters = new Map(this.#challenge.parameters).set('nonce', nextNonce);
    this.#remember({ ...this.#challenge, parameters });
  }

  /** Not the question that was just answered in vain. A nonce may also lapse without being called stale. */
  #isNew(challenge: Challenge): boolean {
    const known = this.#challenge;
    if (known === undefined || this.#nonceCount === 0) return true;
    const isStale = challenge.parameters.get('stale')?.toLowerCase() === 'true';
    const isElsewhere = challenge.parameters.get('realm') !== known.parameters.get('realm');
    return isStale || isElsewhere || (this.#wasAccepted && challenge.scheme === 'digest');
  }

  #remember(challenge: Challenge): void {
    this.#challenge = challenge;
    this.#cnonce = newCnonce();
    this.#nonceCount = 0;
  }
}

function basicAuthorization({ user, password }: Login): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** RFC 7616 §3.4. Without qop as in RFC 2069. */
function digestAuthorization({ parameters }: Challenge, login: Login, request: AuthorizedRequest): string {
  const { method, uri, nonceCount = 1, cnonce = newCnonce() } = request;
  const { user, password } = login;
  const [realm = '', nonce = ''] = [parameters.get('realm'), parameters.get('nonce')];
  const algorithm = parameters.get('algorithm');
  const { hash, isSession } = ALGORITHMS[algorithm?.toLowerCase() ?? 'md5']!;
  const digest = (...parts: string[]): string => createHash(hash).update(parts.join(':')).digest('hex');
  const secret = digest(user, realm, password);
  const ha1 = isSession ? digest(secret, nonce, cnonce) : secret;
  const ha2 = digest(method, uri);
  const hasQop = parameters.has('qop');
  const nc = nonceCount.toString(16).padStart(8, '0');
  const response = hasQop ? digest(ha1, nonce, nc, cnonce, 'auth', ha2) : digest(ha1, nonce, ha2);
  const opaque = parameters.get('opaque');
  const fields = [
    `username=${quoted(user)}`,
    `realm=${quoted(realm)}`,
    `nonce=${quoted(nonce)}`,
    `uri=${quoted(uri)}`,
    ...(algorithm === undefined ? [] : [`algorithm=${algorithm}`]),
    ...(hasQop ? ['qop=auth', `nc=${nc}`] : []),
    ...(hasQop || isSession ? [`cnonce=${quoted(cnonce)}`] : []),
    `response="${response}"`,
    ...(opaque === undefined ? [] : [`opaque=${quoted(opaque)}`]),
  ];
  return `Digest ${fields.join(', ')}`;
}

/** The first of the strongest. */
function strongestOf(challenges: readonly Challenge[]): Challenge | undefined {
  let best: Challenge | undefined;
  for (const challenge of challenges) if (strengthOf(challenge) > strengthOf(best)) best = challenge;
  return best;
}

/** 0 for those that cannot be answered. A live stream has no end that it could be hashed up to, so `auth-int` alone is none of ours. */
function strengthOf(challenge: Challenge | undefined): number {
  if (challenge?.scheme === 'basic') return BASIC_STRENGTH;
  if (challenge?.scheme !== 'digest') return 0;
  const qop = challenge.parameters.get('qop');
  const offersAuth = qop === undefined || /(?:^|[\s,])auth(?:$|[\s,])/i.test(qop);
  const algorithm = challenge.parameters.get('algorithm')?.toLowerCase() ?? 'md5';
  const isKnown = Object.hasOwn(ALGORITHMS, algorithm) && challenge.parameters.has('nonce');
  return offersAuth && isKnown ? ALGORITHMS[algorithm]!.strength : 0;
}

function newCnonce(): string {
  return randomBytes(16).toString('base64url');
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}
