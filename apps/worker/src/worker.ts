import { readFileSync } from 'node:fs';
import { type Environment, foldFlood } from '@pushfleet/config';
import {
  ConnectionGuard,
  type ControlMessage,
  connectRedis,
  type FleetEvent,
  Keys,
  parseStoredReport,
  pushIdOfJob,
  pushQueueName,
  type RedisWarning,
  redisWarnings,
  type WorkerRecord,
} from '@pushfleet/contract';
import type { Dial } from '@pushfleet/protocols';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { ControlChannel } from './control/control-channel.ts';
import type { ParentChannel } from './control/parent-channel.ts';
import { DesiredReader } from './desired/desired-reader.ts';
import { DesiredWatch } from './desired/desired-watch.ts';
import { Remembered } from './desired/remembered.ts';
import { limitsOf } from './fleet/admission.ts';
import { AUDIT_MS, Audit } from './fleet/audit.ts';
import type { Pool } from './fleet/balance.ts';
import { isCutOff, SILENT_MS } from './fleet/fence.ts';
import { type Death, Heartbeat } from './fleet/heartbeat.ts';
import { DOWN_AFTER_PUSHES, HostScripts } from './fleet/host-scripts.ts';
import { Intake, MEASURE_MS } from './fleet/intake.ts';
import { askPeer, askPeers, isClusterProof, testify } from './fleet/peer-votes.ts';
import { PeerWatch } from './fleet/peer-watch.ts';
import { Rebalancer } from './fleet/rebalancer.ts';
import { BEAT_INTERVAL_MS, type Beat, DEAD_AFTER_MS, FleetScripts } from './fleet/scripts.ts';
import { Standstill } from './fleet/standstill.ts';
import { within } from './fleet/within.ts';
import { workerMetrics } from './http/metrics.ts';
import { WorkerHttp } from './http/worker-http.ts';
import { AddressPolicy, type Trust } from './net/address-policy.ts';
import { createDial } from './net/dial.ts';
import { bareHost } from './net/endpoint.ts';
import { ConnectBudget } from './push/connect-budget.ts';
import { HostPermits } from './push/host-permits.ts';
import { PushMemories } from './push/push-memory.ts';
import { TargetTests } from './push/target-tests.ts';
import { PushProcessor } from './queue/push-processor.ts';
import { PushQueueWorker } from './queue/push-queue-worker.ts';
import { ClusterPulls } from './source/cluster-pulls.ts';
import { Ingest } from './source/ingest.ts';
import { SourceOpener } from './source/input-opener.ts';
import { LiveRegistry } from './source/live-registry.ts';
import { StreamHubs } from './source/stream-hubs.ts';
import { type InputSwitch, StreamInputs } from './source/stream-input.ts';
import { FactWriter } from './status/fact-writer.ts';
import { StatusReporter } from './status/status-reporter.ts';

const CONNECTS_AT_A_TIME = 100;
/** A connection to Redis that owes an answer for so long is looked into: those that block are looked after by BullMQ. */
const REDIS_PATIENCE_MS = 3_000;
const TICK_MS = 250;
const FENCE_MS = 200;
/** Without an answered beat for this long the others may have taken the pushes over; a beat's worth on the safe side. */
const TAKEN_OVER_MS = DEAD_AFTER_MS - BEAT_INTERVAL_MS;
/** A Redis that needs longer is taken for one that is away. */
const ANSWER_MS = 250;
/** The other workers raise their share within this time, so that drained pushes find room at once. */
const RAISE_MS = 60;
/** A peer that is busy starting, or this one, has time to say who it is. */
const MEET_MS = 2_000;
/** How long a worker that stops waits for its jobs to be given back; when Redis is away, for its connections to be ended. */
const HAND_BACK_MS = 10_000;
const GOODBYE_MS = 2_000;
/** ... and for Redis to hear each of its last words. */
const FAREWELL_MS = 1_000;

const VERSION = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
  .version;

/** One worker process: takes streams in, holds pushes, beats, and hands everything back when it is told to go. */
export class FleetWorker {
  readonly #config: Environment;
  readonly #clusterKey: string;
  readonly #log: Logger;
  readonly #startedAt = new Date().toISOString();
  readonly #redis: Redis;
  readonly #subscriber: Redis;
  readonly #guard: ConnectionGuard;
  readonly #keys: Keys;
  readonly #scripts: FleetScripts;
  readonly #facts: FactWriter;
  readonly #reporter: StatusReporter;
  readonly #desired: DesiredReader;
  readonly #watch: DesiredWatch;
  readonly #hubs: StreamHubs;
  readonly #live: LiveRegistry;
  readonly #ingest: Ingest;
  readonly #http: WorkerHttp;
  readonly #processor: PushProcessor;
  readonly #targetTests: TargetTests;
  readonly #queue: PushQueueWorker;
  readonly #heartbeat: Heartbeat;
  readonly #peerWatch: PeerWatch;
  readonly #control: ControlChannel;
  readonly #policy: AddressPolicy;
  readonly #parent: ParentChannel | undefined;
  readonly #ownMetrics: () => string;
  readonly #intake: Intake;
  readonly #rebalancer: Rebalancer;
  readonly #audit: Audit;
  readonly #timers: NodeJS.Timeout[] = [];
  #addresses = { rtmp: '', http: '' };
  #peers: readonly WorkerRecord[] = [];
  #living: ReadonlySet<string> = new Set();
  /** Somebody wants this worker to hold nothing, as of the last beat. */
  #isDrained = false;
  #draining = false;
  #stopping = false;
  #cutOff = false;
  /** What an operator should change at Redis. */
  #warnings: readonly string[] = [];
  #askingPeers = false;

  /** `parent`: of the processes of this host, when their ports are shared. */
  constructor(config: Environment, log: Logger, parent?: ParentChannel) {
    this.#config = config;
    this.#parent = parent;
    this.#clusterKey = config.clusterKey?.reveal() ?? '';
    const redisUrl = config.redisUrl!.reveal(); // a worker's environment is not valid without
    this.#log = log;
    const flood = foldFlood(log, 1_000);
    const onRedisError = (error: Error) => flood.warn({ error: error.message }, 'redis is away');
    this.#redis = connectRedis(redisUrl, onRedisError);
    this.#subscriber = connectRedis(redisUrl, onRedisError);
    const guarded = [this.#redis, this.#subscriber].map((redis) => ({ redis, patienceMs: REDIS_PATIENCE_MS }));
    this.#guard = new ConnectionGuard(guarded, () => log.warn('a connection to redis led nowhere and is replaced'));
    this.#keys = new Keys(config.prefix);
    const queueName = pushQueueName(config.pool);
    this.#scripts = new FleetScripts(this.#redis, this.#keys, queueName);
    this.#facts = new FactWriter(this.#redis, this.#keys);
    this.#desired = new DesiredReader(this.#redis, this.#keys);
    this.#control = new ControlChannel(this.#redis, this.#subscriber, this.#keys);

    const policy = new AddressPolicy({ allow: config.allowTargets, deny: config.denyTargets });
    this.#policy = policy;
    const dials = { operator: createDial(policy, 'operator'), public: createDial(policy, 'public') };
    // Where a peer redirects to is the peer's wish and not the operator's.
    const dialFor =
      (trust: Trust): Dial =>
      (options) =>
        dials[options.redirected ? 'public' : trust](options);
    const pulls = new ClusterPulls(this.#clusterKey);
    const httpAddress = () => this.#addresses.http;
    const worker = { id: '', name: config.workerId, rtmp: () => this.#addresses.rtmp, http: httpAddress };
    const streams = new Remembered((name) => this.#desired.stream(name));
    const stream = (name: string) => streams.read(name);

    this.#live = new LiveRegistry({
      redis: this.#redis,
      keys: this.#keys,
      scripts: this.#scripts,
      worker,
      living: () => this.#living,
    });
    const pullUrl = (rtmp: string, name: string) => pulls.url(this.#near(rtmp), name);
    const opener = new SourceOpener({ live: this.#live, dial: dialFor, pullUrl });
    const standstill = new Standstill((stoodStillMs) => this.#woken(stoodStillMs));
    this.#hubs = new StreamHubs(
      (hub) =>
        new StreamInputs(hub, {
          opener,
          stream,
          log,
          sourceTimeoutMs: config.sourceTimeoutMs,
          switched: (change) => this.#inputSwitched(change),
        }),
      {
        beforeMedia: (now) => standstill.look(now),
        failed: (err) => flood.warn({ err }, 'a stream could not be put into a format'),
      },
      { videoSamplesPerBatch: config.flushFrames },
    );
    const redisAnswers = () => this.#heartbeat.silentMs < SILENT_MS;
    const perHost = config.connectsPerHost === 'off' ? 0 : config.connectsPerHost;
    const permits = new HostPermits({
      scripts: new HostScripts(this.#redis, this.#keys, perHost),
      redisAnswers,
      wentDown: (host, code) => this.#hostDown(host, code),
      cameUp: (host, downMs) => this.#hostUp(host, downMs),
    });
    const budget = new ConnectBudget(CONNECTS_AT_A_TIME, permits);
    const memories = new PushMemories(this.#redis, this.#keys);
    this.#intake = new Intake(limitsOf(config), () => this.#neededBps());
    this.#rebalancer = new Rebalancer(config.rebalance);
    this.#audit = new Audit({
      scripts: this.#scripts,
      pool: config.pool,
      workerId: () => this.#queue.id,
      holds: (jobId) => this.#processor.holder(pushIdOfJob(jobId)) !== undefined,
      remind: (id) => this.#control.send({ op: 'audit', worker: id }),
    });
    this.#processor = new PushProcessor({
      pool: config.pool,
      mayHold: () => (this.#intake.isOverloaded ? 0 : this.#queue.concurrency),
      scripts: this.#scripts,
      reporter: () => this.#reporter,
      push: (id) => this.#desired.push(id),
      stream: (name) => this.#desired.stream(name),
      lastReport: async (id) => {
        const stored = await this.#redis.hget(this.#keys.reports, id);
        return stored === null ? undefined : parseStoredReport(stored);
      },
      holder: {
        hubs: this.#hubs,
        attemptDeps: (push) => ({
          dial: dialFor(push.origin === 'file' ? 'operator' : 'public'),
          budget,
          memory: memories.of(push),
        }),
        facts: this.#facts,
        workerName: config.workerId,
        log,
        changed: () => this.#reporter.changed(),
        canFail: async ({ job, token }) =>
          redisAnswers() && within(ANSWER_MS, this.#queue.verifyLocks([{ jobId: job.id!, token }])),
      },
    });
    this.#targetTests = new TargetTests({
      redis: this.#redis,
      keys: this.#keys,
      workerName: config.workerId,
      push: (id) => this.#desired.push(id),
      stream: (name) => this.#desired.stream(name),
      holds: (id) => this.#processor.holder(id) !== undefined,
      dial: (push, progress) => {
        const trust = push.origin === 'file' ? 'operator' : 'public';
        return progress === undefined ? dialFor(trust) : createDial(policy, trust, { progress });
      },
    });
    this.#reporter = new StatusReporter(this.#scripts, this.#facts, () => this.#processor.holders(), {
      foreign: (jobId, token) => this.#processor.lost(jobId, token),
      missing: (locks) => this.#queue.verifyLocks(locks),
    });
    this.#watch = new DesiredWatch(this.#desired, this.#processor, this.#hubs, (changed) =>
      this.#ingest.recheck(changed),
    );
    this.#queue = new PushQueueWorker({
      queueName,
      keys: this.#keys,
      connection: this.#redis,
      scripts: this.#scripts,
      workerName: config.workerId,
      process: this.#processor.process,
      heldJob: (jobId) => this.#processor.holder(pushIdOfJob(jobId))?.lease.job,
      epoch: () => this.#heartbeat.epoch,
      lost: (jobId, token) => this.#processor.lost(jobId, token),
    });
    worker.id = this.#queue.id;
    this.#queue.on('error', (error) => flood.warn({ error: error.message }, 'queue'));
    // For jobs that no holder has yet: the holders have been told with the token.
    this.#queue.on('lockRenewalFailed', (jobIds) => {
      for (const jobId of jobIds) this.#queue.cancelJob(jobId, 'lost');
    });
    // A worker that has become full says so at once: a burst must not wait for the next beat.
    this.#queue.on('active', () => {
      if (this.#processor.size >= this.#queue.concurrency - 1) void this.#heartbeat.beatNow();
    });
    this.#ingest = new Ingest({
      hubs: this.#hubs,
      live: this.#live,
      pulls,
      stream,
      facts: this.#facts,
      workerName: config.workerId,
      draining: () => this.#draining,
      httpAddress,
      readyPeers: () => this.#readyPeers(),
      isSibling: (address) => parent?.near(address) !== undefined,
      log,
    });
    this.#ownMetrics = () =>
      workerMetrics(
        this.#record(),
        this.#processor.holders(),
        { ...budget.figures(), asked: permits.asked },
        this.#hubs.names.length,
      );
    this.#http = new WorkerHttp({
      unready: () => this.#unready(),
      warnings: () => this.#warnings,
      fence: async (proof) => {
        if (!isClusterProof(this.#clusterKey, proof)) return undefined;
        const redis = await testify(this.#redis, this.#keys, this.#heartbeat.unbrokenMs);
        return { worker: this.#queue.id, redis };
      },
      metrics: (isSharedPort) => (isSharedPort && parent !== undefined ? parent.allMetrics() : this.#ownMetrics()),
      mediaInfo: (name) => {
        const media = this.#hubs.describe(name);
        return media && { worker: config.workerId, at: new Date().toISOString(), ...media };
      },
      media: (exchange) => this.#ingest.answer(exchange),
      failed: (err) => log.error({ err }, 'request failed'),
    });
    this.#peerWatch = new PeerWatch(async (address) => (await askPeer(address, this.#clusterKey, MEET_MS))?.worker);
    this.#heartbeat = new Heartbeat(this.#scripts, () => this.#record(), {
      beat: (beat, living) => this.#beaten(beat, living),
      verify: (why) => this.#verify(why),
      hasEnded: (late) => this.#peerWatch.hasEnded(this.#record(), late),
      reaped: (death) => this.#reaped(death),
      failed: (error) => flood.warn({ error: error.message }, 'heartbeat failed'),
    });
  }

  /** `host:port` under which others reach the ports; empty when off. */
  get addresses(): { readonly rtmp: string; readonly http: string } {
    return this.#addresses;
  }

  /** Resolves when the worker serves its ports and takes jobs. */
  async start(): Promise<void> {
    const { bind, rtmpPort, httpPort, advertise, workerId: name, pool, capacity } = this.#config;
    const at = (port: number) => `${advertise.includes(':') ? `[${advertise}]` : advertise}:${port}`;
    if (httpPort !== 'off') this.#addresses = { ...this.#addresses, http: at(await this.#http.listen(httpPort, bind)) };
    if (rtmpPort !== 'off')
      this.#addresses = { ...this.#addresses, rtmp: at(await this.#ingest.listen(rtmpPort, bind)) };
    this.#parent?.serve({
      connection: (port, socket) => (port === 'rtmp' ? this.#ingest : this.#http).adopt(socket),
      metrics: this.#ownMetrics,
    });
    await this.#redis.sadd(this.#keys.pools, pool);
    await this.#control.listen((message) => this.#obey(message));
    this.#intake.start();
    await this.#heartbeat.start();
    // The others make room for this worker's share now and not at their next beat.
    await this.#control.send({ op: 'beat' });
    if (this.#parent !== undefined) {
      await this.#parent.begin();
      await this.#heartbeat.beatNow();
    }
    this.#queue.run().catch((error: Error) => this.#log.error({ error: error.message }, 'the queue stopped'));
    this.#every(TICK_MS, () => this.#tick());
    this.#every(MEASURE_MS, () => this.#intake.measure());
    this.#every(FENCE_MS, () => void this.#checkFence());
    this.#every(AUDIT_MS, () => void this.#tidy().catch(() => {}));
    this.#watch.start();
    // Of advice only: a Redis that does not tell its settings, or not now, keeps nobody from working.
    redisWarnings(this.#redis).then(
      (warnings) => this.#advise(warnings),
      () => {},
    );
    this.#facts.event({ event: 'worker_started', at: this.#startedAt, worker: name });
    this.#log.info({ worker: name, pool, capacity, ...this.#addresses }, 'worker_started');
  }

  /** Hands every push back without counting an attempt, ends publications, leaves the fleet. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#drain();
    // Without Redis no job can be given back: then only the connections have to be closed.
    const patienceMs = this.#heartbeat.silentMs < SILENT_MS ? HAND_BACK_MS : GOODBYE_MS;
    if (!(await within(patienceMs, this.#queue.close()))) this.#log.error('jobs could not be given back');
    this.#watch.stop();
    this.#guard.stop();
    for (const timer of this.#timers) clearInterval(timer);
    this.#reporter.stop();
    await this.#ingest.close();
    await this.#http.close();
    this.#hubs.close();
    this.#facts.event({ event: 'worker_stopped', at: new Date().toISOString(), worker: this.#config.workerId });
    await within(FAREWELL_MS, this.#facts.flush());
    await within(FAREWELL_MS, this.#heartbeat.stop());
    this.#intake.stop();
    this.#subscriber.disconnect();
    this.#redis.disconnect();
    this.#log.info({ worker: this.#config.workerId }, 'worker_stopped');
  }

  #advise(warnings: readonly RedisWarning[]): void {
    this.#warnings = warnings.map(({ text }) => text);
    for (const { level, text } of warnings) this.#log[level]({ warning: text }, 'redis settings');
  }

  async #drain(): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    this.#parent?.tellDraining(true);
    this.#log.info({ worker: this.#config.workerId, held: this.#processor.size }, 'worker_draining');
    this.#facts.event({ event: 'worker_draining', at: new Date().toISOString(), worker: this.#config.workerId });
    await this.#queue.pause(true);
    await within(
      FAREWELL_MS,
      this.#heartbeat.beatNow().then(() => this.#control.send({ op: 'beat' })),
    );
    await new Promise((resolve) => setTimeout(resolve, RAISE_MS));
    if (this.#draining) this.#processor.drain();
  }

  async #undrain(): Promise<void> {
    if (this.#stopping) return;
    this.#draining = false;
    this.#parent?.tellDraining(false);
    this.#processor.undrain();
    await this.#queue.resume();
    await this.#heartbeat.beatNow();
  }

  #obey(message: ControlMessage): void {
    switch (message.op) {
      case 'push':
        void this.#watch.look(message.push);
        return;
      case 'live':
        this.#hubs.inputs(message.stream)?.refresh();
        return;
      case 'doubt':
        this.#ingest.yieldIfSilent(message.stream);
        return;
      case 'beat':
        void this.#heartbeat.beatNow();
        return;
      case 'audit':
        if (message.worker === this.#queue.id) this.#audit.reminded();
        return;
      case 'test':
        if (message.worker === this.#queue.id)
          this.#targetTests
            .run(message)
            .catch((err: Error) => this.#log.warn({ err }, 'a test of a target has failed'));
        return;
      case 'drain':
        if (message.worker === this.#config.workerId) void this.#heartbeat.beatNow();
    }
  }

  #setDrained(isDrained: boolean): void {
    if (isDrained === this.#isDrained) return;
    this.#isDrained = isDrained;
    (isDrained ? this.#drain() : this.#undrain()).catch((err: Error) =>
      this.#log.error({ err, isDrained }, 'draining failed'),
    );
  }

  #inputSwitched(change: InputSwitch): void {
    this.#log.info(change, 'stream_input');
    const worker = this.#config.workerId;
    this.#facts.event({ event: 'stream_input', at: new Date().toISOString(), worker, ...change });
  }

  #hostDown(host: string, cause: string): void {
    this.#log.warn({ host, cause }, 'target_down');
    const message = `${DOWN_AFTER_PUSHES} pushes in a row could not reach it`;
    this.#hostEvent('target_down', { host, cause, message });
  }

  #hostUp(host: string, downMs: number): void {
    this.#log.info({ host, downMs }, 'target_up');
    this.#hostEvent('target_up', { host, message: `it was down for ${Math.round(downMs / 1_000)} s` });
  }

  #hostEvent(event: 'target_down' | 'target_up', more: Partial<FleetEvent>): void {
    this.#facts.event({ event, at: new Date().toISOString(), worker: this.#config.workerId, ...more });
  }

  async #beaten(beat: Beat, living: readonly WorkerRecord[]): Promise<void> {
    this.#cutOff = false;
    this.#living = new Set(living.map(({ id }) => id));
    this.#peers = living.filter(({ id, http }) => id !== this.#queue.id && http !== '');
    this.#setDrained(beat.isDrained ?? this.#isDrained);
    if (this.#queue.revive()) this.#log.warn('the queue had stopped and is started again');
    const members = living.filter(({ pool }) => pool === this.#config.pool);
    const now = performance.now();
    this.#peerWatch.look(this.#record(), members, now);
    if (this.#draining) return;
    const pool: Pool = { members, jobs: beat.jobs, waiting: beat.waiting };
    await this.#queue.setConcurrency(this.#intake.concurrency(this.#record(), pool, now));
    this.#rebalance(pool, now);
  }

  #rebalance(pool: Pool, now: number): void {
    const holder = this.#rebalancer.look(this.#record(), pool, [...this.#processor.holders()], now);
    if (holder === undefined) return;
    this.#log.info({ push: holder.id, held: this.#processor.size }, 'push_rebalanced');
    holder.intend('rebalanced');
  }

  /** Says once that the worker has become full, and why, or that it takes pushes again. */
  #tellFullness(now: number): void {
    const news = this.#intake.news(now);
    if (news === undefined) return;
    const worker = this.#config.workerId;
    const held = this.#processor.size;
    const event = news.fullCause === null ? 'worker_taking' : 'worker_full';
    this.#log[news.fullCause === null ? 'info' : 'warn']({ worker, held, full: news.full }, event);
    this.#facts.event({ event, at: new Date().toISOString(), worker, message: news.full });
  }

  async #verify(why: string): Promise<void> {
    this.#log.warn({ why, held: this.#processor.size }, 'every lock is looked at');
    await this.#queue.verifyLocks(this.#heldLocks());
    await this.#live.restore();
    await this.#redis.sadd(this.#keys.pools, this.#config.pool);
  }

  async #reaped({ workerId, worker, why, jobs }: Death): Promise<void> {
    if (jobs > 0) await this.#queue.getBackend().moveStalledJobsToWait();
    const name = worker?.name ?? workerId;
    this.#log.warn({ worker: name, why, jobs }, 'worker_lost');
    const message = `${why}: its ${jobs} pushes are taken over`;
    this.#facts.event({ event: 'worker_lost', at: new Date().toISOString(), worker: name, message });
    await this.#control.send({ op: 'beat' });
  }

  /** Closes all pushes when the others see Redis and this worker does not: they are about to take over. */
  async #checkFence(): Promise<void> {
    const { silentMs } = this.#heartbeat;
    if (silentMs < SILENT_MS || this.#cutOff || this.#askingPeers || this.#draining) return;
    this.#askingPeers = true;
    const peers = this.#peers.map(({ http }) => this.#near(http));
    const votes = await askPeers(peers, this.#clusterKey).finally(() => {
      this.#askingPeers = false;
    });
    if (!isCutOff(this.#heartbeat.silentMs, votes)) return;
    this.#fence();
  }

  /** Nothing more is sent on connections that may be somebody else's by now, unless the beats had gone unanswered before. */
  #woken(stoodStillMs: number): void {
    const { silentMs } = this.#heartbeat;
    if (this.#living.size < 2 || silentMs < TAKEN_OVER_MS || silentMs - stoodStillMs >= SILENT_MS) return;
    this.#fence();
  }

  #fence(): void {
    const { silentMs } = this.#heartbeat;
    this.#cutOff = true;
    this.#log.error({ silentMs: Math.round(silentMs), held: this.#processor.size }, 'worker_fenced');
    this.#facts.event({ event: 'worker_fenced', at: new Date().toISOString(), worker: this.#config.workerId });
    for (const holder of this.#processor.holders()) holder.intend('fenced');
  }

  async #tidy(): Promise<void> {
    if (this.#heartbeat.silentMs > SILENT_MS) return;
    await this.#live.tidy();
    await this.#live.restore();
    await this.#queue.renewForgotten(this.#heldLocks());
    const freed = await this.#audit.look();
    if (freed === 0) return;
    this.#log.warn({ jobs: freed }, 'abandoned jobs freed');
    await this.#queue.getBackend().moveStalledJobsToWait();
  }

  #heldLocks(): { jobId: string; token: string }[] {
    return [...this.#processor.holders()].map(({ lease }) => ({ jobId: lease.job.id!, token: lease.token }));
  }

  #tick(): void {
    const now = performance.now();
    for (const holder of this.#processor.holders()) holder.tick(now);
    this.#tellFullness(now);
  }

  #unready(): string[] {
    const reasons: string[] = [];
    if (this.#draining) reasons.push('draining');
    if (this.#heartbeat.silentMs > SILENT_MS) reasons.push('redis does not answer');
    return reasons;
  }

  /** Where this worker reaches another one that advertises `address`: a process of this host over loopback, whatever firewalls say, unless that is denied. */
  #near(address: string): string {
    const local = this.#parent?.near(address);
    const isOpen = local !== undefined && this.#policy.allows(bareHost(local.replace(/:\d+$/, '')), 'operator');
    return isOpen ? local : address;
  }

  /** HTTP addresses of those that can take a stream when this worker takes it no more. */
  #readyPeers(): string[] {
    const isReady = ({ id, state }: WorkerRecord) => state === 'ready' && this.#living.has(id);
    return this.#peers.filter(isReady).map(({ http }) => http);
  }

  #record(): WorkerRecord {
    const { workerId: name, pool, capacity, labels } = this.#config;
    const { cpuPercent, loopDelayMs } = this.#intake.reading;
    let egressBps = 0;
    for (const { face } of this.#processor.holders()) egressBps += face.bitrateBps;
    return {
      id: this.#queue.id,
      name,
      pool,
      capacity,
      held: this.#processor.size,
      state: this.#draining ? 'draining' : 'ready',
      ...this.#intake.look(),
      labels,
      ...this.#addresses,
      version: VERSION,
      startedAt: this.#startedAt,
      egressBps: Math.round(egressBps),
      cpuPercent: Math.round(cpuPercent * 10) / 10,
      eventLoopDelayMs: Math.round(loopDelayMs * 10) / 10,
    };
  }

  *#neededBps(): Generator<number> {
    for (const { face } of this.#processor.holders()) yield face.neededBps;
  }

  #every(ms: number, act: () => void): void {
    this.#timers.push(setInterval(act, ms));
  }
}
