import type { Connection } from '../publisher/publisher.ts';

/**
 * Counts the bytes that the kernel has taken on many sockets, one after the other. A socket that was destroyed counts what it has thrown away as
 * written, so each is noted while it lives: at every question, and whenever something has come back on it.
 */
export class SentBytes {
  readonly #open = new Map<Connection['socket'], number>();
  #closedBytes = 0;

  add(socket: Connection['socket']): void {
    this.#open.set(socket, 0);
    socket.on('data', () => this.#note(socket));
    socket.once('close', () => {
      this.#closedBytes += this.#open.get(socket) ?? 0;
      this.#open.delete(socket);
    });
  }

  get total(): number {
    let total = this.#closedBytes;
    for (const socket of this.#open.keys()) total += this.#note(socket);
    return total;
  }

  #note(socket: Connection['socket']): number {
    const known = this.#open.get(socket) ?? 0;
    if (socket.destroyed) return known;
    const sent = socket.bytesWritten - socket.writableLength;
    this.#open.set(socket, sent);
    return sent;
  }
}
