import type { Position } from './ast.ts';

export type Severity = 'error' | 'warning' | 'info';

/** Something to say about a place in a config text. Messages never hold secrets: they do not quote values. */
export interface Diagnostic {
  readonly severity: Severity;
  /** Stable, in snake_case. */
  readonly code: string;
  /** One sentence without a full stop. */
  readonly message: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
  /** At least 1. */
  readonly length: number;
  /** What to write instead. */
  readonly hint?: string;
  readonly file?: string;
}

/** A file with more mistakes than this is of another kind; listing all of them helps nobody. */
const MAX_PER_SEVERITY = 100;

/** Collects diagnostics of one text. */
export class Diagnostics {
  readonly #file: string | undefined;
  readonly #list: Diagnostic[] = [];
  readonly #counts: Record<Severity, number> = { error: 0, warning: 0, info: 0 };

  constructor(file?: string) {
    this.#file = file;
  }

  get hasErrors(): boolean {
    return this.#counts.error > 0;
  }

  error(code: string, at: Position, message: string, hint?: string): void {
    this.#add('error', code, at, message, hint);
  }

  warning(code: string, at: Position, message: string, hint?: string): void {
    this.#add('warning', code, at, message, hint);
  }

  info(code: string, at: Position, message: string, hint?: string): void {
    this.#add('info', code, at, message, hint);
  }

  #add(severity: Severity, code: string, at: Position, message: string, hint: string | undefined): void {
    const count = ++this.#counts[severity];
    if (count > MAX_PER_SEVERITY + 1) return;
    const isLast = count > MAX_PER_SEVERITY;
    this.#list.push({
      severity,
      code: isLast ? 'too_many' : code,
      message: isLast ? `more than ${MAX_PER_SEVERITY} of this severity; the others are left out` : message,
      line: at.line,
      column: at.column,
      length: Math.max(1, at.end - at.offset),
      ...(hint !== undefined && !isLast && { hint }),
      ...(this.#file !== undefined && { file: this.#file }),
    });
  }

  /** In the order of the text. */
  list(): Diagnostic[] {
    return this.#list.toSorted((a, b) => a.line - b.line || a.column - b.column);
  }
}
