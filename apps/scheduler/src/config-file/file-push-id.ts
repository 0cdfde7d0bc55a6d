import { createHash } from 'node:crypto';
import { targetIdentity } from '../push/target-identity.ts';

const SLUG_LENGTH = 40;

/**
 * The id of a push of the config file, for instance `bunny-3f9a1c2b`: the same for the same stream and target on every start, whatever the
 * stream key is. Pushes that differ in their key only are told apart by an ordinal, `bunny-3f9a1c2b-2`.
 */
export function filePushId(stream: string, url: string, taken: ReadonlySet<string>): string {
  const slug =
    stream
      .replace(/[^A-Za-z0-9]+/g, '-')
      .replace(/^-|-$/g, '')
      .slice(0, SLUG_LENGTH) || 'push';
  const hash = createHash('sha256')
    .update(`${stream}\n${targetIdentity(url)}`)
    .digest('hex')
    .slice(0, 8);
  const base = `${slug}-${hash}`;
  for (let ordinal = 1; ; ordinal++) {
    const id = ordinal === 1 ? base : `${base}-${ordinal}`;
    if (!taken.has(id)) return id;
  }
}
