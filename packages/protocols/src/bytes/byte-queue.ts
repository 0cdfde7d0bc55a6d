/**
 * Bytes as a socket brings them, handed out in whole units. A unit that lies in one piece is a view of it, so pieces must not be written to
 * after they were pushed; any other is a copy.
 */
export class ByteQueue {
  #pieces: Buffer[] = [];
  /** Bytes of the first piece that are gone already. */
  #consumed = 0;
  #length = 0;

  /** Bytes that wait. */
  get length(): number {
    return this.#length;
  }

  push(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#length += piece.length;
  }

  /** The next `size` bytes; undefined, and nothing is taken, until there are so many. */
  take(size: number): Buffer | undefined {
    const unit = this.peek(size);
    if (unit !== undefined) this.#drop(size);
    return unit;
  }

  /** The same without taking them. */
  peek(size: number): Buffer | undefined {
    if (size > this.#length) return undefined;
    const [first = Buffer.alloc(0)] = this.#pieces;
    const end = this.#consumed + size;
    return end <= first.length ? first.subarray(this.#consumed, end) : this.#gather(size);
  }

  /** Throws away up to `size` bytes and returns how many there were. */
  skip(size: number): number {
    const skipped = Math.min(size, this.#length);
    this.#drop(skipped);
    return skipped;
  }

  #gather(size: number): Buffer {
    const unit = Buffer.allocUnsafe(size);
    let offset = 0;
    let from = this.#consumed;
    for (const piece of this.#pieces) {
      offset += piece.copy(unit, offset, from);
      if (offset === size) break;
      from = 0;
    }
    return unit;
  }

  #drop(size: number): void {
    this.#length -= size;
    this.#consumed += size;
    let gone = 0;
    while (gone < this.#pieces.length && this.#consumed >= this.#pieces[gone]!.length) {
      this.#consumed -= this.#pieces[gone]!.length;
      gone += 1;
    }
    if (gone > 0) this.#pieces.splice(0, gone);
  }
}
