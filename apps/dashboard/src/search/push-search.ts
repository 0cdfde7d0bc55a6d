import type { PushStatus } from '@pushfleet/contract';
import type { PushRow, StreamRow } from '@pushfleet/contract/live';

type RowTest = (row: PushRow) => boolean;

/** What may stand before the colon of a word; the same names as in `q` of the API. */
const fields: Readonly<Record<string, (row: PushRow) => string>> = {
  status: ({ status }) => status,
  stream: ({ stream }) => stream,
  host: ({ host }) => host,
  protocol: ({ protocol }) => protocol,
  worker: ({ worker }) => worker ?? '',
  pool: ({ pool }) => pool,
  origin: ({ origin }) => origin,
  error: ({ last_error }) => last_error?.code ?? '',
};

interface Word {
  readonly field: string | undefined;
  readonly text: string;
}

/** `status:retry host:youtube news` as its words. A word whose field nobody knows is plain text: URLs have colons too. */
export function searchWords(query: string): Word[] {
  return query
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => {
      const colon = word.indexOf(':');
      const field = word.slice(0, Math.max(colon, 0)).toLowerCase();
      return Object.hasOwn(fields, field) ? { field, text: word.slice(colon + 1) } : { field: undefined, text: word };
    });
}

/**
 * A test for pushes, every word of `query` must fit; `statuses` empty means any. As the API has it: `*` stands for anything, a part of a
 * host is enough, other fields are meant whole, plain words are looked for in stream, URL, id, comment and labels.
 */
export function pushTest(query: string, statuses: ReadonlySet<PushStatus>): RowTest {
  const tests = searchWords(query).map(wordTest);
  if (statuses.size > 0) tests.unshift(({ status }) => statuses.has(status));
  if (tests.length === 0) return () => true;
  return (row) => tests.every((test) => test(row));
}

function wordTest({ field, text }: Word): RowTest {
  if (field === undefined) {
    const wanted = text.toLowerCase();
    return (row) => searchText(row).includes(wanted);
  }
  const read = fields[field]!;
  const fits = pattern(text, field === 'host');
  return (row) => fits(read(row));
}

function pattern(text: string, isPart: boolean): (value: string) => boolean {
  const wanted = text.toLowerCase();
  if (wanted === '') return () => true; // still being typed
  if (wanted.includes('*')) {
    const expression = new RegExp(`^${wanted.split('*').map(RegExp.escape).join('.*')}$`);
    return (value) => expression.test(value.toLowerCase());
  }
  return (value) => (isPart ? value.toLowerCase().includes(wanted) : value.toLowerCase() === wanted);
}

/** What plain words are looked for in; it does not change every second as the rest of a row does. */
const searchTexts = new Map<string, { readonly revision: number; readonly text: string }>();

function searchText({ id, revision, stream, url, comment, labels }: PushRow): string {
  const known = searchTexts.get(id);
  if (known?.revision === revision) return known.text;
  const text = [id, stream, url, comment, ...Object.entries(labels).flat()].join('\n').toLowerCase();
  searchTexts.set(id, { revision, text });
  return text;
}

/** A test for streams that have no push which fits: shown when the search is about nothing but streams, and fits them. */
export function streamTest(query: string, statuses: ReadonlySet<PushStatus>): (stream: StreamRow) => boolean {
  const words = searchWords(query);
  if (statuses.size > 0 || words.some(({ field }) => field !== undefined && field !== 'stream')) return () => false;
  const tests = words.map(({ field, text }) => {
    const fits = pattern(text, false);
    const wanted = text.toLowerCase();
    return ({ name, title, comment }: StreamRow) =>
      field === 'stream' ? fits(name) : `${name}\n${title}\n${comment}`.toLowerCase().includes(wanted);
  });
  return (stream) => tests.every((test) => test(stream));
}
