import { randomUUID } from 'node:crypto';
import type { Cidr, Logger } from '@pushfleet/config';
import { Keys } from '@pushfleet/contract';
import { ConfigFile } from './config-file/config-file.ts';
import { ConfigService } from './config-file/config-service.ts';
import { EventLog } from './events/event-log.ts';
import { EventTail } from './events/event-tail.ts';
import { ControlHints } from './fleet/control-hints.ts';
import { FleetReader } from './fleet/fleet-reader.ts';
import { LeaderLock } from './fleet/leader-lock.ts';
import { RequestsWorker } from './intake/requests-worker.ts';
import { LiveFeed } from './live/live-feed.ts';
import { Metrics } from './metrics/metrics.ts';
import { DesiredCache } from './push/desired-cache.ts';
import { PushIndex } from './push/push-index.ts';
import { PushService } from './push/push-service.ts';
import { PushStore } from './push/push-store.ts';
import { ReconcileLoop } from './push/reconcile-loop.ts';
import { TargetCheck } from './push/target-check.ts';
import { JobSnapshots } from './queue/job-snapshot.ts';
import { PushQueues } from './queue/push-queues.ts';
import { openConnections, type RedisConnections, untilReady } from './redis/connections.ts';
import { RedisContact } from './redis/redis-contact.ts';
import { RedisHealth } from './redis/redis-health.ts';
import { ErrorLog } from './status/error-log.ts';
import { FleetStatus } from './status/fleet-status.ts';
import { Journals } from './status/journals.ts';
import { StatusReader } from './status/status-reader.ts';
import { TargetTester } from './status/target-tester.ts';
import { StreamMedia } from './stream/stream-media.ts';
import { StreamService } from './stream/stream-service.ts';

export interface SchedulerOptions {
  readonly redisUrl: string;
  readonly prefix: string;
  readonly version: string;
  /** Path of the config file; undefined: the configuration is set through the API. */
  readonly configFile: string | undefined;
  readonly allowTargets: readonly Cidr[];
  readonly denyTargets: readonly Cidr[];
}

/** With Redis away for longer than this the process starts all the same, and says so in /ready. */
const START_WAIT_MS = 3_000;
/** What is under way when the process is told to stop gets this long. */
const STOP_WAIT_MS = 2_000;

/** All parts of a scheduler but HTTP. */
export class Scheduler {
  readonly options: SchedulerOptions;
  readonly keys: Keys;
  readonly redis: RedisConnections;
  readonly cache: DesiredCache;
  readonly index: PushIndex;
  readonly events: EventLog;
  readonly tail: EventTail;
  readonly queues: PushQueues;
  readonly lock: LeaderLock;
  readonly targets: TargetCheck;
  readonly pushes: PushService;
  readonly streams: StreamService;
  readonly config: ConfigService;
  readonly fleet: FleetReader;
  readonly status: StatusReader;
  readonly fleetStatus: FleetStatus;
  readonly journals: Journals;
  readonly live: LiveFeed;
  readonly errors: ErrorLog;
  readonly tester: TargetTester;
  readonly media: StreamMedia;
  readonly health: RedisHealth;
  readonly contact = new RedisContact();
  readonly metrics = new Metrics();
  readonly #log: Logger;
  readonly #loop: ReconcileLoop;
  readonly #hints: ControlHints;
  #intake: RequestsWorker | undefined;
  #file: ConfigFile | undefined;
  #fileIsNew = true;
  #stopping = false;

  /** Rejects with ConfigFileError when the config file cannot be used. */
  static async create(options: SchedulerOptions, log: Logger): Promise<Scheduler> {
    const scheduler = new Scheduler(options, log);
    try {
      await scheduler.#openFile();
      return scheduler;
    } catch (error) {
      scheduler.redis.close();
      throw error;
    }
  }

  private constructor(options: SchedulerOptions, log: Logger) {
    this.options = options;
    this.#log = log;
    this.keys = new Keys(options.prefix);
    this.redis = openConnections(
      options.redisUrl,
      (error) => log.debug({ err: error }, 'redis connection'),
      () => log.warn('a connection to redis led nowhere and is replaced'),
    );
    const { commands } = this.redis;
    this.cache = new DesiredCache(new PushStore(commands, this.keys));
    this.index = new PushIndex(this.cache);
    this.events = new EventLog(commands, this.keys, log);
    this.tail = new EventTail(this.redis.tail, this.keys);
    this.queues = new PushQueues(this.redis.queues, this.keys);
    this.lock = new LeaderLock(commands, this.keys, randomUUID());
    this.targets = new TargetCheck(options.allowTargets, options.denyTargets);
    this.pushes = new PushService(this.cache, this.events, this.targets);
    this.streams = new StreamService(this.cache, this.index, this.events, this.targets);
    this.config = new ConfigService(this.cache, this.index, this.events);
    this.fleet = new FleetReader(commands, this.keys);
    this.status = new StatusReader(commands, this.keys, this.cache, this.fleet);
    this.fleetStatus = new FleetStatus(this.index, this.status, this.fleet);
    this.journals = new Journals(commands, this.keys);
    this.health = new RedisHealth(commands, this.keys);
    this.tester = new TargetTester({ redis: commands, keys: this.keys, index: this.index, status: this.status });
    this.media = new StreamMedia({ index: this.index, status: this.status });
    this.errors = new ErrorLog(this.events, this.tail);
    this.live = new LiveFeed({
      redis: commands,
      keys: this.keys,
      cache: this.cache,
      index: this.index,
      status: this.status,
      events: this.events,
      tail: this.tail,
      contact: this.contact,
      version: options.version,
      config: () => this.configSource(),
      failed: (error) => log.error({ err: error }, 'live feed'),
    });
    this.#hints = new ControlHints(this.redis.subscriber, this.keys, {
      // Only the leader changes a push without a new revision, and it knows what it has done.
      suspect: (id) => !this.lock.isLeader && this.cache.suspect(id),
      suspectAll: () => this.cache.suspectAll(),
      refresh: () => this.cache.refresh(),
    });
    this.#loop = new ReconcileLoop({
      cache: this.cache,
      queues: this.queues,
      snapshots: new JobSnapshots(this.redis.queues),
      lock: this.lock,
      redis: commands,
      keys: this.keys,
      log,
      contact: this.contact,
      lead: (isNew) => this.#applyFile(isNew),
      measured: (seconds, actions) => {
        this.metrics.reconcileSeconds.observe(seconds);
        this.metrics.reconcileActions.inc(actions);
      },
    });
  }

  get isStopping(): boolean {
    return this.#stopping;
  }

  /** Resolves when desired state is read and the queues agree with it, or when Redis turns out to be away. */
  async start(): Promise<void> {
    if (!(await untilReady(this.redis.commands, START_WAIT_MS))) this.#log.warn('redis does not answer yet');
    this.#hints.start();
    this.tail.start();
    this.#file?.watch();
    await this.#loop.start();
    // Once; /ready says it all the time.
    const warnings = await this.health.check().catch(() => []);
    for (const { level, text } of warnings) this.#log[level]({ warning: text }, 'redis settings');
    this.#intake = new RequestsWorker({
      redis: this.redis.intake,
      keys: this.keys,
      pushes: this.pushes,
      status: this.status,
      log: this.#log,
    });
  }

  /** Reads the config file again, as after SIGHUP. */
  async reloadConfig(): Promise<void> {
    await this.#file?.reload();
  }

  /** The config file as it is now; undefined when the configuration is set through the API. */
  get configFile(): ConfigFile | undefined {
    return this.#file;
  }

  /** Where the configuration is kept, and the errors in it as it is now. */
  configSource(): { source: 'file' | 'api'; errors: number } {
    if (this.#file === undefined) return { source: 'api', errors: 0 };
    const errors = this.#file.diagnostics.filter(({ severity }) => severity === 'error');
    return { source: 'file', errors: errors.length };
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.live.stop();
    this.#file?.close();
    this.#hints.stop();
    this.tail.stop();
    const parts = [this.#loop.stop(), this.#intake?.close(), this.queues.close()];
    // Without Redis some of these would wait for it.
    await Promise.race([
      Promise.allSettled(parts),
      new Promise((resolve) => setTimeout(resolve, STOP_WAIT_MS).unref()),
    ]);
    this.redis.close();
  }

  async #openFile(): Promise<void> {
    const { configFile } = this.options;
    if (configFile === undefined) return;
    this.#file = await ConfigFile.open(configFile, this.#log, () => {
      this.#fileIsNew = true;
      this.#loop.nudge();
    });
  }

  /** Only the leader applies its file: files of two hosts that differ must not fight. */
  async #applyFile(isNewLeader: boolean): Promise<void> {
    if (this.#file === undefined || !(isNewLeader || this.#fileIsNew)) return;
    this.#fileIsNew = false;
    try {
      const applied = await this.config.apply(this.#file.specs, 'file');
      this.#log.info({ ...applied }, 'config file applied');
    } catch (error) {
      this.#fileIsNew = true;
      throw error;
    }
  }
}
