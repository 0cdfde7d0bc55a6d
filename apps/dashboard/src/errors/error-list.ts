import type { ErrorGroup } from '@pushfleet/contract';
import { faultOf, faultTexts } from './fault.ts';

/** What the page shows of the groups: those that affect pushes now, and those that are over. */
export interface ErrorList {
  readonly current: readonly ErrorGroup[];
  readonly over: readonly ErrorGroup[];
}

/** Current ones with most pushes first, past ones with the latest first. Every word of `query` must stand somewhere in a group. */
export function listErrors(groups: readonly ErrorGroup[], query: string): ErrorList {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const fitting = groups.filter((group) => {
    const text = groupText(group);
    return words.every((word) => text.includes(word));
  });
  return {
    current: fitting.filter(({ affected }) => affected > 0).sort((a, b) => b.affected - a.affected || byLastSeen(a, b)),
    over: fitting.filter(({ affected }) => affected === 0).sort(byLastSeen),
  };
}

const byLastSeen = (a: ErrorGroup, b: ErrorGroup): number =>
  Date.parse(b.last_seen) - Date.parse(a.last_seen) || groupKey(a).localeCompare(groupKey(b));

const groupText = (group: ErrorGroup): string =>
  [group.code, group.host, group.title, group.last_message, faultTexts[faultOf(group)].word].join('\n').toLowerCase();

export const groupKey = ({ code, host }: ErrorGroup): string => `${code} ${host}`;

/** The pushes that a group affects now. */
export function pushesOfGroup({ code, host }: Pick<ErrorGroup, 'code' | 'host'>): string {
  const words = [`error:${code}`, ...(host === '' ? [] : [`host:${host}`])];
  return `/pushes?q=${encodeURIComponent(words.join(' '))}&status=error,retry`;
}
