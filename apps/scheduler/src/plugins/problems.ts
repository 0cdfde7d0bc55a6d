import { ApiError, type ApiErrorCode, apiErrors, type Problem } from '@pushfleet/contract';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { ZodError } from 'zod';
import { isRedisUnavailable } from '../redis/unavailable.ts';

/** Every refusal as RFC 9457 problem details. */
export function registerProblems(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const refusal = toApiError(error);
    if (refusal.code === 'internal_error') request.log.error({ err: error }, 'request failed');
    return sendProblem(request, reply, refusal, error.statusCode);
  });
  app.setNotFoundHandler((request, reply) => {
    const detail = `There is no ${request.method} ${pathOf(request)}.`;
    return sendProblem(request, reply, new ApiError('not_found', detail));
  });
}

/** `status`: that of a refusal which HTTP itself has a code for (413, 415 ...). */
export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  error: ApiError,
  status?: number,
): FastifyReply {
  const isHttpRefusal = error.code === 'invalid_request' && status !== undefined && status >= 400 && status < 500;
  const problem: Problem = {
    type: `urn:pushfleet:error:${error.code}`,
    title: apiErrors[error.code].title,
    status: isHttpRefusal ? status : error.status,
    code: error.code,
    detail: error.detail === '' ? apiErrors[error.code].remedy : error.detail,
    instance: pathOf(request),
    ...(error.errors.length > 0 && { errors: [...error.errors] }),
  };
  if (problem.status === 503) reply.header('retry-after', '2');
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .serializer((value: unknown) => JSON.stringify(value))
    .send(problem);
}

/** What the API says about an error of any kind. Unknown ones say nothing: their text is for the log. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (hasZodFastifySchemaValidationErrors(error)) {
    const issues = error.validation.map(({ keyword, instancePath, message = '', params }) => ({
      code: keyword,
      path: instancePath.split('/').filter(Boolean),
      message,
      keys: params.keys as string[] | undefined,
    }));
    return invalidRequest(issues);
  }
  if (error instanceof ZodError) return invalidRequest(error.issues);
  if (isRedisUnavailable(error)) return new ApiError('redis_unavailable');
  const status = (error as FastifyError).statusCode ?? 500;
  return status < 500 ? new ApiError('invalid_request', (error as Error).message) : new ApiError('internal_error');
}

interface Issue {
  readonly code?: string | undefined;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** Of `unrecognized_keys`. */
  readonly keys?: readonly string[] | undefined;
}

/** The issues of a zod schema as one refusal, whose pointers are JSON pointers into the body (or name the parameter). */
export function invalidRequest(issues: readonly Issue[], code: ApiErrorCode = 'invalid_request'): ApiError {
  const errors = issues.flatMap(({ path, message, keys }) =>
    (keys ?? [undefined]).map((key) => ({
      pointer: pointer(key === undefined ? path : [...path, key]),
      detail: message,
    })),
  );
  const messages = [...new Set(issues.map(({ message }) => message))].join('; ');
  // A message may end with the question what was meant.
  return new ApiError(code, messages.endsWith('?') ? messages : `${messages}.`, errors);
}

/** RFC 6901, as a URI fragment. */
const pointer = (path: readonly PropertyKey[]): string =>
  `#${path.map((part) => `/${String(part).replace(/~/g, '~0').replace(/\//g, '~1')}`).join('')}`;

/** Without the query, which may hold what people searched for. */
const pathOf = (request: FastifyRequest): string => request.url.split('?', 1)[0]!;
