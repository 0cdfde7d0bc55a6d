import type { ConfigState, ErrorCodes, ErrorGroup, JournalEntry, PushDetail, StreamDetail } from '@pushfleet/contract';
import type { LiveEvent } from '@pushfleet/contract/live';
import { QueryClient, queryOptions } from '@tanstack/react-query';
import { get } from './client.ts';
import { ApiProblem } from './problem.ts';

/** What the live feed does not carry is asked for when somebody looks at it. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // A refusal is an answer; only a scheduler that is away is asked again.
      retry: (failures, error) => failures < 2 && error instanceof ApiProblem && error.status === 0,
      refetchOnWindowFocus: false,
    },
  },
});

const pathOf = (kind: 'pushes' | 'streams', name: string): string => `/${kind}/${encodeURIComponent(name)}`;

/** `revision`: asked again when somebody has changed the push. */
export const pushQuery = (id: string, revision: number) =>
  queryOptions({
    queryKey: ['push', id, revision],
    queryFn: ({ signal }) => get<PushDetail>(pathOf('pushes', id), signal),
    placeholderData: (before) => (before?.id === id ? before : undefined),
  });

/** `mark` differs when an attempt has ended: then the journal has grown. */
export const attemptsQuery = (id: string, mark: string) =>
  queryOptions({
    queryKey: ['attempts', id, mark],
    queryFn: async ({ signal }) => {
      const { attempts } = await get<{ attempts: JournalEntry[] }>(`${pathOf('pushes', id)}/attempts`, signal);
      return attempts;
    },
    placeholderData: (before) => before,
  });

export const pushEventsQuery = (id: string) =>
  queryOptions({
    queryKey: ['push-events', id],
    queryFn: async ({ signal }) => {
      const { events } = await get<{ events: LiveEvent[] }>(`${pathOf('pushes', id)}/events?limit=100`, signal);
      return events;
    },
  });

const MEDIA_INTERVAL_MS = 3_000;

/** With what the stream carries now; asked again while it is looked at. */
export const streamQuery = (name: string) =>
  queryOptions({
    queryKey: ['stream', name],
    queryFn: ({ signal }) => get<StreamDetail>(pathOf('streams', name), signal),
    refetchInterval: MEDIA_INTERVAL_MS,
  });

/** The table of error codes with their remedies: part of the release, so asked for once. */
export const errorCodesQuery = queryOptions({
  queryKey: ['error-codes'],
  queryFn: async ({ signal }) => {
    const { codes } = await get<ErrorCodes>('/error-codes', signal);
    return new Map(codes.map((entry) => [entry.code, entry]));
  },
  staleTime: Number.POSITIVE_INFINITY,
});

const ERRORS_INTERVAL_MS = 3_000;

/** Failures by cause and host; asked again while they are looked at. */
export const errorsQuery = queryOptions({
  queryKey: ['errors'],
  queryFn: async ({ signal }) => (await get<{ errors: ErrorGroup[] }>('/errors', signal)).errors,
  refetchInterval: ERRORS_INTERVAL_MS,
});

/** Newest first; what comes later comes by the live feed. */
export const recentEventsQuery = queryOptions({
  queryKey: ['recent-events'],
  queryFn: async ({ signal }) => (await get<{ events: LiveEvent[] }>('/events/recent?limit=2000', signal)).events,
});

const CONFIG_INTERVAL_MS = 3_000;

/** The config text beside what runs; asked again while it is looked at, since a file changes under somebody else's hands. */
export const configStateQuery = queryOptions({
  queryKey: ['config-state'],
  queryFn: ({ signal }) => get<ConfigState>('/config/state', signal),
  refetchInterval: CONFIG_INTERVAL_MS,
});
