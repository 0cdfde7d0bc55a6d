import type { PushView } from '@pushfleet/contract';
import { CliError } from '../cli-error.ts';
import { count } from '../terminal/format.ts';
import type { ApiClient } from './client.ts';

/** The push with this id, or the only one whose id begins so. */
export async function findPush(api: ApiClient, idOrPrefix: string): Promise<PushView> {
  try {
    return await api.push(idOrPrefix);
  } catch (error) {
    if (!(error instanceof CliError) || error.exit !== 'notFound') throw error;
    const [match, ...others] = await pushesWithPrefix(api, idOrPrefix);
    if (match === undefined) throw error;
    if (others.length === 0) return match;
    const ids = [match, ...others].slice(0, 5).map(({ id }) => id);
    throw new CliError('usage', `\`${idOrPrefix}\` is the beginning of ${count(others.length + 1, 'id')}.`, {
      remedy: `Write more of it: ${ids.join(', ')}${others.length + 1 > ids.length ? ', ...' : ''}.`,
    });
  }
}

async function pushesWithPrefix(api: ApiClient, prefix: string): Promise<PushView[]> {
  if (!/^[\w-]+$/.test(prefix)) return []; // no id looks so, and the query language gives some characters a meaning
  return (await api.allPushes({ q: prefix })).filter(({ id }) => id.startsWith(prefix));
}
