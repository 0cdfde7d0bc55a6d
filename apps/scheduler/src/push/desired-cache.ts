import { ApiError, type DesiredPush, type DesiredStream, type Drain } from '@pushfleet/contract';
import { FollowedObjects } from './followed-objects.ts';
import type { Change, ErrorChange, PushStore } from './push-store.ts';

/**
 * The whole desired state in memory. Follows Redis by revision, and is the copy from which a lost data set is restored: nothing that was
 * accepted is lost while one scheduler lives.
 */
export class DesiredCache {
  readonly #store: PushStore;
  readonly #pushes: FollowedObjects<DesiredPush>;
  readonly #streams: FollowedObjects<DesiredStream>;
  readonly #suspects = new Set<string>();
  #drains: ReadonlyMap<string, Drain> = new Map();
  #revision = 0;
  #epoch: string | undefined;
  #inGrace = false;
  #restoredAt = Number.NEGATIVE_INFINITY;
  #suspectsAll = false;
  readonly #listeners: (() => void)[] = [];
  #refreshing: Promise<boolean> | undefined;
  #next: Promise<boolean> | undefined;

  constructor(store: PushStore) {
    this.#store = store;
    this.#pushes = new FollowedObjects({
      read: (ids) => store.readPushes(ids),
      changed: (after) => store.changedPushes(after),
    });
    this.#streams = new FollowedObjects({
      read: (names) => store.readStreams(names),
      changed: (after) => store.changedStreams(after),
    });
  }

  /** Removed ones included, until they are purged. */
  get pushes(): ReadonlyMap<string, DesiredPush> {
    return this.#pushes.living;
  }

  /** Removed ones included, until they are purged. */
  get streams(): ReadonlyMap<string, DesiredStream> {
    return this.#streams.living;
  }

  /** The workers that shall hold nothing, by name; those that do not run now included. */
  get drains(): ReadonlyMap<string, Drain> {
    return this.#drains;
  }

  /** Another number after each change of a push, for those who derive something from all of them. */
  get pushVersion(): number {
    return this.#pushes.version;
  }

  /** The highest revision that this process knows of: that of the last change of what people want. */
  get revision(): number {
    return this.#floor();
  }

  /** As of the last look, Redis was new or just back: other schedulers may still have to put back what they know. */
  get inGrace(): boolean {
    return this.#inGrace;
  }

  /** When this process last found data lost and put back what it knew, by performance.now(). */
  get restoredAt(): number {
    return this.#restoredAt;
  }

  /** Redis has been read at least once. */
  get isLoaded(): boolean {
    return this.#epoch !== undefined;
  }

  /** `listener` hears of every change of what people want, whoever made it. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Undefined when there is none or it is removed. Rejects with `redis_unavailable` when that cannot be told. */
  findPush(id: string): Promise<DesiredPush | undefined> {
    return this.#pushes.find(id);
  }

  /** As `findPush`. */
  findStream(name: string): Promise<DesiredStream | undefined> {
    return this.#streams.find(name);
  }

  /** Saves what was changed from the state in here. Undefined where somebody else was faster; their version is in here then. */
  async savePushes(changes: readonly Change<DesiredPush>[]): Promise<(DesiredPush | undefined)[]> {
    const revisions = await this.#store.savePushes(changes, this.#floor());
    return this.#settle(changes, revisions, (push) => this.#pushes.put(push.id, push));
  }

  /** As `savePushes`. */
  async saveStreams(changes: readonly Change<DesiredStream>[]): Promise<(DesiredStream | undefined)[]> {
    const revisions = await this.#store.saveStreams(changes, this.#floor());
    return this.#settle(changes, revisions, (stream) => this.#streams.put(stream.name, stream));
  }

  /** Sets or clears resting errors; without effect where the push has changed meanwhile. */
  async setErrors(changes: readonly ErrorChange[]): Promise<void> {
    const set = await this.#store.setErrors(changes);
    for (const [i, { push, error }] of changes.entries()) {
      if (set[i] && this.pushes.get(push.id) === push) this.#pushes.put(push.id, { ...push, error });
    }
  }

  /** Null lets the worker of this name take pushes again. */
  async saveDrain(worker: string, drain: Drain | null): Promise<void> {
    await this.#store.saveDrain(worker, drain);
    const drains = new Map(this.#drains);
    if (drain === null) drains.delete(worker);
    else drains.set(worker, drain);
    this.#drains = drains;
  }

  /** Deletes removed objects for good, unless they live again. */
  async purge(pushes: readonly DesiredPush[], streams: readonly DesiredStream[]): Promise<void> {
    await this.#store.purgePushes(pushes);
    await this.#store.purgeStreams(streams);
    await this.#pushes.load(pushes.map(({ id }) => id));
    await this.#streams.load(streams.map(({ name }) => name));
  }

  /** This push may have changed in a way that took no revision: the next refresh reads it. */
  suspect(id: string): void {
    this.#suspects.add(id);
  }

  /** Messages may have been missed: the next refresh reads everything. */
  suspectAll(): void {
    this.#suspectsAll = true;
  }

  /** Catches up with Redis; answers whether people want anything else now. The look that answers began after this call. */
  refresh(): Promise<boolean> {
    if (this.#refreshing === undefined) return this.#begin();
    const begin = () => this.#begin();
    this.#next ??= this.#refreshing.then(begin, begin);
    return this.#next;
  }

  #begin(): Promise<boolean> {
    this.#next = undefined;
    this.#refreshing = this.#refresh()
      .catch((error: unknown) => {
        this.#suspectsAll = true;
        throw error;
      })
      .finally(() => {
        this.#refreshing = undefined;
      });
    return this.#refreshing;
  }

  async #refresh(): Promise<boolean> {
    const pulse = await this.#store.pulse(this.#floor());
    const isLost = this.isLoaded && pulse.epoch !== this.#epoch;
    if (isLost) await this.#restore();
    const everything = isLost || this.#suspectsAll;
    this.#suspectsAll = false;
    const changes = [await this.#follow(this.#pushes, everything), await this.#follow(this.#streams, everything)];
    changes.push(await this.#loadSuspects());
    if (everything || this.pushes.size !== pulse.pushCount) changes.push(await this.#pushes.dropAbsent());
    if (everything || this.streams.size !== pulse.streamCount) changes.push(await this.#streams.dropAbsent());
    this.#drains = await this.#store.readDrains();
    // What was written during this refresh is read again by the next one.
    this.#revision = pulse.revision;
    this.#epoch = pulse.epoch;
    this.#inGrace = pulse.grace;
    const changed = isLost || changes.includes(true);
    if (changed) this.#announce();
    return changed;
  }

  async #restore(): Promise<void> {
    await this.#store.restore(this.#pushes.remembered, this.#streams.remembered);
    await this.#store.restoreDrains(this.#drains);
    this.#restoredAt = performance.now();
  }

  #follow(
    objects: FollowedObjects<DesiredPush> | FollowedObjects<DesiredStream>,
    everything: boolean,
  ): Promise<boolean> {
    return everything ? objects.readAll() : objects.follow(this.#revision);
  }

  async #loadSuspects(): Promise<boolean> {
    const ids = [...this.#suspects];
    const changed = await this.#pushes.load(ids);
    for (const id of ids) this.#suspects.delete(id);
    return changed;
  }

  async #settle<T extends object>(
    changes: readonly Change<T>[],
    revisions: number[],
    put: (value: T) => void,
  ): Promise<(T | undefined)[]> {
    const saved = changes.map(({ value }, i) =>
      revisions[i]! > 0 ? { ...value, revision: revisions[i]! } : undefined,
    );
    for (const value of saved) if (value !== undefined) put(value);
    this.#announce();
    if (saved.includes(undefined)) await this.refresh();
    return saved;
  }

  #announce(): void {
    for (const listener of this.#listeners) listener();
  }

  /** The highest revision that this process knows of. */
  #floor(): number {
    return Math.max(this.#revision, this.#pushes.highest, this.#streams.highest);
  }
}

/** For readers that must not take an unread state for an empty one. */
export function assertLoaded(cache: DesiredCache): void {
  if (!cache.isLoaded)
    throw new ApiError('redis_unavailable', 'Redis has not been reached since this scheduler started.');
}
