import type { PushSpec } from '@pushfleet/config';
import type { DesiredPush, Origin } from '@pushfleet/contract';
import type { DesiredState } from './desired-state.ts';
import type { Change } from './push-store.ts';
import { sameSpec } from './same-spec.ts';
import { targetIdentity } from './target-identity.ts';

/** The pushes that an owner wants one of its streams to have. */
export interface PushList {
  readonly stream: string;
  readonly specs: readonly PushSpec[];
  readonly origin: Origin;
}

/** What is there already. */
export interface KnownPushes {
  /** Pushes of that stream, whoever owns them. */
  readonly ofStream: readonly DesiredPush[];
  /** Ids of all pushes; those that are given out are added. */
  readonly taken: Set<string>;
  /** 0 for an id that was never used. */
  readonly revisionOf: (id: string) => number;
}

/**
 * What makes the owner's pushes of a stream equal to the list: only those that differ are changed, so that the others keep their
 * connection. `newId` names a push that was not there before; `now` is RFC 3339.
 */
export function diffPushes(
  { stream, specs, origin }: PushList,
  { ofStream, taken, revisionOf }: KnownPushes,
  newId: (spec: PushSpec, taken: ReadonlySet<string>) => string,
  now: string,
): Change<DesiredPush>[] {
  const owned = ofStream.filter((push) => push.origin === origin && !push.removed);
  const matches = matchPushes(specs, owned);
  const changes: Change<DesiredPush>[] = [];
  for (const [i, spec] of specs.entries()) {
    const known = matches[i];
    if (known === undefined) {
      const id = newId(spec, taken);
      taken.add(id);
      changes.push({
        value: newPush({ id, stream, spec, origin, createdAt: now }),
        expected: revisionOf(id),
        fresh: true,
      });
    } else if (!sameSpec(specOf(known), spec)) {
      changes.push({ value: withSpec(known, spec), expected: known.revision });
    }
  }
  const kept = new Set(matches);
  for (const push of owned) if (!kept.has(push)) changes.push({ value: asRemoved(push), expected: push.revision });
  return changes;
}

/** The view of `diffPushes` on desired state, for one stream after the other. */
export function knownPushes(desired: DesiredState): (stream: string) => KnownPushes {
  const byStream = Map.groupBy(desired.pushes.values(), ({ stream }) => stream);
  const living = desired.pushes.values().filter(({ removed }) => !removed);
  const taken = new Set(living.map(({ id }) => id));
  const revisionOf = (id: string) => desired.pushes.get(id)?.revision ?? 0;
  return (stream) => ({ ofStream: byStream.get(stream) ?? [], taken, revisionOf });
}

/**
 * Which of the known pushes each spec speaks of. The same URL first, so that removing one push never renames another; then a URL that
 * differs in its secrets only, so that a push outlives the change of its stream key.
 */
export function matchPushes(specs: readonly PushSpec[], known: readonly DesiredPush[]): (DesiredPush | undefined)[] {
  const free = new Set(known);
  const matches: (DesiredPush | undefined)[] = specs.map(() => undefined);
  for (const sameTarget of [
    (spec: PushSpec, push: DesiredPush) => spec.url === push.url,
    (spec: PushSpec, push: DesiredPush) => targetIdentity(spec.url) === targetIdentity(push.url),
  ]) {
    for (const [i, spec] of specs.entries()) {
      if (matches[i] !== undefined) continue;
      const match = free.values().find((push) => sameTarget(spec, push));
      if (match === undefined) continue;
      matches[i] = match;
      free.delete(match);
    }
  }
  return matches;
}

export function newPush(given: {
  readonly id: string;
  readonly stream: string;
  readonly spec: PushSpec;
  readonly origin: Origin;
  readonly createdAt: string;
}): DesiredPush {
  const { id, stream, spec, origin, createdAt } = given;
  const { url, ...options } = spec;
  return {
    id,
    stream,
    url,
    options,
    origin,
    override: null,
    restarts: 0,
    error: null,
    removed: false,
    revision: 0,
    createdAt,
  };
}

export const specOf = (push: DesiredPush): PushSpec => ({ url: push.url, ...push.options });

/** The push with another spec; a pause by a person stays. */
export function withSpec(push: DesiredPush, { url, ...options }: PushSpec): DesiredPush {
  return { ...push, url, options, error: null };
}

export const asRemoved = (push: DesiredPush): DesiredPush => ({ ...push, removed: true, error: null });
