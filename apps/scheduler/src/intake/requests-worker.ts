import { redactor } from '@pushfleet/config';
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
/** A request that meets an absent Redis or a busy object comes again after this. */
const RETRY_MS = 1_000;

/**
 * Takes the requests that other services put into the queue, and answers each with the return value or the failure of its job. The URL
 * in a request is a secret: it leaves Redis with the answer.
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
    });
    // The connection reports its troubles itself; what is left are jobs that cannot be read at all.
    this.#worker.on('error', (error) => deps.log.debug({ err: error }, 'intake'));
  }

  async close(): Promise<void> {
    await this.#worker.close();
  }

  async #answer(job: Job, token: string): Promise<RequestResult> {
    const given: unknown = job.data;
    const redact = redactor(urlsIn(given));
    // A stack is of no use to whoever sent the request, and it repeats the message.
    job.opts.stackTraceLimit = 0;
    try {
      const result = await this.#apply(given);
      await job.updateData(redactDeep(given, redact));
      return result;
    } catch (error) {
      const refusal = toApiError(error);
      if (refusal.status === 503) {
        await job.moveToDelayed(Date.now() + RETRY_MS, token);
        throw new DelayedError();
      }
      if (refusal.code === 'internal_error') this.#deps.log.error({ err: error, job: job.id }, 'request failed');
      await job.updateData(redactDeep(given, redact));
      throw new UnrecoverableError(redact(sentence(refusal)));
    }
  }

  async #apply(given: unknown): Promise<RequestResult> {
    const push = isCommand(given)
      ? await this.#command(commandRequestSchema.parse(given))
      : await this.#add(addRequestSchema.parse(given));
    if (push.removed) return { push: push.id, status: 'removed' };
    const { view } = await this.#deps.status.view(push);
    return { push: push.id, status: view.status };
  }

  #add({ v: _version, id, stream, ...spec }: AddRequest) {
    return this.#deps.pushes.create({ id, stream, spec }, intake);
  }

  #command({ action, push }: CommandRequest) {
    return this.#deps.pushes[action](push, intake);
  }
}

const isCommand = (given: unknown): boolean => typeof given === 'object' && given !== null && 'action' in given;

/** One line: the code first, so that programs can tell refusals apart, then what is wrong and what to do. */
function sentence({ code, detail }: ApiError): string {
  const { title, remedy } = apiErrors[code];
  return `${code}: ${detail === '' ? title : detail} ${remedy}`;
}

/** Every text of the request that may be a URL. */
function urlsIn(value: unknown): string[] {
  if (typeof value === 'string') return value.includes('://') ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(urlsIn);
}
