/** Files in memory, by path. Beyond its limit the oldest ones are given up: live streams do not need them any more. */
export class FileStore {
  readonly #maxBytes: number;
  /** The one written longest ago first. */
  readonly #files = new Map<string, Buffer>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(path: string): Buffer | undefined {
    return this.#files.get(path);
  }

  /** True when the path is new. */
  put(path: string, content: Buffer): boolean {
    const isNew = !this.delete(path);
    this.#files.set(path, content);
    this.#bytes += content.length;
    for (const oldest of this.#files.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.delete(oldest);
    }
    return isNew;
  }

  /** False when there is no such file. */
  delete(path: string): boolean {
    this.#bytes -= this.#files.get(path)?.length ?? 0;
    return this.#files.delete(path);
  }
}
