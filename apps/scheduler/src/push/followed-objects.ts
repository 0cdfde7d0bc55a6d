/** What desired pushes and streams have in common. */
export interface Versioned {
  readonly revision: number;
  readonly removed: boolean;
}

export interface ObjectReader<T> {
  /** Undefined where there is no such object. */
  read(ids: Iterable<string>): Promise<(T | undefined)[]>;
  /** Ids of the objects that have changed after this revision, with their revisions; all of them for -1. */
  changed(after: number): Promise<ReadonlyMap<string, number>>;
}

/** Purged objects remembered, in case an older data set comes back in which they live. */
const GRAVES = 10_000;

/** All objects of one kind in memory, kept equal to those in Redis. */
export class FollowedObjects<T extends Versioned> {
  readonly #reader: ObjectReader<T>;
  readonly #living = new Map<string, T>();
  readonly #buried = new Map<string, T>();
  #highest = 0;
  #version = 0;

  constructor(reader: ObjectReader<T>) {
    this.#reader = reader;
  }

  /** Removed ones included, until they are purged. */
  get living(): ReadonlyMap<string, T> {
    return this.#living;
  }

  /** Everything that a lost data set has to be given back: purged objects too, since it may have them alive. */
  get remembered(): T[] {
    return [...this.#buried.values(), ...this.#living.values()];
  }

  /** The highest revision seen. */
  get highest(): number {
    return this.#highest;
  }

  /** Another number after each change of what is in here. */
  get version(): number {
    return this.#version;
  }

  put(id: string, value: T): void {
    this.#version++;
    this.#living.set(id, value);
    this.#buried.delete(id);
    this.#highest = Math.max(this.#highest, value.revision);
  }

  /** The object, unless it is removed. Looks into Redis before it says that there is none: another scheduler may just have made it. */
  async find(id: string): Promise<T | undefined> {
    if (!this.#living.has(id)) await this.load([id]);
    const value = this.#living.get(id);
    return value?.removed === false ? value : undefined;
  }

  /** Reads these objects; answers whether one of them is new, different or gone. */
  async load(ids: Iterable<string>): Promise<boolean> {
    const list = [...ids];
    if (list.length === 0) return false;
    const before = list.map((id) => this.#living.get(id));
    const found = await this.#reader.read(list);
    let changed = false;
    for (const [i, id] of list.entries()) {
      const [known, read] = [before[i], found[i]];
      // Saved by this process while the answer was under way.
      if (this.#living.get(id) !== known) continue;
      if (read !== undefined) this.put(id, read);
      else if (known !== undefined) this.#bury(id, known);
      changed ||= read?.revision !== known?.revision;
    }
    return changed;
  }

  /** Reads what has changed after this revision and is not known yet. */
  async follow(after: number): Promise<boolean> {
    const changed = await this.#reader.changed(after);
    return this.load(changed.keys().filter((id) => this.#living.get(id)?.revision !== changed.get(id)));
  }

  /** Reads everything, what is known too. */
  async readAll(): Promise<boolean> {
    return this.load((await this.#reader.changed(-1)).keys());
  }

  /** Forgets what another scheduler has purged: that leaves no revision behind, only an absence. */
  async dropAbsent(): Promise<boolean> {
    const present = new Set((await this.#reader.changed(-1)).keys());
    return this.load(new Set(this.#living.keys()).symmetricDifference(present));
  }

  #bury(id: string, value: T): void {
    this.#version++;
    this.#living.delete(id);
    if (!value.removed) return;
    this.#buried.set(id, value);
    if (this.#buried.size > GRAVES) this.#buried.delete(this.#buried.keys().next().value!);
  }
}
