import type { Context } from '../context.ts';
import { run } from '../program.ts';
import { noPaint } from '../terminal/style.ts';

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Context['env'];
  readonly input?: string;
  readonly stop?: AbortSignal;
  /** Called with all of standard output so far, whenever there is more. */
  readonly onOutput?: (stdout: string) => void;
  readonly columns?: number;
}

/** Runs one command line inside the test's process. */
export async function runCli(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  const context: Context = {
    env: options.env ?? {},
    stdout: {
      write: (text) => {
        stdout += text;
        options.onOutput?.(stdout);
      },
      isTTY: options.columns !== undefined,
      ...(options.columns !== undefined && { columns: options.columns }),
    },
    stderr: { write: (text) => (stderr += text) },
    paint: noPaint,
    interrupts: () => ({ stop: options.stop ?? new AbortController().signal, kill: new AbortController().signal }),
    readInput: async () => options.input ?? '',
  };
  const exitCode = await run(args, context, '1.2.3');
  return { exitCode, stdout, stderr };
}
