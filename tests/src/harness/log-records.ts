import type { TestProcess } from './test-process.ts';

/** The lines of a process's log that are JSON, as objects. */
export function logRecords({ lines }: TestProcess): Record<string, unknown>[] {
  return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Record<string, unknown>);
}
