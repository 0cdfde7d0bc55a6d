import type { Environment } from '@pushfleet/config';
import { type Keys, parseStoredReport } from '@pushfleet/contract';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { DesiredReader } from '../desired/desired-reader.ts';
import { HostScripts } from '../fleet/host-scripts.ts';
import type { Intake } from '../fleet/intake.ts';
import type { FleetScripts } from '../fleet/scripts.ts';
import { within } from '../fleet/within.ts';
import type { ConnectFigures } from '../http/metrics.ts';
import { trustIn } from '../net/address-policy.ts';
import type { Dials } from '../net/dials.ts';
import { ConnectBudget } from '../push/connect-budget.ts';
import { HostPermits } from '../push/host-permits.ts';
import { PushMemories } from '../push/push-memory.ts';
import { TargetTests } from '../push/target-tests.ts';
import type { StreamHubs } from '../source/stream-hubs.ts';
import type { Announcer } from '../status/announcer.ts';
import type { FactWriter } from '../status/fact-writer.ts';
import { StatusReporter } from '../status/status-reporter.ts';
import { PushProcessor } from './push-processor.ts';
import type { PushQueueWorker } from './push-queue-worker.ts';

const CONNECTS_AT_A_TIME = 100;
/** A Redis that needs longer is taken for one that is away. */
const ANSWER_MS = 250;

export interface PushesDeps {
  readonly config: Pick<Environment, 'workerId' | 'pool' | 'connectsPerHost'>;
  readonly redis: Redis;
  readonly keys: Keys;
  readonly scripts: FleetScripts;
  readonly desired: DesiredReader;
  readonly facts: FactWriter;
  readonly announcer: Announcer;
  readonly dials: Dials;
  readonly hubs: StreamHubs;
  readonly queue: PushQueueWorker;
  readonly intake: Intake;
  /** As far as the last beats tell. */
  readonly redisAnswers: () => boolean;
  readonly log: Logger;
}

/** The pushes of this worker: those that it holds, what they may dial, what is told of them, and tests of their targets. */
export class Pushes {
  readonly processor: PushProcessor;
  readonly reporter: StatusReporter;
  readonly tests: TargetTests;
  readonly #budget: ConnectBudget;
  readonly #permits: HostPermits;

  constructor(deps: PushesDeps) {
    const { config, redis, keys, scripts, desired, facts, announcer, dials, hubs, queue, intake, redisAnswers, log } =
      deps;
    const perHost = config.connectsPerHost === 'off' ? 0 : config.connectsPerHost;
    const permits = new HostPermits({
      scripts: new HostScripts(redis, keys, perHost),
      redisAnswers,
      wentDown: (host, code) => announcer.hostDown(host, code),
      cameUp: (host, downMs) => announcer.hostUp(host, downMs),
    });
    const budget = new ConnectBudget(CONNECTS_AT_A_TIME, permits);
    const memories = new PushMemories(redis, keys);
    this.#permits = permits;
    this.#budget = budget;
    this.processor = new PushProcessor({
      pool: config.pool,
      mayHold: () => (intake.isOverloaded ? 0 : queue.concurrency),
      scripts,
      reporter: () => this.reporter,
      push: (id) => desired.push(id),
      stream: (name) => desired.stream(name),
      lastReport: async (id) => {
        const stored = await redis.hget(keys.reports, id);
        return stored === null ? undefined : parseStoredReport(stored);
      },
      holder: {
        hubs,
        attemptDeps: (push) => ({ dial: dials.by(trustIn(push.origin)), budget, memory: memories.of(push) }),
        facts,
        workerName: config.workerId,
        log,
        changed: () => this.reporter.changed(),
        canFail: async ({ job, token }) =>
          redisAnswers() && within(ANSWER_MS, queue.verifyLocks([{ jobId: job.id!, token }])),
      },
    });
    this.reporter = new StatusReporter(scripts, facts, () => this.processor.holders(), {
      foreign: (jobId, token) => this.processor.lost(jobId, token),
      missing: (locks) => queue.verifyLocks(locks),
    });
    this.tests = new TargetTests({
      redis,
      keys,
      workerName: config.workerId,
      push: (id) => desired.push(id),
      stream: (name) => desired.stream(name),
      holds: (id) => this.processor.holder(id) !== undefined,
      dial: ({ origin }, progress) =>
        progress === undefined ? dials.by(trustIn(origin)) : dials.watched(trustIn(origin), progress),
    });
  }

  /** How attempts got their turn to connect. */
  get connects(): ConnectFigures {
    return { ...this.#budget.figures(), asked: this.#permits.asked };
  }

  /** Bits per second that leave for targets. */
  get egressBps(): number {
    let sum = 0;
    for (const { face } of this.processor.holders()) sum += face.bitrateBps;
    return sum;
  }

  /** Of each push, 0 where it is not known. */
  *neededBps(): Generator<number> {
    for (const { face } of this.processor.holders()) yield face.neededBps;
  }
}
