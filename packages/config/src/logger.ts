import { type DestinationStream, type Logger, pino, stdSerializers, stdTimeFunctions } from 'pino';
import type { LogLevel } from './environment/variables.ts';
import { redactText } from './redact.ts';

export type { Logger } from 'pino';

export interface LoggerOptions {
  /** The process or part of it: `scheduler`, `worker`. */
  readonly name: string;
  readonly level: LogLevel;
  /** Standard output when left out. */
  readonly destination?: DestinationStream;
  /** Applied to every text of every line. Left out: the secrets of every URL are masked. */
  readonly redact?: (text: string) => string;
}

/**
 * A pino logger that writes JSON lines with ISO time and the level by name. Every text passes `redact`: the message, fields at any
 * depth, bindings of children, errors with their stacks and causes.
 */
export function createLogger(options: LoggerOptions): Logger {
  const { name, level, destination, redact = redactText } = options;
  const error = stdSerializers.errWithCause;
  const settings = {
    name,
    level,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: error, error, cause: error },
    hooks: { streamWrite: (line: string) => redactJson(line, redact) },
  };
  return destination === undefined ? pino(settings) : pino(settings, destination);
}

/** Applies `redact` to each string of a JSON text, names of members included, and leaves the rest as it is. */
function redactJson(json: string, redact: (text: string) => string): string {
  return json.replace(/"[^"\\]*(?:\\.[^"\\]*)*"/g, (token) => {
    const text = token.includes('\\') ? (JSON.parse(token) as string) : token.slice(1, -1);
    const shown = redact(text);
    return shown === text ? token : JSON.stringify(shown);
  });
}
