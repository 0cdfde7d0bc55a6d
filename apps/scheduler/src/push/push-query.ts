import { ApiError, type DesiredPush, type PushStatus } from '@pushfleet/contract';
import { hostOfPush, optionsOf, shownUrl } from './derived.ts';
import { comparePushes } from './push-index.ts';

/** A push with what a list can be narrowed by. */
export interface ListedPush {
  readonly push: DesiredPush;
  readonly status: PushStatus;
  /** Name of the holder, empty when there is none. */
  readonly worker: string;
}

export interface PushFilter {
  readonly q?: string | undefined;
  readonly status?: string | undefined;
  readonly stream?: string | undefined;
  readonly worker?: string | undefined;
}

type Test = (listed: ListedPush) => boolean;

/** What may stand before the colon of a word in `q`. */
const fields: Readonly<Record<string, (listed: ListedPush) => string>> = {
  status: ({ status }) => status,
  stream: ({ push }) => push.stream,
  host: ({ push }) => hostOfPush(push),
  protocol: ({ push }) => push.url.slice(0, push.url.indexOf(':')).toLowerCase(),
  worker: ({ worker }) => worker,
  pool: ({ push }) => optionsOf(push).pool,
  origin: ({ push }) => push.origin,
  error: ({ push }) => push.error?.code ?? '',
};

/**
 * A test for pushes. `q` holds words that must all fit: `status:retry host:youtube stream:cam*`, or plain words that are looked for in id,
 * stream, shown URL, comment and labels. `status` may name several, separated by commas; `stream` and `worker` are exact.
 */
export function pushFilter({ q = '', status, stream, worker }: PushFilter): Test {
  const tests = q.split(/\s+/).filter(Boolean).map(wordTest);
  const statuses = status?.split(',').map((name) => name.trim());
  if (statuses !== undefined) tests.push((listed) => statuses.includes(listed.status));
  if (stream !== undefined) tests.push(({ push }) => push.stream === stream);
  if (worker !== undefined) tests.push((listed) => listed.worker === worker);
  return (listed) => tests.every((test) => test(listed));
}

function wordTest(word: string): Test {
  const colon = word.indexOf(':');
  const field = fields[word.slice(0, Math.max(colon, 0)).toLowerCase()];
  if (field === undefined) {
    const wanted = word.toLowerCase();
    return ({ push }) => searchText(push).includes(wanted);
  }
  const pattern = word.slice(colon + 1);
  if (pattern.includes('*')) {
    const expression = new RegExp(`^${pattern.split('*').map(RegExp.escape).join('.*')}$`, 'i');
    return (listed) => expression.test(field(listed));
  }
  // A part of a host name is enough; everything else is a name that is meant as a whole.
  const wanted = pattern.toLowerCase();
  return (listed) =>
    field === fields.host ? field(listed).toLowerCase().includes(wanted) : field(listed).toLowerCase() === wanted;
}

const searchTexts = new WeakMap<DesiredPush, string>();

function searchText(push: DesiredPush): string {
  let text = searchTexts.get(push);
  if (text === undefined) {
    const { comment, labels } = optionsOf(push);
    text = [push.id, push.stream, shownUrl(push), comment, ...Object.entries(labels).flat()].join('\n').toLowerCase();
    searchTexts.set(push, text);
  }
  return text;
}

/** Marks where the next page begins: after the last push of this one, even if that one is gone by then. */
export function cursorAfter({ stream, id }: DesiredPush): string {
  return Buffer.from(JSON.stringify([stream, id])).toString('base64url');
}

/** A test for pushes that come after the cursor; every push when there is none. */
export function afterCursor(cursor: string | undefined): (push: DesiredPush) => boolean {
  if (cursor === undefined) return () => true;
  const mark = parseCursor(cursor);
  return (push) => comparePushes(push, mark) > 0;
}

function parseCursor(cursor: string): { stream: string; id: string } {
  try {
    const [stream, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    if (typeof stream === 'string' && typeof id === 'string') return { stream, id };
  } catch {
    // Falls through to the refusal.
  }
  throw new ApiError('invalid_request', 'cursor must be the `next` of an earlier page, unchanged.', [
    { pointer: '#/cursor', detail: 'cursor must be the `next` of an earlier page, unchanged' },
  ]);
}
