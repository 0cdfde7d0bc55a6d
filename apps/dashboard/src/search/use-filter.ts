import type { PushStatus } from '@pushfleet/contract';
import { useCallback, useMemo } from 'react';
import { useSearch } from 'wouter';
import { navigate } from 'wouter/use-browser-location';
import { pushStatuses } from '../status/push-status.ts';

export interface Filter {
  /** Words of the search box. */
  readonly query: string;
  /** Empty: any. */
  readonly statuses: ReadonlySet<PushStatus>;
}

const isStatus = (text: string): text is PushStatus => (pushStatuses as readonly string[]).includes(text);

/** What lists are narrowed to. It stands in the address, as `?q=…&status=…`, so that a link shows the same. */
export function useFilter(): Filter {
  const search = useSearch();
  return useMemo(() => {
    const params = new URLSearchParams(search);
    return {
      query: params.get('q') ?? '',
      statuses: new Set((params.get('status') ?? '').split(',').filter(isStatus)),
    };
  }, [search]);
}

export function setFilter({ query, statuses }: Partial<Filter>): void {
  changeSearch(
    {
      ...(query !== undefined && { q: query }),
      ...(statuses !== undefined && { status: [...statuses].join(',') }),
    },
    { replace: true },
  );
}

/** Which push the drawer shows: `?push=ID` on any page. */
export function useOpenPush(): string | null {
  const search = useSearch();
  return useMemo(() => new URLSearchParams(search).get('push'), [search]);
}
export const openPush = (id: string): void => changeSearch({ push: id });
export const closePush = (): void => changeSearch({ push: '' });

/** One parameter of the address; `fallback` when it is absent. */
export function useParam(name: string, fallback: string): readonly [string, (value: string) => void] {
  const search = useSearch();
  const value = useMemo(() => new URLSearchParams(search).get(name) ?? fallback, [search, name, fallback]);
  const set = useCallback(
    (next: string) => changeSearch({ [name]: next === fallback ? '' : next }, { replace: true }),
    [name, fallback],
  );
  return [value, set];
}

/** Empty values go. The path stays as it is written: a router that decodes it would take the slash of a stream's name for its own. */
function changeSearch(change: Readonly<Record<string, string>>, options: { replace?: boolean } = {}): void {
  const params = new URLSearchParams(window.location.search);
  for (const [name, value] of Object.entries(change)) {
    if (value === '') params.delete(name);
    else params.set(name, value);
  }
  const search = params.toString();
  navigate(search === '' ? window.location.pathname : `${window.location.pathname}?${search}`, options);
}
