/** A line of a child's log (pino's JSON) for people. */
export interface LogEntry {
  readonly isWarning: boolean;
  readonly text: string;
}

const warnings = new Set(['warn', 'error', 'fatal']);
/** Fields that say who and when: known from elsewhere, or of no interest on a terminal. */
const background = new Set(['level', 'time', 'pid', 'hostname', 'name', 'msg', 'err']);

/** Undefined for a line that the logger has not written. */
export function readLogLine(line: string): LogEntry | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const record = JSON.parse(line) as Record<string, unknown>;
    if (typeof record.level !== 'string') return undefined;
    const error = record.err as { message?: unknown } | undefined;
    const fields = Object.entries(record)
      .filter(([name, value]) => !background.has(name) && ['string', 'number', 'boolean'].includes(typeof value))
      .map(([name, value]) => `${name}=${value}`);
    const parts = [record.msg, error?.message, ...fields].filter((part) => part !== undefined && part !== '');
    return { isWarning: warnings.has(record.level), text: parts.join(' ') };
  } catch {
    return undefined;
  }
}
