import { type TargetTest, targetTestSteps, toPublishError } from '@pushfleet/contract';
import {
  type BatchFeed,
  type DeliveryOptions,
  type Dial,
  type Protocol,
  PublishError,
  type PushMemory,
  protocolFor,
  publishErrors,
  type TargetPlace,
  TargetUrlError,
} from '@pushfleet/protocols';
import type { DialProgress } from '../net/dial.ts';

export interface TargetTestOptions {
  readonly url: string;
  readonly delivery: DeliveryOptions;
  readonly connectTimeoutMs: number;
  /** Why nothing may be published, in words for people; empty when it may. */
  readonly noPublish: string;
  /** A guarded dial; `progress` hears how far it gets. */
  readonly dial: (progress?: DialProgress) => Dial;
}

export type TargetTestOutcome = Pick<TargetTest, 'result' | 'steps'>;
type StepName = (typeof targetTestSteps)[number];

const NO_FEED: BatchFeed = { open: () => {}, close: () => {} };
const TIMEOUT_MS = 15_000;
/** Servers that refuse by closing after they have accepted do so at once. */
const KEPT_MS = 1_000;

/**
 * Tries a target step by step, on connections of its own, and lets go of it when it has kept the publication for a second. Never rejects. What the
 * target said may be in the details: whoever shows them passes them through the redactor first.
 */
export async function testTarget(options: TargetTestOptions): Promise<TargetTestOutcome> {
  const { url, delivery, connectTimeoutMs, noPublish } = options;
  const trace = new Trace();
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const { protocol, target } = parseTarget(url, delivery);
    const said = await protocol.reach(target, { dial: tracedDial(options, trace), connectTimeoutMs }, signal);
    if (said === undefined) trace.skipped('handshake', 'this protocol begins with the request that publishes');
    else trace.done('handshake', said);
    if (noPublish === '') {
      const deps = { dial: options.dial(), connectTimeoutMs, memory: throwawayMemory() };
      trace.done('publish', await publishOnce(protocol, target, deps, signal));
    } else trace.skipped('publish', noPublish);
  } catch (error) {
    trace.failed(
      signal.aborted ? new PublishError('connect_timeout', 'the test took too long') : toPublishError(error),
    );
  }
  return trace.outcome;
}

/** Tells the trace how the first connection gets on. Redirects and logins may take more of them. */
function tracedDial({ dial }: TargetTestOptions, trace: Trace): Dial {
  const first = dial((step, detail) => trace.done(step, detail));
  const others = dial();
  let isFirst = true;
  return (target) => {
    if (!isFirst) return others(target);
    isFirst = false;
    trace.isTls = target.tls !== undefined;
    return first(target);
  };
}

/** Resolves with who has accepted. */
async function publishOnce(
  protocol: Protocol,
  target: TargetPlace,
  deps: Parameters<Protocol['createPublisher']>[1],
  signal: AbortSignal,
): Promise<string> {
  const publisher = protocol.createPublisher(target, deps);
  await publisher.connect(signal);
  const { peer } = publisher.stats();
  const kept = AbortSignal.timeout(KEPT_MS);
  try {
    await publisher.send(NO_FEED, kept);
  } catch (error) {
    if (!kept.aborted) throw error;
  }
  return `accepted by ${peer}, and let go of after ${KEPT_MS / 1_000} s`;
}

/** That of a push of its own: the test takes nobody's place. */
function throwawayMemory(): PushMemory {
  return {
    id: `test-${crypto.randomUUID()}`,
    nextEpoch: async () => Date.now(),
    load: async () => undefined,
    save: async () => true,
  };
}

function parseTarget(url: string, delivery: DeliveryOptions): { protocol: Protocol; target: TargetPlace } {
  const protocol = protocolFor(url);
  if (protocol === undefined) throw new PublishError('scheme_unsupported');
  try {
    return { protocol, target: protocol.parseTarget(url, delivery) };
  } catch (error) {
    if (error instanceof TargetUrlError) throw new PublishError('url_invalid', error.message);
    throw error;
  }
}

/** The steps in their order, each with the time since the one before. */
class Trace {
  isTls = false;
  #result: TargetTest['result'] = 'ok';
  readonly #steps: TargetTest['steps'] = [];
  #at = performance.now();

  get outcome(): TargetTestOutcome {
    return { result: this.#result, steps: this.#steps };
  }

  done(step: StepName, detail: string): void {
    this.#steps.push({ step, result: 'ok', ms: this.#lap(), detail, code: null, remedy: '' });
  }

  skipped(step: StepName, detail: string): void {
    this.#steps.push({ step, result: 'skipped', ms: null, detail, code: null, remedy: '' });
  }

  /** It was the first step that is not done; those behind it are skipped. */
  failed({ code, message }: PublishError): void {
    this.#result = 'failed';
    const left = targetTestSteps.filter((step) => step !== 'tls' || this.isTls).slice(this.#steps.length);
    for (const [i, step] of left.entries()) {
      if (i > 0) this.skipped(step, 'a step before it has failed');
      else {
        const { remedy } = publishErrors[code];
        this.#steps.push({ step, result: 'failed', ms: this.#lap(), detail: message, code, remedy });
      }
    }
  }

  #lap(): number {
    const now = performance.now();
    const ms = Math.round((now - this.#at) * 10) / 10;
    this.#at = now;
    return ms;
  }
}
