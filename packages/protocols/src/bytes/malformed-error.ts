/** Bytes that break the rules of their format. The only error that a parser of this package throws. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError';
  /** Byte offset inside the unit that was being parsed. */
  readonly offset: number;

  constructor(message: string, offset = 0) {
    super(`${message} at byte ${offset}`);
    this.offset = offset;
  }
}
