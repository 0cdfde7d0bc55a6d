import type { ServerResponse } from 'node:http';

/** A client that leaves so much unread gets nothing more until it has caught up, and then a new snapshot. */
const MAX_UNREAD_BYTES = 8 * 1024 * 1024;

/** One reader of the feed. What is written to it is shared with the others. */
export class LiveClient {
  readonly #response: ServerResponse;
  readonly #snapshot: () => Buffer;
  #isBehind = false;

  /** `snapshot`: as it is when a client has caught up. */
  constructor(response: ServerResponse, snapshot: () => Buffer) {
    this.#response = response;
    this.#snapshot = snapshot;
  }

  send(bytes: Buffer): void {
    if (this.#isBehind || this.#response.destroyed) return;
    if (this.#response.writableLength < MAX_UNREAD_BYTES) {
      this.#response.write(bytes);
      return;
    }
    this.#isBehind = true;
    this.#response.once('drain', () => {
      this.#isBehind = false;
      this.send(this.#snapshot());
    });
  }
}
