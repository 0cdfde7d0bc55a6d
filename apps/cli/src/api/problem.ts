import type { Problem } from '@pushfleet/contract';
// Not from the package's front door: the queue library behind it would make every command slower.
import { type ApiErrorCode, apiErrors } from '@pushfleet/contract/api-errors';
import { CliError, type ExitCode } from '../cli-error.ts';

const exitByStatus: Readonly<Record<number, ExitCode>> = {
  401: 'auth',
  403: 'auth',
  404: 'notFound',
  409: 'conflict',
  412: 'conflict',
};

/** An answer that is not a success, as the sentence, code and remedy that the API's error table gives it. */
export function problemToError(status: number, body: string): CliError {
  const problem = parseProblem(body);
  if (problem === undefined) {
    return new CliError(exitByStatus[status] ?? 'failed', `The server answered with HTTP status ${status}.`, {
      remedy: 'Check that PUSHFLEET_URL names a Pushfleet scheduler.',
    });
  }
  const remedy = remedyOf(problem.code);
  return new CliError(exitByStatus[status] ?? 'failed', sentenceOf(problem, remedy), { code: problem.code, remedy });
}

/** The fields that are wrong, else the particulars; the title when there are none. */
function sentenceOf({ title, detail = title, errors = [] }: Problem, remedy: string): string {
  if (errors.length === 0) return detail === remedy ? title : detail;
  return `${title} ${errors.map(fieldProblem).join('; ')}.`;
}

/** `url: has no host`; most details name their field themselves. */
function fieldProblem({ pointer, detail }: { pointer: string; detail: string }): string {
  const field = pointer.replace(/^#?\//, '');
  const text = detail.replace(/\.+$/, '');
  return text.startsWith(field) ? text : `${field}: ${text}`;
}

function parseProblem(body: string): Problem | undefined {
  try {
    const value = JSON.parse(body) as Partial<Problem>;
    return typeof value.code === 'string' && typeof value.title === 'string' ? (value as Problem) : undefined;
  } catch {
    return undefined;
  }
}

const remedyOf = (code: string): string =>
  Object.hasOwn(apiErrors, code) ? apiErrors[code as ApiErrorCode].remedy : '';
