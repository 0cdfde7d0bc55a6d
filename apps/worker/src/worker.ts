import { readFileSync } from 'node:fs';
import { type Environment, foldFlood } from '@pushfleet/config';
import {
  type ControlMessage,
  Keys,
  pushIdOfJob,
  pushQueueName,
  type RedisWarning,
  redisWarnings,
  type WorkerRecord,
} from '@pushfleet/contract';
import type { Logger } from 'pino';
import { ControlChannel } from './control/control-channel.ts';
import type { ParentChannel } from './control/parent-channel.ts';
import { DesiredReader } from './desired/desired-reader.ts';
import { DesiredWatch } from './desired/desired-watch.ts';
import { limitsOf } from './fleet/admission.ts';
import { AUDIT_MS, Audit } from './fleet/audit.ts';
import type { Pool } from './fleet/balance.ts';
import { Draining } from './fleet/draining.ts';
import { SILENT_MS } from './fleet/fence.ts';
import { FENCE_MS, Fencing } from './fleet/fencing.ts';
import { FleetView } from './fleet/fleet-view.ts';
import { type Death, Heartbeat } from './fleet/heartbeat.ts';
import { Intake, MEASURE_MS } from './fleet/intake.ts';
import { askPeer, askPeers, isClusterProof, testify } from './fleet/peer-votes.ts';
import { PeerWatch } from './fleet/peer-watch.ts';
import { Rebalancer } from './fleet/rebalancer.ts';
import { type Beat, FleetScripts } from './fleet/scripts.ts';
import { Standstill } from './fleet/standstill.ts';
import { Upkeep } from './fleet/upkeep.ts';
import { within } from './fleet/within.ts';
import { workerMetrics } from './http/metrics.ts';
import { WorkerHttp } from './http/worker-http.ts';
import { AddressPolicy } from './net/address-policy.ts';
import { Dials } from './net/dials.ts';
import { bareHost, formatEndpoint } from './net/endpoint.ts';
import { PushQueueWorker } from './queue/push-queue-worker.ts';
import { Pushes } from './queue/pushes.ts';
import { openConnections, type RedisConnections } from './redis/connections.ts';
import { Streams } from './source/streams.ts';
import { Announcer } from './status/announcer.ts';
import { FactWriter } from './status/fact-writer.ts';

const TICK_MS = 250;
/** Pushes that run are looked at with every second tick, what the worker has room for with every fourth. */
const TICKS_PER_LOOK = 2;
const TICKS_PER_NEWS = 4;
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
  readonly #log: Logger;
  readonly #startedAt = new Date().toISOString();
  readonly #redis: RedisConnections;
  readonly #facts: FactWriter;
  readonly #announcer: Announcer;
  readonly #control: ControlChannel;
  readonly #policy: AddressPolicy;
  readonly #parent: ParentChannel | undefined;
  readonly #queue: PushQueueWorker;
  readonly #view: FleetView;
  readonly #streams: Streams;
  readonly #pushes: Pushes;
  readonly #watch: DesiredWatch;
  readonly #intake: Intake;
  readonly #rebalancer: Rebalancer;
  readonly #audit: Audit;
  readonly #upkeep: Upkeep;
  readonly #draining: Draining;
  readonly #fencing: Fencing;
  readonly #standstill: Standstill;
  readonly #peerWatch: PeerWatch;
  readonly #heartbeat: Heartbeat;
  readonly #http: WorkerHttp;
  readonly #timers: NodeJS.Timeout[] = [];
  #ticks = 0;
  #addresses = { rtmp: '', http: '' };
  /** What an operator should change at Redis. */
  #warnings: readonly string[] = [];

  /** `parent`: of the processes of this host, when their ports are shared. */
  constructor(config: Environment, log: Logger, parent?: ParentChannel) {
    this.#config = config;
    this.#log = log;
    this.#parent = parent;
    const { pool, workerId: name } = config;
    const clusterKey = config.clusterKey?.reveal() ?? '';
    const flood = foldFlood(log, 1_000);
    this.#redis = openConnections(
      config.redisUrl!.reveal(), // a worker's environment is not valid without
      (error) => flood.warn({ error: error.message }, 'redis is away'),
      () => log.warn('a connection to redis led nowhere and is replaced'),
    );
    const redis = this.#redis.commands;
    const keys = new Keys(config.prefix);
    const queueName = pushQueueName(pool);
    const scripts = new FleetScripts(redis, keys, queueName);
    const desired = new DesiredReader(redis, keys);
    const facts = new FactWriter(redis, keys);
    const announcer = new Announcer(log, facts, name);
    this.#facts = facts;
    this.#announcer = announcer;
    this.#control = new ControlChannel(redis, this.#redis.subscriber, keys);
    this.#policy = new AddressPolicy({ allow: config.allowTargets, deny: config.denyTargets });
    const dials = new Dials(this.#policy);

    this.#queue = new PushQueueWorker({
      queueName,
      keys,
      connection: redis,
      scripts,
      workerName: name,
      process: (job, token, signal) => this.#pushes.processor.process(job, token, signal),
      heldJob: (jobId) => this.#pushes.processor.holder(pushIdOfJob(jobId))?.lease.job,
      epoch: () => this.#heartbeat.epoch,
      lost: (jobId, token) => this.#pushes.processor.lost(jobId, token),
    });
    const { id } = this.#queue;
    this.#queue.on('error', (error) => flood.warn({ error: error.message }, 'queue'));
    // For jobs that no holder has yet: the holders have been told with the token.
    this.#queue.on('lockRenewalFailed', (jobIds) => {
      for (const jobId of jobIds) this.#queue.cancelJob(jobId, 'lost');
    });
    // A worker that has become full says so at once: a burst must not wait for the next beat.
    this.#queue.on('active', () => {
      if (this.#pushes.processor.size >= this.#queue.concurrency - 1) void this.#heartbeat.beatNow();
    });

    this.#view = new FleetView({ ownId: id, near: (address) => this.#nearby(address) });
    this.#standstill = new Standstill(() => this.#fencing.woken());
    this.#streams = new Streams({
      config,
      clusterKey,
      redis,
      keys,
      scripts,
      desired,
      facts,
      dials,
      view: this.#view,
      worker: { id, name, rtmp: () => this.#addresses.rtmp, http: () => this.#addresses.http },
      isSibling: (address) => parent?.near(address) !== undefined,
      draining: () => this.#draining.isOn,
      switched: (change) => announcer.inputSwitched(change),
      beforeMedia: (now) => this.#standstill.look(now),
      failed: (err) => flood.warn({ err }, 'a stream could not be put into a format'),
      log,
    });
    const { hubs, live, ingest } = this.#streams;
    this.#intake = new Intake(limitsOf(config), () => this.#pushes.neededBps());
    this.#pushes = new Pushes({
      config,
      redis,
      keys,
      scripts,
      desired,
      facts,
      announcer,
      dials,
      hubs,
      queue: this.#queue,
      intake: this.#intake,
      redisAnswers: () => this.#heartbeat.silentMs < SILENT_MS,
      log,
    });
    const { processor } = this.#pushes;
    this.#watch = new DesiredWatch(desired, processor, hubs, (changed) => ingest.recheck(changed));
    this.#rebalancer = new Rebalancer(config.rebalance);
    this.#audit = new Audit({
      scripts,
      pool,
      workerId: () => id,
      holds: (jobId) => processor.holder(pushIdOfJob(jobId)) !== undefined,
      remind: (worker) => this.#control.send({ op: 'audit', worker }),
    });
    this.#upkeep = new Upkeep({ redis, keys, pool, queue: this.#queue, processor, live, audit: this.#audit, log });
    this.#draining = new Draining({
      queue: this.#queue,
      processor,
      parent,
      announcer,
      log,
      closeIdle: () => this.#http.closeIdle(),
      beat: () => this.#heartbeat.beatNow(),
      callOthers: () => this.#control.send({ op: 'beat' }),
    });
    this.#fencing = new Fencing({
      hasOthers: () => this.#view.ids.size > 1,
      askOthers: () => askPeers(this.#view.others, clusterKey),
      contact: () => this.#heartbeat,
      draining: () => this.#draining.isOn,
      fenced: () => this.#fenced(),
      doubted: (cleared) => this.#doubted(cleared),
    });
    this.#peerWatch = new PeerWatch(async (address) => (await askPeer(address, clusterKey, MEET_MS))?.worker);
    this.#heartbeat = new Heartbeat(scripts, () => this.#record(), {
      beat: (beat, living) => this.#beaten(beat, living),
      verify: (why) => this.#upkeep.verify(why),
      hasEnded: (late) => this.#peerWatch.hasEnded(this.#record(), late),
      reaped: (death) => this.#reaped(death),
      failed: (error) => flood.warn({ error: error.message }, 'heartbeat failed'),
    });
    this.#http = new WorkerHttp({
      unready: () => this.#unready(),
      leaving: () => this.#draining.isOn,
      warnings: () => this.#warnings,
      fence: async (proof) => {
        if (!isClusterProof(clusterKey, proof)) return undefined;
        // The question may be the first thing that a process reads which has stood still.
        this.#standstill.look(performance.now());
        const seesRedis = await testify(redis, keys, this.#heartbeat.unbrokenMs);
        return { worker: id, seesRedis, silentMs: this.#fencing.watchedSilenceMs };
      },
      metrics: (isSharedPort) => (isSharedPort && parent !== undefined ? parent.allMetrics() : this.#metrics()),
      mediaInfo: (stream) => this.#streams.describe(stream),
      media: (exchange) => ingest.answer(exchange),
      failed: (err) => log.error({ err }, 'request failed'),
    });
  }

  /** `host:port` under which others reach the ports; empty when off. */
  get addresses(): { readonly rtmp: string; readonly http: string } {
    return this.#addresses;
  }

  /** Resolves when the worker serves its ports and takes jobs. */
  async start(): Promise<void> {
    const { pool, capacity } = this.#config;
    await this.#listen();
    await this.#upkeep.enlist();
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
    this.#every(FENCE_MS, () => void this.#fencing.look());
    this.#every(AUDIT_MS, () => void this.#tidy());
    this.#watch.start();
    // Of advice only: a Redis that does not tell its settings, or not now, keeps nobody from working.
    redisWarnings(this.#redis.commands).then(
      (warnings) => this.#advise(warnings),
      () => {},
    );
    this.#announcer.started(this.#startedAt, { pool, capacity, ...this.#addresses });
  }

  /** Hands every push back without counting an attempt, ends publications, leaves the fleet. */
  async stop(): Promise<void> {
    await this.#draining.last();
    // Without Redis no job can be given back: then only the connections have to be closed.
    const patienceMs = this.#heartbeat.silentMs < SILENT_MS ? HAND_BACK_MS : GOODBYE_MS;
    if (!(await within(patienceMs, this.#queue.close()))) this.#log.error('jobs could not be given back');
    this.#watch.stop();
    for (const timer of this.#timers) clearInterval(timer);
    this.#pushes.reporter.stop();
    await this.#streams.ingest.close();
    await this.#http.close();
    this.#streams.hubs.close();
    this.#announcer.stopping();
    await within(FAREWELL_MS, this.#facts.flush());
    await within(FAREWELL_MS, this.#heartbeat.stop());
    this.#intake.stop();
    this.#redis.close();
    this.#announcer.stopped();
  }

  async #listen(): Promise<void> {
    const { bind, rtmpPort, httpPort, advertise } = this.#config;
    const http = httpPort === 'off' ? '' : formatEndpoint(advertise, await this.#http.listen(httpPort, bind));
    this.#addresses = { ...this.#addresses, http };
    const rtmp = rtmpPort === 'off' ? '' : formatEndpoint(advertise, await this.#streams.ingest.listen(rtmpPort, bind));
    this.#addresses = { ...this.#addresses, rtmp };
    this.#parent?.serve({
      connection: (port, socket) => (port === 'rtmp' ? this.#streams.ingest : this.#http).adopt(socket),
      metrics: () => this.#metrics(),
    });
  }

  #advise(warnings: readonly RedisWarning[]): void {
    this.#warnings = warnings.map(({ text }) => text);
    for (const { level, text } of warnings) this.#log[level]({ warning: text }, 'redis settings');
  }

  #obey(message: ControlMessage): void {
    switch (message.op) {
      case 'push':
        void this.#watch.look(message.push);
        return;
      case 'live':
        this.#streams.hubs.inputs(message.stream)?.refresh();
        return;
      case 'doubt':
        this.#streams.ingest.yieldIfSilent(message.stream);
        return;
      case 'beat':
        void this.#heartbeat.beatNow();
        return;
      case 'audit':
        if (message.worker === this.#queue.id) this.#audit.reminded();
        return;
      case 'test':
        if (message.worker === this.#queue.id)
          this.#pushes.tests
            .run(message)
            .catch((err: Error) => this.#log.warn({ err }, 'a test of a target has failed'));
        return;
      case 'drain':
        if (message.worker === this.#config.workerId) void this.#heartbeat.beatNow();
    }
  }

  async #beaten(beat: Beat, living: readonly WorkerRecord[]): Promise<void> {
    this.#fencing.beaten();
    this.#view.see(living);
    this.#draining.wish(beat.isDrained);
    if (this.#queue.revive()) this.#log.warn('the queue had stopped and is started again');
    const members = living.filter(({ pool }) => pool === this.#config.pool);
    const now = performance.now();
    this.#peerWatch.look(this.#record(), members, now);
    if (this.#draining.isOn) return;
    const pool: Pool = { members, jobs: beat.jobs, waiting: beat.waiting };
    await this.#queue.setConcurrency(this.#intake.concurrency(this.#record(), pool, now));
    this.#rebalance(pool, now);
  }

  #rebalance(pool: Pool, now: number): void {
    const { processor } = this.#pushes;
    const holder = this.#rebalancer.look(this.#record(), pool, [...processor.holders()], now);
    if (holder === undefined) return;
    this.#log.info({ push: holder.id, held: processor.size }, 'push_rebalanced');
    holder.intend('rebalanced');
  }

  async #reaped(death: Death): Promise<void> {
    await this.#upkeep.inherit(death);
    this.#announcer.lost(death);
    await this.#control.send({ op: 'beat' });
  }

  #fenced(): void {
    const { processor } = this.#pushes;
    this.#announcer.fenced(this.#heartbeat.silentMs, processor.size);
    for (const holder of processor.holders()) holder.intend('fenced');
  }

  #doubted(cleared: Promise<void>): void {
    const { processor } = this.#pushes;
    this.#announcer.stoodStill(processor.size);
    for (const holder of processor.holders()) holder.suspend(cleared);
  }

  /** Never rejects: what Redis does not do now is for the next time. */
  async #tidy(): Promise<void> {
    if (this.#heartbeat.silentMs <= SILENT_MS) await this.#upkeep.tidy().catch(() => {});
  }

  #tick(): void {
    const now = performance.now();
    this.#standstill.look(now);
    const { processor } = this.#pushes;
    this.#ticks += 1;
    const isLook = this.#ticks % TICKS_PER_LOOK === 0;
    for (const holder of processor.holders()) if (isLook || holder.face.status !== 'running') holder.tick(now);
    if (this.#ticks % TICKS_PER_NEWS !== 0) return;
    const fullness = this.#intake.news(now);
    if (fullness !== undefined) this.#announcer.fullness(fullness, processor.size);
  }

  #unready(): string[] {
    const reasons: string[] = [];
    if (this.#draining.isOn) reasons.push('draining');
    if (this.#heartbeat.silentMs > SILENT_MS) reasons.push('redis does not answer');
    return reasons;
  }

  /** A process of this host is reached over loopback, whatever firewalls say, unless that is denied. */
  #nearby(address: string): string | undefined {
    const local = this.#parent?.near(address);
    const isOpen = local !== undefined && this.#policy.allows(bareHost(local.replace(/:\d+$/, '')), 'operator');
    return isOpen ? local : undefined;
  }

  #metrics(): string {
    const { processor, connects } = this.#pushes;
    return workerMetrics(this.#record(), processor.holders(), connects, this.#streams.hubs.names.length);
  }

  #record(): WorkerRecord {
    const { workerId: name, pool, capacity, labels } = this.#config;
    const { cpuPercent, loopDelayMs } = this.#intake.reading;
    return {
      id: this.#queue.id,
      name,
      pool,
      capacity,
      held: this.#pushes.processor.size,
      state: this.#draining.isOn ? 'draining' : 'ready',
      ...this.#intake.look(),
      labels,
      ...this.#addresses,
      version: VERSION,
      startedAt: this.#startedAt,
      egressBps: Math.round(this.#pushes.egressBps),
      cpuPercent: Math.round(cpuPercent * 10) / 10,
      eventLoopDelayMs: Math.round(loopDelayMs * 10) / 10,
    };
  }

  #every(ms: number, act: () => void): void {
    this.#timers.push(setInterval(act, ms));
  }
}
