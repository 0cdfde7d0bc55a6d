import type { LiveEvent } from '@pushfleet/contract/live';
import { eventSubject, eventWord } from './event-text.ts';

export const eventKinds = ['all', 'push', 'stream', 'worker', 'target'] as const;
export type EventKind = (typeof eventKinds)[number];

export const isEventKind = (text: string): text is EventKind => (eventKinds as readonly string[]).includes(text);

export interface EventFilter {
  readonly kind: EventKind;
  readonly query: string;
  /** Warnings count as problems here: they are what was before it was bad. */
  readonly isProblemsOnly: boolean;
}

/** What may stand before the colon of a word. */
const fields: Readonly<Record<string, (event: LiveEvent) => string>> = {
  event: ({ event }) => event,
  stream: ({ stream = '' }) => stream,
  worker: ({ worker = '' }) => worker,
  push: ({ push = '' }) => push,
  host: ({ host, url }) => host ?? url ?? '',
  cause: ({ cause = '' }) => cause,
  by: ({ by = '' }) => by,
};

/** A test for events; every word of the query must fit. `*` stands for anything; part of a host is enough, other fields are meant whole. */
export function eventTest({ kind, query, isProblemsOnly }: EventFilter): (event: LiveEvent) => boolean {
  const tests = query.split(/\s+/).filter(Boolean).map(wordTest);
  if (kind !== 'all') tests.unshift(({ event }) => event.startsWith(`${kind}_`));
  if (isProblemsOnly) tests.unshift(({ event }) => ['problem', 'warning'].includes(eventWord(event).level));
  return (event) => tests.every((test) => test(event));
}

function wordTest(word: string): (event: LiveEvent) => boolean {
  const colon = word.indexOf(':');
  const field = word.slice(0, Math.max(colon, 0)).toLowerCase();
  if (!Object.hasOwn(fields, field)) {
    const wanted = word.toLowerCase();
    return (event) => eventSearchText(event).includes(wanted);
  }
  const read = fields[field]!;
  const wanted = word.slice(colon + 1).toLowerCase();
  if (wanted === '') return () => true; // still being typed
  if (wanted.includes('*')) {
    const pattern = new RegExp(`^${wanted.split('*').map(RegExp.escape).join('.*')}$`);
    return (event) => pattern.test(read(event).toLowerCase());
  }
  if (field === 'host') return (event) => read(event).toLowerCase().includes(wanted);
  return (event) => read(event).toLowerCase() === wanted;
}

const eventSearchText = (event: LiveEvent): string =>
  [event.event, eventWord(event.event).word, eventSubject(event), event.worker, event.cause, event.message, event.by]
    .join('\n')
    .toLowerCase();
