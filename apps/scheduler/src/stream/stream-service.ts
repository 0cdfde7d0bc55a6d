import { randomUUIDv7 } from 'node:crypto';
import {
  applyMergePatch,
  MASK,
  redactUrl,
  type StreamPatch,
  type StreamSpec,
  streamSpecSchema,
} from '@pushfleet/config';
import { ApiError, type DesiredPush, type DesiredStream, type FleetEvent } from '@pushfleet/contract';
import type { EventLog } from '../events/event-log.ts';
import { shownUrl } from '../push/derived.ts';
import type { DesiredCache } from '../push/desired-cache.ts';
import { asRemoved, diffPushes, knownPushes } from '../push/push-diff.ts';
import type { PushIndex } from '../push/push-index.ts';
import type { Actor } from '../push/push-service.ts';
import type { Change } from '../push/push-store.ts';
import { retryConflicts } from '../push/retry-conflicts.ts';
import { sameSpec } from '../push/same-spec.ts';
import type { TargetCheck } from '../push/target-check.ts';

/** What people can do with streams. Rejects with ApiError. */
export class StreamService {
  readonly #cache: DesiredCache;
  readonly #index: PushIndex;
  readonly #events: EventLog;
  readonly #targets: TargetCheck;

  constructor(cache: DesiredCache, index: PushIndex, events: EventLog, targets: TargetCheck) {
    this.#cache = cache;
    this.#index = index;
    this.#events = events;
    this.#targets = targets;
  }

  async get(name: string): Promise<DesiredStream> {
    const stream = await this.#cache.findStream(name);
    if (stream === undefined) throw new ApiError('stream_not_found', `There is no stream '${name}'.`);
    return stream;
  }

  /** Makes the stream what the spec says. Without `pushes` its pushes stay; with them the pushes of this owner become that list. */
  async put({ name, pushes, ...spec }: StreamSpec, actor: Actor): Promise<{ stream: DesiredStream; created: boolean }> {
    for (const spec of pushes ?? []) this.#targets.check(spec);
    const result = await retryConflicts(async () => this.#save(await this.#cache.findStream(name), name, spec, actor));
    if (pushes !== undefined) await retryConflicts(() => this.#putPushes({ name, pushes }, actor));
    return result;
  }

  /**
   * RFC 7396: an absent member never changes, null goes back to the default. An input that is written as it is shown, with its secret masked,
   * stays the one that it is shown for.
   */
  async patch(name: string, patch: StreamPatch, actor: Actor): Promise<DesiredStream> {
    const { stream } = await retryConflicts(async () => {
      const known = await this.get(name);
      const inputs = patch.inputs && unmasked(patch.inputs, known.spec.inputs ?? []);
      const { name: _, ...spec } = streamSpecSchema.parse({
        ...applyMergePatch(known.spec, { ...patch, inputs }),
        name,
      });
      return this.#save(known, name, spec, actor);
    });
    return stream;
  }

  /** Removes the stream and those of its pushes that do not belong to the config file. */
  async remove(name: string, actor: Actor): Promise<void> {
    await retryConflicts(async () => {
      const known = await this.get(name);
      assertOwned(known);
      const removed = this.#index.ofStream(name).filter(({ origin }) => origin !== 'file');
      const changes = removed.map((push): Change<DesiredPush> => ({ value: asRemoved(push), expected: push.revision }));
      const saved = await this.#cache.savePushes(changes);
      if (saved.includes(undefined)) return undefined;
      const [stream] = await this.#cache.saveStreams([
        { value: { ...known, removed: true }, expected: known.revision },
      ]);
      if (stream === undefined) return undefined;
      await this.#events.append([
        ...removed.map((push) => pushEvent('push_removed', push, actor)),
        { event: 'stream_removed', stream: name, by: actor.by },
      ]);
      return stream;
    });
  }

  async #save(known: DesiredStream | undefined, name: string, spec: DesiredStream['spec'], actor: Actor) {
    if (known !== undefined) assertOwned(known);
    const created = known === undefined;
    if (known !== undefined && sameSpec(known.spec, spec)) return { stream: known, created };
    const value: DesiredStream = {
      name,
      spec,
      origin: actor.origin,
      removed: false,
      revision: 0,
      createdAt: known?.createdAt ?? new Date().toISOString(),
    };
    const expected = (known ?? this.#cache.streams.get(name))?.revision ?? 0;
    const [stream] = await this.#cache.saveStreams([{ value, expected }]);
    if (stream === undefined) return undefined;
    await this.#events.append([{ event: created ? 'stream_created' : 'stream_updated', stream: name, by: actor.by }]);
    return { stream, created };
  }

  /** Answers how many pushes were changed. */
  async #putPushes({ name, pushes = [] }: StreamSpec, actor: Actor): Promise<number | undefined> {
    const list = { stream: name, specs: pushes, origin: actor.origin };
    const changes = diffPushes(list, knownPushes(this.#cache)(name), () => randomUUIDv7(), new Date().toISOString());
    const saved = await this.#cache.savePushes(changes);
    await this.#events.append(
      saved.flatMap((push, i) => (push === undefined ? [] : pushEvent(changeEvent(changes[i]!), push, actor))),
    );
    return saved.includes(undefined) ? undefined : saved.length;
  }
}

export function changeEvent({ value, fresh }: Change<DesiredPush>): 'push_created' | 'push_updated' | 'push_removed' {
  if (value.removed) return 'push_removed';
  return fresh ? 'push_created' : 'push_updated';
}

export function pushEvent(
  event: FleetEvent['event'],
  push: DesiredPush,
  { by }: Pick<Actor, 'by'>,
): Omit<FleetEvent, 'at'> {
  return { event, push: push.id, stream: push.stream, url: shownUrl(push), by };
}

function assertOwned(stream: DesiredStream): void {
  if (stream.origin !== 'file') return;
  throw new ApiError('owned_by_file', `The stream '${stream.name}' stands in the configuration: change it there.`);
}

/** Inputs in full for those that are masked. Throws ApiError `invalid_request` for one that is like none of `known`. */
function unmasked(inputs: readonly string[], known: readonly string[]): string[] {
  return inputs.map((input, i) => {
    if (!input.includes(MASK)) return input;
    // Two that differ in their secrets alone are told apart by their places.
    const found = [known[i], ...known].find((url) => url !== undefined && redactUrl(url) === input);
    if (found !== undefined) return found;
    const detail = `The input ${input} is masked: ${MASK} stands where its secret was. Write it in full.`;
    throw new ApiError('invalid_request', detail, [{ pointer: `#/inputs/${i}`, detail }]);
  });
}
