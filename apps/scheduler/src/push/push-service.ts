import { randomUUIDv7 } from 'node:crypto';
import { applyMergePatch, type PushPatch, type PushSpec, pushSpecSchema, resolveDelivery } from '@pushfleet/config';
import { ApiError, type DesiredPush, type EventType, type Origin } from '@pushfleet/contract';
import type { EventLog } from '../events/event-log.ts';
import { shownUrl } from './derived.ts';
import type { DesiredCache } from './desired-cache.ts';
import { asRemoved, newPush, specOf, withSpec } from './push-diff.ts';
import { retryConflicts } from './retry-conflicts.ts';
import { sameSpec } from './same-spec.ts';
import type { TargetCheck } from './target-check.ts';

/** Who asks: through the API or the intake queue, and under which name. */
export interface Actor {
  readonly origin: Exclude<Origin, 'file'>;
  readonly by: string;
}

export interface NewPush {
  /** Makes sending twice add once; one is made when it is absent. */
  readonly id?: string | undefined;
  readonly stream: string;
  readonly spec: PushSpec;
}

/** What people can do with pushes. Rejects with ApiError; every change clears a resting error. */
export class PushService {
  readonly #cache: DesiredCache;
  readonly #events: EventLog;
  readonly #targets: TargetCheck;

  constructor(cache: DesiredCache, events: EventLog, targets: TargetCheck) {
    this.#cache = cache;
    this.#events = events;
    this.#targets = targets;
  }

  async get(id: string): Promise<DesiredPush> {
    const push = await this.#cache.findPush(id);
    if (push === undefined) throw new ApiError('push_not_found', `There is no push with the id '${id}'.`);
    return push;
  }

  /** The same spec under the same id again is answered with the push that exists. */
  async create({ id = randomUUIDv7(), stream, spec }: NewPush, actor: Actor): Promise<DesiredPush> {
    this.#targets.check(spec);
    return retryConflicts(async () => {
      const known = await this.#cache.findPush(id);
      if (known !== undefined) return sameAs(known, stream, spec);
      if ((await this.#cache.findStream(stream)) === undefined) {
        throw new ApiError(
          'stream_not_found',
          `There is no stream '${stream}': create it first, or correct the name.`,
          [{ pointer: '#/stream', detail: `there is no stream '${stream}'` }],
        );
      }
      const value = newPush({ id, stream, spec, origin: actor.origin, createdAt: new Date().toISOString() });
      const expected = this.#cache.pushes.get(id)?.revision ?? 0;
      const [push] = await this.#cache.savePushes([{ value, expected, fresh: true }]);
      if (push !== undefined) await this.#tell('push_created', push, actor);
      return push;
    });
  }

  /** RFC 7396: an absent member never changes, null goes back to the default. */
  patch(id: string, patch: PushPatch, actor: Actor): Promise<DesiredPush> {
    return this.#change(id, actor, 'push_updated', (push) => {
      assertOwned(push);
      const spec = pushSpecSchema.parse(applyMergePatch(specOf(push), patch));
      if (!hasSameTarget(spec, specOf(push))) this.#targets.check(spec);
      // Who sets the option means it: an older pause or resume must not stand against it.
      const override = patch.disabled === undefined ? push.override : null;
      if (sameSpec(spec, specOf(push)) && override === push.override) return push;
      return { ...withSpec(push, spec), override };
    });
  }

  pause(id: string, actor: Actor): Promise<DesiredPush> {
    return this.#change(id, actor, 'push_disabled', (push) => {
      if (push.override?.disabled === true) return push;
      return { ...push, override: { disabled: true, by: actor.by, at: new Date().toISOString() }, error: null };
    });
  }

  /** Takes a pause back; also overrides a `disabled` in the push's own options. */
  resume(id: string, actor: Actor): Promise<DesiredPush> {
    return this.#change(id, actor, 'push_enabled', (push) => {
      const isDisabled = push.override?.disabled ?? push.options.disabled ?? false;
      if (!isDisabled) return push;
      const override =
        push.options.disabled === true ? { disabled: false, by: actor.by, at: new Date().toISOString() } : null;
      return { ...push, override, error: null };
    });
  }

  /** A new connection and the whole retry budget. */
  restart(id: string, actor: Actor): Promise<DesiredPush> {
    return this.#change(id, actor, 'push_restarted', (push) => ({ ...push, restarts: push.restarts + 1, error: null }));
  }

  remove(id: string, actor: Actor): Promise<DesiredPush> {
    return this.#change(id, actor, 'push_removed', (push) => {
      assertOwned(push);
      return asRemoved(push);
    });
  }

  /** `change` answers its argument when there is nothing to change. */
  async #change(
    id: string,
    actor: Actor,
    event: EventType,
    change: (push: DesiredPush) => DesiredPush,
  ): Promise<DesiredPush> {
    return retryConflicts(async () => {
      const known = await this.get(id);
      const value = change(known);
      if (value === known) return known;
      const [push] = await this.#cache.savePushes([{ value, expected: known.revision }]);
      if (push !== undefined) await this.#tell(event, push, actor);
      return push;
    });
  }

  #tell(event: EventType, push: DesiredPush, { by }: Actor): Promise<void> {
    return this.#events.append([{ event, push: push.id, stream: push.stream, url: shownUrl(push), by }]);
  }
}

function sameAs(known: DesiredPush, stream: string, spec: PushSpec): DesiredPush {
  if (known.stream === stream && sameSpec(specOf(known), spec)) return known;
  throw new ApiError(
    'push_exists',
    `A push with the id '${known.id}' exists and is different: choose another id, or change it with PATCH.`,
  );
}

/** What is not touched is not judged anew: rules about addresses may have changed since. */
const hasSameTarget = (a: PushSpec, b: PushSpec): boolean =>
  a.url === b.url && sameSpec(resolveDelivery(a, {}), resolveDelivery(b, {}));

function assertOwned(push: DesiredPush): void {
  if (push.origin !== 'file') return;
  throw new ApiError(
    'owned_by_file',
    `The push '${push.id}' stands in the configuration: change it there. Pausing, resuming and restarting works here too.`,
  );
}
