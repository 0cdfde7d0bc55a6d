import { type ApiErrorCode, apiErrors } from '@pushfleet/contract/api-errors';

/** The members that this page reads of a problem, RFC 9457. */
interface ProblemBody {
  readonly code?: string;
  readonly title?: string;
  readonly detail?: string;
  readonly errors?: readonly { pointer: string; detail: string }[];
}

/** Codes of failures that never reached the API. */
type LocalCode = 'unreachable' | 'unexpected_answer';

const localErrors: Readonly<Record<LocalCode, { title: string; remedy: string }>> = {
  unreachable: {
    title: 'The scheduler does not answer.',
    remedy: 'Check that it runs and that this computer reaches it; pushes go on meanwhile.',
  },
  unexpected_answer: {
    title: 'The answer is not one of this API.',
    remedy: 'Check whether a proxy stands between this page and the scheduler.',
  },
};

/** A refusal of the API, or the failure to reach it, with what a person can do about it. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly remedy: string;
  /** What the answer said about single fields, `#/url` for instance. */
  readonly errors: readonly { pointer: string; detail: string }[];

  constructor(status: number, { code = 'unexpected_answer', title, detail, errors = [] }: ProblemBody) {
    const known = code in localErrors ? localErrors[code as LocalCode] : apiErrors[code as ApiErrorCode];
    const sentence = detail ?? title ?? known?.title ?? `The request failed with status ${status}.`;
    super(sentence);
    this.status = status;
    this.code = code;
    this.title = title ?? known?.title ?? sentence;
    this.remedy = known?.remedy ?? '';
    this.errors = errors;
  }

  /** What was said about one field of the request or about something in it: `inputs` for what is at `#/inputs/0`, too. */
  fieldError(field: string): string | undefined {
    return this.errors.find(({ pointer }) => `${pointer}/`.startsWith(`#/${field}/`))?.detail;
  }
}

/** Whatever was thrown, as a problem. */
export function toProblem(error: unknown): ApiProblem {
  return error instanceof ApiProblem ? error : new ApiProblem(0, { code: 'unreachable' });
}
