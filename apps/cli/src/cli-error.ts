/** How the program ends; scripts rely on these numbers. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  auth: 4,
  conflict: 5,
  unreachable: 6,
  waitTimeout: 124,
} as const;

export type ExitCode = keyof typeof exitCodes;

/** A failure that a person can understand: `message` is a sentence, `remedy` says what to do. Never holds a secret. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exit: ExitCode;
  /** Stable code of the API's error table; empty for the program's own refusals. */
  readonly code: string;
  readonly remedy: string;

  constructor(exit: ExitCode, message: string, options: { code?: string; remedy?: string; cause?: unknown } = {}) {
    super(message, options);
    this.exit = exit;
    this.code = options.code ?? '';
    this.remedy = options.remedy ?? '';
  }
}

/** `pushfleet: There is no push with this id. (push_not_found) List the pushes to see their ids.` */
export function formatCliError(error: CliError): string {
  return [`pushfleet: ${error.message}`, error.code && `(${error.code})`, error.remedy].filter(Boolean).join(' ');
}
