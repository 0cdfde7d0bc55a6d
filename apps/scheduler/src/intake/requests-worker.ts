import { createHash } from 'node:crypto';
import { redactor, redactUrl } from '@pushfleet/config';
import {
  type AddRequest,
  type ApiError,
  addRequestSchema,
  apiErrors,
  type CommandRequest,
  commandRequestSchema,
  type Keys,
  REQUESTS_QUEUE,
  type RequestResult,
} from '@pushfleet/contract';
import { DelayedError, type Job, UnrecoverableError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { toApiError } from '../plugins/problems.ts';
import type { Actor, PushService } from '../push/push-service.ts';
import { redactDeep } from '../secrets/redact-deep.ts';
import type { StatusReader } from '../status/status-reader.ts';

export interface IntakeDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly pushes: PushService;
  readonly status: StatusReader;
  readonly log: Logger;
}

const intake: Actor = { origin: 'intake', by: 'intake' };
const CONCURRENCY = 20;
/** A request whose scheduler dies is begun again by another one; that it is done once is looked after here. */
const MAX_STALLED = 10;
const KEEP_ANSWERS_S = 3_600;
const KEEP_REFUSALS_S = 86_400;
/** A request that meets an absent Redis or a busy object comes again after this. */
const RETRY_MS = 1_000;

/**
 * Takes the requests that other services put into the queue, and answers each with the return value or the failure of its job. The URL
 * and the header values in a request are secrets: they leave Redis with the answer.
 */
export class RequestsWorker {
  readonly #worker: Worker;
  readonly #deps: IntakeDeps;

  constructor(deps: IntakeDeps) {
    this.#deps = deps;
    this.#worker = new Worker(REQUESTS_QUEUE, (job, token) => this.#answer(job, token ?? ''), {
      prefix: deps.keys.tag,
      connection: deps.redis,
      concurrency: CONCURRENCY,
      maxStalledCount: MAX_STALLED,
      // For senders that do not say how long their requests are kept.
      removeOnComplete: { age: KEEP_ANSWERS_S },
      removeOnFail: { age: KEEP_REFUSALS_S },
    });
    // The connection reports its troubles itself; what is left are jobs that cannot be read at all.
    this.#worker.on('error', (error) => deps.log.debug({ err: error }, 'intake'));
  }

  async close(): Promise<void> {
    await this.#worker.close();
  }

  async #answer(job: Job, token: string): Promise<RequestResult> {
    const given: unknown = job.data;
    const answered = answerIn(given);
    if (answered !== undefined) return answered;
    const redact = redactor(urlsIn(given), headersIn(given));
    // A stack is of no use to whoever sent the request, and it repeats the message.
    job.opts.stackTraceLimit = 0;
    try {
      const answer = await this.#apply(given, requestId(job));
      await job.updateData({ ...(redacted(given, redact) as object), answer });
      return answer;
    } catch (error) {
      const refusal = toApiError(error);
      if (refusal.status === 503) {
        await job.moveToDelayed(Date.now() + RETRY_MS, token);
        throw new DelayedError();
      }
      if (refusal.code === 'internal_error') this.#deps.log.error({ err: error, job: job.id }, 'request failed');
      await job.updateData(redacted(given, redact));
      throw new UnrecoverableError(redact(sentence(refusal)));
    }
  }

  async #apply(given: unknown, newId: string): Promise<RequestResult> {
    const push = isCommand(given)
      ? await this.#command(commandRequestSchema.parse(given))
      : await this.#add(addRequestSchema.parse(given), newId);
    if (push.removed) return { push: push.id, status: 'removed' };
    const { view } = await this.#deps.status.view(push);
    return { push: push.id, status: view.status };
  }

  #add({ v: _version, id, stream, ...spec }: AddRequest, newId: string) {
    return this.#deps.pushes.create({ id: id ?? newId, stream, spec }, intake);
  }

  #command({ action, push }: CommandRequest) {
    return this.#deps.pushes[action](push, intake);
  }
}

/** Id of a push whose sender has chosen none: always the same for the same job, which may begin twice when a scheduler dies. */
function requestId({ id, timestamp }: Job): string {
  return `request-${createHash('sha256').update(`${id}:${timestamp}`).digest('hex').slice(0, 16)}`;
}

/** What was answered before, when the scheduler died between the answer and the end of the job. */
function answerIn(given: unknown): RequestResult | undefined {
  return typeof given === 'object' && given !== null ? (given as { answer?: RequestResult }).answer : undefined;
}

/** The request as it may stay in Redis. A `url` that is none may be a secret as a whole. */
function redacted(given: unknown, redact: (text: string) => string): unknown {
  const copy = redactDeep(given, redact);
  const { url } = (given ?? {}) as { url?: unknown };
  return typeof url === 'string' ? { ...(copy as object), url: redactUrl(url) } : copy;
}

const isCommand = (given: unknown): boolean => typeof given === 'object' && given !== null && 'action' in given;

/** One line: the code first, so that programs can tell refusals apart, then what is wrong and what to do. */
function sentence({ code, detail, errors }: ApiError): string {
  const { title, remedy } = apiErrors[code];
  const problem = `${code}: ${detail === '' ? title : detail}`;
  // What is said about fields says what to write instead.
  return errors.length > 0 ? problem : `${problem} ${remedy}`;
}

/** Header fields of the request, as far as they are some. */
function headersIn(given: unknown): Record<string, string> {
  const { headers } = (given ?? {}) as { headers?: unknown };
  const fields = typeof headers === 'object' && headers !== null ? Object.entries(headers) : [];
  return Object.fromEntries(fields.filter(([, value]) => typeof value === 'string'));
}

/** Every text of the request that may be a URL. */
function urlsIn(value: unknown): string[] {
  if (typeof value === 'string') return value.includes('://') ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(urlsIn);
}
