interface ApiErrorEntry {
  readonly status: number;
  readonly title: string;
  readonly remedy: string;
}
const entry = (status: number, title: string, remedy: string): ApiErrorEntry => ({ status, title, remedy });

/** Every refusal of the API and of the intake queue. Codes are stable. */
export const apiErrors = {
  invalid_request: entry(400, 'The request does not have the right form.', 'Correct the fields named in `errors`.'),
  invalid_target: entry(422, 'The push URL cannot be used as a target.', 'Correct the URL as the detail says.'),
  invalid_config: entry(422, 'The configuration has errors.', 'Correct the places named in `errors`.'),
  unauthorized: entry(
    401,
    'A valid token is needed.',
    'Send `Authorization: Bearer` with the token of PUSHFLEET_TOKEN.',
  ),
  too_many_logins: entry(
    429,
    'Too many logins have failed.',
    'Wait as long as Retry-After says, then send the right token.',
  ),
  forbidden: entry(403, 'The token does not allow this.', 'Use a token with the right scope.'),
  not_found: entry(404, 'There is no such thing here.', 'Check the path.'),
  push_not_found: entry(404, 'There is no push with this id.', 'List the pushes to see their ids.'),
  stream_not_found: entry(404, 'There is no stream with this name.', 'Create the stream first, or correct the name.'),
  worker_not_found: entry(404, 'There is no worker with this id.', 'List the workers to see their ids.'),
  stream_not_live: entry(409, 'Nobody sends this stream now.', 'Start its publisher, or correct its inputs.'),
  no_worker: entry(409, 'There is no worker that could do this.', 'Start a worker in the pool of the push.'),
  worker_silent: entry(
    504,
    'The worker did not answer in time.',
    'Try again; look at the worker and at the network between it and the scheduler.',
  ),
  too_many_previews: entry(429, 'Too many previews are open.', 'Close one of them, then try again.'),
  push_exists: entry(
    409,
    'A push with this id exists and is different.',
    'Choose another id or change the push that exists.',
  ),
  owned_by_file: entry(
    409,
    'The object belongs to the config file.',
    'Change it in the file; pausing and resuming works here too.',
  ),
  redis_unavailable: entry(
    503,
    'Redis does not answer: nothing can be changed now.',
    'Try again soon; running pushes go on meanwhile.',
  ),
  not_ready: entry(503, 'The service is starting or stopping.', 'Try again soon.'),
  internal_error: entry(
    500,
    'The server failed in a way that it does not know.',
    'Look into the log of the scheduler and report the fault.',
  ),
} as const satisfies Record<string, ApiErrorEntry>;

export type ApiErrorCode = keyof typeof apiErrors;

/** A refusal with a code of the table; `detail` names field, value and remedy, and never holds a secret. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ApiErrorCode;
  readonly detail: string;
  readonly errors: readonly { pointer: string; detail: string }[];

  constructor(code: ApiErrorCode, detail = '', errors: readonly { pointer: string; detail: string }[] = []) {
    super(detail === '' ? apiErrors[code].title : detail);
    this.code = code;
    this.detail = detail;
    this.errors = errors;
  }

  get status(): number {
    return apiErrors[this.code].status;
  }
}
