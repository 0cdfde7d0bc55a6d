import type { Connection } from '../publisher/publisher.ts';

/**
 * Counts the bytes that the kernel has taken on many sockets, one after the other. A socket that was destroyed counts what it has thrown away as
 * written, so the count is taken while it lives: at every question, and whenever an answer comes.
 */
export class SentBytes {
  readonly #open = new Map<Connection['socket'], number>();
  #closedBytes = 0;

  add(socket: Connection['socket']): void {
    this.#open.set(socket, 0);
    socket.once('close', () => {
      this.#closedBytes += this.#open.get(socket) ?? 0;
      this.#open.delete(socket);
    });
  }

  get total(): number {
    this.note();
    let total = this.#closedBytes;
    for (const sent of this.#open.values()) total += sent;
    return total;
  }

  note(): void {
    for (const socket of this.#open.keys()) {
      if (!socket.destroyed) this.#open.set(socket, socket.bytesWritten - socket.writableLength);
    }
  }
}
