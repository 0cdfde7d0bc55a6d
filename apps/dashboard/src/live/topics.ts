/** What can be subscribed to beside single rows and streams. */
export type Topic = 'connection' | 'fleet' | 'rows' | 'streams' | 'workers' | 'events';
type Listener = () => void;

/**
 * Who wants to hear of what. `touch…` marks, `notify` calls each marked listener once. A change of a row that nobody looks at costs one
 * look-up.
 */
export class Topics {
  readonly #topics = new Map<string, Set<Listener>>();
  readonly #rows = new Map<string, Set<Listener>>();
  readonly #streams = new Map<string, Set<Listener>>();
  readonly #due = new Set<Listener>();

  subscribe = (topic: Topic, listener: Listener): (() => void) => add(this.#topics, topic, listener);
  subscribeRow = (id: string, listener: Listener): (() => void) => add(this.#rows, id, listener);
  /** A stream itself or one of its pushes. */
  subscribeStream = (name: string, listener: Listener): (() => void) => add(this.#streams, name, listener);

  touch(topic: Topic): void {
    this.#mark(this.#topics.get(topic));
  }
  touchRow(id: string): void {
    this.#mark(this.#rows.get(id));
  }
  touchStream(name: string): void {
    this.#mark(this.#streams.get(name));
  }
  touchAll(): void {
    for (const group of [this.#topics, this.#rows, this.#streams])
      for (const listeners of group.values()) this.#mark(listeners);
  }

  notify(): void {
    const due = [...this.#due];
    this.#due.clear();
    for (const listener of due) listener();
  }

  #mark(listeners: ReadonlySet<Listener> | undefined): void {
    if (listeners !== undefined) for (const listener of listeners) this.#due.add(listener);
  }
}

function add(group: Map<string, Set<Listener>>, key: string, listener: Listener): () => void {
  const listeners = group.get(key) ?? new Set();
  group.set(key, listeners.add(listener));
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0 && group.get(key) === listeners) group.delete(key);
  };
}
