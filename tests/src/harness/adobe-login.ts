// Publisher authentication of Adobe's servers, the server's side. No document describes it; ffmpeg and librtmp know the client's side.
import { createHash } from 'node:crypto';

export interface Login {
  readonly user: string;
  readonly password: string;
}

const SALT = 'c2FsdA==';
const CHALLENGE = 'Y2hhbGxlbmdl';
const REJECT = '[ AccessManager.Reject ] : [ authmod=adobe ] : ';

/** Undefined when the query of the application answers the challenge; else the description with which connect is refused. */
export function adobeRefusal(app: string, { user, password }: Login): string | undefined {
  const pairs = app.split('?')[1]?.split('&') ?? [];
  const query = new Map(pairs.map((pair) => [pair.replace(/=.*/, ''), pair.replace(/^[^=]*=/, '')]));
  if (query.get('authmod') !== 'adobe') return '[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ';
  const response = query.get('response');
  if (response === undefined) return `${REJECT}?reason=needauth&user=${user}&salt=${SALT}&challenge=${CHALLENGE}`;
  const salted = md5(user + SALT + password);
  const expected = md5(salted + CHALLENGE + query.get('challenge'));
  return query.get('user') === user && response === expected ? undefined : `${REJECT}?reason=authfailed`;
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('base64');
}
