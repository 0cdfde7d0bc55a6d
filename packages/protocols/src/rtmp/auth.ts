// Publisher authentication of Adobe's and Limelight's servers, which others took over (Wowza, Akamai, MediaMTX). Neither has a public
// document. The server refuses the connect command and puts what it wants into the description; the answer goes into the application of
// the next connection.
import { createHash, randomBytes } from 'node:crypto';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** What the server asks for. Values are verbatim: base64 keeps its `=`, nothing is URL-decoded. */
export interface AuthChallenge {
  readonly method: 'adobe' | 'llnw';
  /** Empty when the server only says that it wants a login: the next connection names the user, the one after that answers. */
  readonly fields: ReadonlyMap<string, string>;
}

/** The challenge in the description of a refused connect; undefined when it asks for no login that we know. */
export function parseAuthChallenge(description: string): AuthChallenge | undefined {
  const method = /authmod=(adobe|llnw)/.exec(description)?.[1] as AuthChallenge['method'] | undefined;
  if (method === undefined) return undefined;
  const query = /\?(reason=.*)$/s.exec(description)?.[1]?.trim();
  const fields = query?.split('&').map((pair): [string, string] => {
    const equals = pair.indexOf('=');
    return equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
  });
  return { method, fields: new Map(fields) };
}

/** The server has said no to user or password, as opposed to asking for them. */
export function isAuthRefusal({ fields }: AuthChallenge): boolean {
  const reason = fields.get('reason');
  return reason !== undefined && reason !== 'needauth';
}

/**
 * The query for the application of the next connection. `app` is the application of the URL with its query. `random` gives as many bytes as it is
 * asked for.
 */
export function answerChallenge(
  { method, fields }: AuthChallenge,
  credentials: Credentials,
  app: string,
  random: (sizeBytes: number) => Buffer = randomBytes,
): string {
  const login = `authmod=${method}&user=${credentials.user}`;
  if (fields.size === 0) return login;
  if (method === 'adobe') {
    const clientChallenge = random(4).toString('base64');
    const response = adobeResponse(credentials, fields, clientChallenge);
    return `${login}&challenge=${clientChallenge}&response=${response}&opaque=${fields.get('opaque') ?? ''}`;
  }
  const nonce = fields.get('nonce') ?? '';
  const clientNonce = random(4).toString('hex');
  const response = llnwResponse(credentials, app, nonce, clientNonce);
  return `${login}&nonce=${nonce}&cnonce=${clientNonce}&nc=${NONCE_COUNT}&response=${response}`;
}

/** `clientChallenge` is our own half of the challenge. */
export function adobeResponse(
  { user, password }: Credentials,
  fields: ReadonlyMap<string, string>,
  clientChallenge: string,
): string {
  const salted = md5(`${user}${fields.get('salt') ?? ''}${password}`, 'base64');
  return md5(`${salted}${fields.get('opaque') || (fields.get('challenge') ?? '')}${clientChallenge}`, 'base64');
}

const REALM = 'live';
const NONCE_COUNT = '00000001';

/** HTTP Digest, RFC 2617 §3.2.2.1, with the method `publish`. */
export function llnwResponse({ user, password }: Credentials, app: string, nonce: string, clientNonce: string): string {
  const path = app.replace(/\?.*$/s, '');
  const instance = path.includes('/') ? path : `${path}/_definst_`;
  const login = md5(`${user}:${REALM}:${password}`, 'hex');
  const request = md5(`publish:/${instance}`, 'hex');
  return md5(`${login}:${nonce}:${NONCE_COUNT}:${clientNonce}:auth:${request}`, 'hex');
}

function md5(text: string, encoding: 'base64' | 'hex'): string {
  return createHash('md5').update(text).digest(encoding);
}
