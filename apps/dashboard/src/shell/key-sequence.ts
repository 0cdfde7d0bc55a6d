/** The second key of a sequence, as in `g w`, comes within this time. */
const SEQUENCE_MS = 1_200;

/** Tells what a key press means, with the press before it. */
export class KeySequence {
  #begun: { readonly key: string; readonly untilMs: number } | undefined;

  /** Of `known`, keys and sequences, the one that this press completes: a sequence goes before the key alone. `nowMs`: any steady clock. */
  press(key: string, nowMs: number, known: ReadonlySet<string>): string | undefined {
    const begun = this.#begun;
    this.#begun = undefined;
    if (begun !== undefined && nowMs < begun.untilMs && known.has(`${begun.key} ${key}`)) return `${begun.key} ${key}`;
    if (known.values().some((keys) => keys.startsWith(`${key} `))) this.#begun = { key, untilMs: nowMs + SEQUENCE_MS };
    return known.has(key) ? key : undefined;
  }
}
