import type { StreamSpec } from '@pushfleet/config';
import type { DesiredPush, DesiredStream } from '@pushfleet/contract';
import type { DesiredState } from '../push/desired-state.ts';
import { asRemoved, diffPushes, knownPushes } from '../push/push-diff.ts';
import type { Change } from '../push/push-store.ts';
import { sameSpec } from '../push/same-spec.ts';
import { filePushId } from './file-push-id.ts';

export interface DocumentDiff {
  readonly streams: readonly Change<DesiredStream>[];
  readonly pushes: readonly Change<DesiredPush>[];
}

/**
 * What makes the objects of the config file equal to its text: only what differs is changed, and what has left the file is removed. A
 * stream of the API that the file names too belongs to the file from then on. Pure; `now` is RFC 3339.
 */
export function diffDocument(specs: readonly StreamSpec[], desired: DesiredState, now: string): DocumentDiff {
  const streams: Change<DesiredStream>[] = [];
  const pushes: Change<DesiredPush>[] = [];
  const named = new Set<string>();
  const known = knownPushes(desired);
  for (const { name, pushes: pushSpecs = [], ...spec } of specs) {
    named.add(name);
    const before = desired.streams.get(name);
    const lives = before?.removed === false;
    const same = lives && before.origin === 'file' && sameSpec(before.spec, spec);
    const createdAt = lives ? before.createdAt : now;
    const value: DesiredStream = { name, spec, origin: 'file', removed: false, revision: 0, createdAt };
    if (!same) streams.push({ value, expected: before?.revision ?? 0 });
    const list = { stream: name, specs: pushSpecs, origin: 'file' } as const;
    pushes.push(...diffPushes(list, known(name), (push, taken) => filePushId(name, push.url, taken), now));
  }
  const left = <T extends { readonly origin: string; readonly removed: boolean }>(value: T, stream: string) =>
    value.origin === 'file' && !value.removed && !named.has(stream);
  for (const stream of desired.streams.values()) {
    if (left(stream, stream.name)) streams.push({ value: { ...stream, removed: true }, expected: stream.revision });
  }
  for (const push of desired.pushes.values()) {
    if (left(push, push.stream)) pushes.push({ value: asRemoved(push), expected: push.revision });
  }
  return { streams, pushes };
}
