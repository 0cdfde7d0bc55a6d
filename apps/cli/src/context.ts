import type { Paint } from './terminal/style.ts';

/** Where a command writes: standard output or error, or a test's own. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** What the user wants of a command that runs on: the second Ctrl-C means it. */
export interface Interrupts {
  /** SIGINT, SIGTERM, SIGHUP, or the end of the process that started this one. */
  readonly stop: AbortSignal;
  /** The same again. */
  readonly kill: AbortSignal;
}

/** What a command may touch of the process around it. */
export interface Context {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly paint: Paint;
  /** Takes the signals over from the system: for commands that end in a way of their own. */
  readonly interrupts: () => Interrupts;
  /** All of standard input. */
  readonly readInput: () => Promise<string>;
}

/** Columns that a table may take; output that is not a terminal is never cut. */
export const widthOf = (output: Output): number => (output.isTTY ? (output.columns ?? 80) : Number.POSITIVE_INFINITY);

export function writeLines(output: Output, lines: readonly string[]): void {
  if (lines.length > 0) output.write(`${lines.join('\n')}\n`);
}

/** NDJSON: one value a line. */
export function writeJson(output: Output, value: unknown): void {
  output.write(`${JSON.stringify(value)}\n`);
}
