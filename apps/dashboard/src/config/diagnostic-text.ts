import type { ConfigState } from '@pushfleet/contract';

export type ConfigDiagnostic = ConfigState['diagnostics'][number];

/** What stands below a line: carets under the place, then what is wrong with it. Tabs before the place stay tabs, so that it lines up. */
export function caretLine(line: string, { column, length }: Pick<ConfigDiagnostic, 'column' | 'length'>): string {
  const before = line.slice(0, column - 1).replaceAll(/[^\t]/g, ' ');
  const room = Math.max(1, line.length - (column - 1));
  return before.padEnd(column - 1, ' ') + '^'.repeat(Math.max(1, Math.min(length, room)));
}

export const diagnosticMessage = ({ message, hint }: Pick<ConfigDiagnostic, 'message' | 'hint'>): string =>
  hint === undefined ? message : `${message}; ${hint}`;

export function countSeverities(diagnostics: readonly ConfigDiagnostic[]) {
  const count = (severity: ConfigDiagnostic['severity']) =>
    diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
  return { errors: count('error'), warnings: count('warning'), notes: count('info') };
}
