import { redactor, redactUrl, resolveDelivery, resolvePushOptions } from '@pushfleet/config';
import type { DesiredPush, DesiredStream, Keys, TargetTest } from '@pushfleet/contract';
import type { Dial } from '@pushfleet/protocols';
import type { Redis } from 'ioredis';
import type { DialProgress } from '../net/dial.ts';
import { testTarget } from './target-test.ts';

export interface TargetTestsDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly workerName: string;
  readonly push: (id: string) => Promise<DesiredPush | undefined>;
  readonly stream: (name: string) => Promise<DesiredStream | undefined>;
  /** This worker holds the push. */
  readonly holds: (id: string) => boolean;
  readonly dial: (push: DesiredPush, progress?: DialProgress) => Dial;
}

/** A request for a test, as it came over the control channel. */
export interface TestRequest {
  /** Names the answer. */
  readonly test: string;
  /** Null for one that is not saved: it comes under the key of the test. */
  readonly push: string | null;
  /** Why nothing may be published; empty when it may. */
  readonly noPublish: string;
}

/** Tests under way at a time: who asks for more waits for an answer in vain. */
const MAX_TESTS = 4;
/** How long an answer waits for whoever asked. */
const KEPT_MS = 60_000;

/** Tries targets for people who ask, and answers in Redis. */
export class TargetTests {
  readonly #deps: TargetTestsDeps;
  #running = 0;

  constructor(deps: TargetTestsDeps) {
    this.#deps = deps;
  }

  /** Rejects when Redis is away: then nobody hears the answer anyway. */
  async run({ test, push: id, noPublish }: TestRequest): Promise<void> {
    const { redis, keys, push: saved } = this.#deps;
    if (this.#running >= MAX_TESTS) return;
    this.#running++;
    try {
      const push = id === null ? parseDraft(await redis.getdel(keys.targetDraft(test))) : await saved(id);
      if (push === undefined) return;
      const answer: TargetTest = { push: id, ...(await this.#test(push, noPublish)) };
      await redis.set(keys.targetTest(test), JSON.stringify(answer), 'PX', KEPT_MS);
    } finally {
      this.#running--;
    }
  }

  async #test(push: DesiredPush, noPublish: string): Promise<Omit<TargetTest, 'push'>> {
    const { workerName, dial, stream, holds } = this.#deps;
    const options = resolvePushOptions(push.options);
    const at = new Date().toISOString();
    const { result, steps } = await testTarget({
      url: push.url,
      delivery: resolveDelivery(push.options, (await stream(push.stream))?.spec ?? {}),
      connectTimeoutMs: options.connectTimeoutMs,
      // It may have begun since it was asked for.
      noPublish: noPublish === '' && holds(push.id) ? 'the push is on: a second publisher would disturb it' : noPublish,
      dial: (progress) => dial(push, progress),
    });
    const redact = redactor([push.url], options.headers);
    return {
      url: redactUrl(push.url),
      worker: workerName,
      at,
      result,
      steps: steps.map((step) => ({ ...step, detail: redact(step.detail) })),
    };
  }
}

const parseDraft = (text: string | null): DesiredPush | undefined =>
  text === null ? undefined : (JSON.parse(text) as DesiredPush);
