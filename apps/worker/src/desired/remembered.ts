/** Redis answers in milliseconds or not at all; whoever waits for this is a publisher or a source that has to go on. */
const PATIENCE_MS = 1_000;

/**
 * What was last read under a name. While Redis is away that is still the best there is to know: an encoder that comes back must be let
 * in, and a source must be found again.
 */
export class Remembered<Value> {
  readonly #read: (name: string) => Promise<Value>;
  readonly #last = new Map<string, Value>();

  constructor(read: (name: string) => Promise<Value>) {
    this.#read = read;
  }

  /** The value read now; the last one when Redis does not answer in time; rejects when there is none. */
  async read(name: string): Promise<Value> {
    const fresh = this.#read(name).then((value) => {
      if (value === undefined) this.#last.delete(name);
      else this.#last.set(name, value);
      return value;
    });
    const late = Promise.withResolvers<'late'>();
    const timer = setTimeout(() => late.resolve('late'), PATIENCE_MS);
    try {
      const value = await Promise.race([fresh, late.promise]);
      if (value !== 'late') return value as Value;
    } catch (error) {
      if (!this.#last.has(name)) throw error;
    } finally {
      clearTimeout(timer);
    }
    fresh.catch(() => {}); // nobody waits for it any more
    const last = this.#last.get(name);
    if (last === undefined) throw new Error('Redis does not answer');
    return last;
  }
}
