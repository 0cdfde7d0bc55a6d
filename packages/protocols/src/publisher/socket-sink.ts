import type { BatchSink, Connection, EndKind } from './publisher.ts';

/**
 * Hands batches to a socket as they are. A class, and not an object literal with a getter: all sinks of a channel share one shape, which
 * its innermost loop depends on.
 */
export class SocketSink implements BatchSink {
  readonly #socket: Connection['socket'];
  readonly #onEnd: (kind: EndKind) => void;

  constructor(socket: Connection['socket'], onEnd: (kind: EndKind) => void) {
    this.#socket = socket;
    this.#onEnd = onEnd;
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  end(kind: EndKind): void {
    this.#onEnd(kind);
  }

  get pendingBytes(): number {
    return this.#socket.writableLength;
  }
}
