/** Smaller pieces are crumbs: they take more memory to be described than they hold. */
const CRUMB_BYTES = 256;
/** So many in a row become one piece. */
const MAX_CRUMBS = 256;

/**
 * Bytes as a socket brings them, handed out in whole units. A unit that lies in one piece is a view of it, so pieces must not be written to
 * after they were pushed; any other is a copy, as are pieces that come in crumbs.
 */
export class ByteQueue {
  #pieces: Buffer[] = [];
  /** Bytes of the first piece that are gone already. */
  #consumed = 0;
  #length = 0;
  /** Crumbs pushed in a row, of which the last are at the end of the pieces. */
  #crumbs = 0;

  /** Bytes that wait. */
  get length(): number {
    return this.#length;
  }

  push(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#length += piece.length;
    this.#crumbs = piece.length < CRUMB_BYTES ? this.#crumbs + 1 : 0;
    if (this.#crumbs > MAX_CRUMBS) this.#sweep();
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

  /** Makes one piece of the crumbs; not of the first piece, of which something may be gone. */
  #sweep(): void {
    this.#crumbs = 0;
    if (this.#pieces.length <= MAX_CRUMBS) return;
    this.#pieces.push(Buffer.concat(this.#pieces.splice(-MAX_CRUMBS)));
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
