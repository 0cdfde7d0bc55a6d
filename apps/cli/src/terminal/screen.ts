const CURSOR_HIDE = '\x1b[?25l';
const CURSOR_SHOW = '\x1b[?25h';
/** The terminal shows what stands between these two at once; those that do not know them ignore them. */
const UPDATE_BEGIN = '\x1b[?2026h';
const UPDATE_END = '\x1b[?2026l';
const ERASE_TO_END_OF_LINE = '\x1b[K';
const ERASE_BELOW = '\x1b[J';
const CLEAR = '\x1b[2J\x1b[H';

/** What a Screen writes to: a terminal. */
export interface Terminal {
  write(text: string): unknown;
  readonly columns?: number;
  readonly rows?: number;
}

/**
 * The lower part of a terminal, redrawn in place, with lines that stay scrolling past above it. `close` leaves the last picture standing
 * and gives the cursor back.
 */
export class Screen {
  readonly #terminal: Terminal;
  #lines: readonly string[] = [];
  /** Rows between the first row of the picture and the cursor. */
  #height = 0;
  #open = true;
  #cleared = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    terminal.write(CURSOR_HIDE);
  }

  get width(): number {
    return this.#terminal.columns ?? 80;
  }

  /** Lines that the picture may have: what scrolls off the top could not be redrawn. */
  get maxLines(): number {
    return Math.max(1, (this.#terminal.rows ?? 24) - 1);
  }

  /** Replaces the picture. Lines must not be wider than the terminal; those that do not fit its height are left out. */
  draw(lines: readonly string[]): void {
    if (!this.#open) return;
    this.#lines = lines.slice(0, this.maxLines);
    const start = this.#cleared ? CLEAR : this.#toTop();
    this.#cleared = false;
    this.#terminal.write(UPDATE_BEGIN + start + this.#picture() + UPDATE_END);
  }

  /** Writes a line above the picture, where it stays. */
  print(line: string): void {
    if (!this.#open) {
      this.#terminal.write(`${line}\n`);
      return;
    }
    this.#terminal.write(
      `${UPDATE_BEGIN}${this.#toTop()}${line}${ERASE_TO_END_OF_LINE}\n${this.#picture()}${UPDATE_END}`,
    );
  }

  /** The terminal has another size: the next picture starts on a clear screen, since old lines may have been wrapped. */
  resized(): void {
    this.#cleared = true;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#terminal.write(CURSOR_SHOW);
  }

  #toTop(): string {
    return this.#height === 0 ? '\r' : `\x1b[${this.#height}A\r`;
  }

  #picture(): string {
    this.#height = this.#lines.length;
    return this.#lines.map((line) => `${line}${ERASE_TO_END_OF_LINE}\n`).join('') + ERASE_BELOW;
  }
}
