import { setTimeout as sleep } from 'node:timers/promises';
import { ENDLESS_ATTEMPTS, type PushView } from '@pushfleet/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NewPush } from '../harness/api.ts';
import { boardJobOf } from '../harness/bull-board.ts';
import { CLIP } from '../harness/ffmpeg.ts';
import { figures, intervals } from '../harness/figures.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { freePort } from '../harness/ports.ts';
import { type RtmpSinkOptions, startRtmpSink } from '../harness/rtmp-sink.ts';
import { startClosingTarget, startResettingTarget } from '../harness/tcp-targets.ts';
import { until } from '../harness/until.ts';

/** What all servers here have in common. */
interface Target {
  readonly port: number;
  /** When each TCP connection came. */
  readonly connectedAt: readonly number[];
  stop(): Promise<void>;
}

const KEY = 'k3y-of-the-channel-77';
/** `retry_timeout` of the measured pushes, in seconds: what the machine adds stays well below a fifth of it. */
const PAUSE_S = 2;
const HEALTHY_MS = 10_000;

describe.concurrent('a push whose target is down', () => {
  let fleet: Fleet;
  const targets: Target[] = [];

  beforeAll(async () => {
    fleet = await startFleet({ config: `stream clip { input file://${CLIP}; }` });
  });
  afterAll(async () => {
    await fleet?.stop();
    await Promise.all(targets.map((target) => target.stop()));
  });

  async function own<T extends Target>(starting: Promise<T>): Promise<T> {
    const target = await starting;
    targets.push(target);
    return target;
  }

  /** Takes a server off its port, as when it crashes. */
  async function shutDown(target: Target): Promise<void> {
    targets.splice(targets.indexOf(target), 1);
    await target.stop();
  }

  const refusingSink = (decide: RtmpSinkOptions['decide']) => own(startRtmpSink({ ...(decide && { decide }) }));

  const pushTo = (port: number, options: Omit<NewPush, 'stream' | 'url'>): Promise<PushView> =>
    fleet.api.createPush({ stream: 'clip', url: `rtmp://127.0.0.1:${port}/live/${KEY}`, ...options });

  const untilConnects = (target: Target, count: number, timeoutMs = 30_000) =>
    until(() => target.connectedAt.length >= count, {
      what: () => `${count} connections, there were ${target.connectedAt.length}`,
      timeoutMs,
      everyMs: 10,
    });

  /** The report comes first, and the end of the job right after it; Bull Board reads the counter and the state one after the other. */
  async function expectFailedJob(id: string): Promise<void> {
    const job = await until(
      async () => {
        const { job, status } = await boardJobOf(fleet.api, id);
        return status === 'failed' && job.attempts >= 3 && job;
      },
      { what: 'the job to be failed on Bull Board after three attempts' },
    );
    expect(job.attempts).toBe(3);
  }

  /** The connections that come while nothing is done for so long. */
  async function connectsWithin(ms: number, target: Target): Promise<number> {
    const before = target.connectedAt.length;
    await sleep(ms);
    return target.connectedAt.length - before;
  }

  /** Two failures, then a session of so many ms at least, then the target goes down for good. Answers the connections after that. */
  async function breakAfter(sessionMs: number, failures: number) {
    const port = await freePort();
    const closing = await own(startClosingTarget(port));
    const { id } = await pushTo(port, { retry_timeout: 1.5, retry_limit: 3 });
    await untilConnects(closing, 2);
    await fleet.api.waitForStatus(id, 'retry');
    await shutDown(closing);
    const sink = await own(startRtmpSink({ port }));
    const { connected_at, ...before } = await fleet.api.waitForStatus(id, 'running');
    expect(before.failures_in_a_row).toBe(2);
    await sleep(Date.parse(connected_at!) + sessionMs - Date.now());
    await until(async () => (await fleet.api.push(id)).failures_in_a_row === failures, {
      what: `${failures} failures in a row after the session`,
      timeoutMs: 3_000, // of which the reports take one second
    });
    const sessionS = (Date.now() - Date.parse(connected_at!)) / 1_000;
    await shutDown(sink);
    const down = await own(startClosingTarget(port));
    const broken = await fleet.api.waitForStatus(id, ['retry', 'error']);
    await fleet.api.waitForStatus(id, 'error');
    expect(await connectsWithin(3_000, down)).toBe(0);
    return { id, broken, sessionS, connects: down.connectedAt };
  }

  // The break of the session is the first failure in a row, which leaves two attempts of three: what `retry_limit` counts are failures.
  it('has the full budget again after ten healthy seconds: the break, and two attempts', async () => {
    const { id, broken, sessionS, connects } = await breakAfter(HEALTHY_MS, 0);
    expect(broken).toMatchObject({ status: 'retry', failures_in_a_row: 1 });
    expect(connects).toHaveLength(2);
    const failed = (await fleet.api.attempts(id)).filter((attempt) => attempt.failed);
    // Newest first; the session that broke had begun as the third attempt.
    expect(failed.map(({ attempt }) => attempt)).toEqual([3, 2, 3, 2, 1]);
    await expectFailedJob(id);
    console.log(`2 failures, ${sessionS} s of a session, break: ${connects.length} connections after it`);
  });

  it('has nothing left when the session broke too early', async () => {
    const { id, broken, sessionS, connects } = await breakAfter(HEALTHY_MS - 2_000, 2);
    expect(broken.status).toBe('error');
    expect(connects).toHaveLength(0);
    await expectFailedJob(id);
    console.log(`2 failures, ${sessionS} s of a session, break: ${connects.length} connections after it`);
  });

  it.each([
    ['closes each connection', () => own(startClosingTarget())],
    ['resets each connection', () => own(startResettingTarget())],
    ['refuses each publication', () => refusingSink(() => 'refuse')],
    ['accepts each publication and closes', () => refusingSink(() => 'close-after-start')],
  ])('tries every `retry_timeout` seconds when the target %s', async (habit, start) => {
    const target = await start();
    await pushTo(target.port, { retry_timeout: PAUSE_S });
    await untilConnects(target, 6);
    const pauses = intervals(target.connectedAt);
    console.log(`retry_timeout=${PAUSE_S}, target ${habit}: ${figures(pauses)}`);
    for (const pause of pauses) {
      expect(pause).toBeGreaterThan(PAUSE_S * 1_000 * 0.8);
      expect(pause).toBeLessThan(PAUSE_S * 1_000 * 1.2);
    }
  });

  it('tries every 5 seconds, endlessly, when nothing is said', async () => {
    const target = await own(startClosingTarget());
    const push = await pushTo(target.port, {});
    expect(push).toMatchObject({ retry_timeout: 5, retry_limit: null });
    await untilConnects(target, 4);
    const pauses = intervals(target.connectedAt);
    console.log(`retry_timeout by default: ${figures(pauses)}`);
    for (const pause of pauses) {
      expect(pause).toBeGreaterThan(4_000);
      expect(pause).toBeLessThan(6_000);
    }
    const { job } = await boardJobOf(fleet.api, push.id);
    expect(job.opts).toMatchObject({ attempts: ENDLESS_ATTEMPTS, backoff: { type: 'fixed', delay: 5_000 } });
  });

  it('goes on without a limit', async () => {
    const target = await own(startClosingTarget());
    const { id } = await pushTo(target.port, { retry_timeout: 0.2 });
    await untilConnects(target, 25);
    const push = await fleet.api.waitForStatus(id, 'retry');
    expect(push.failures_in_a_row).toBeGreaterThanOrEqual(24);
    const { job } = await boardJobOf(fleet.api, id);
    expect(job.opts.attempts).toBe(2_147_483_647);
    expect(job.stacktrace.length).toBeLessThanOrEqual(1);
    console.log(`endless: ${target.connectedAt.length} attempts, ${figures(intervals(target.connectedAt))}`);
  });

  it('shows attempts, pause and reason on Bull Board, and no stream key', async () => {
    const target = await refusingSink(() => 'refuse');
    const { id } = await pushTo(target.port, { retry_timeout: 3, retry_limit: 7 });
    await untilConnects(target, 2);
    const push = await fleet.api.waitForStatus(id, 'retry');
    const { job, status } = await until(
      async () => {
        const answer = await boardJobOf(fleet.api, id);
        return answer.job.attempts === 2 && answer.status === 'delayed' && answer;
      },
      { what: 'the second attempt to be counted' },
    );
    console.log(`Bull Board: ${status}, ${job.attempts} of ${job.opts.attempts}, ${job.delay} ms, ${job.failedReason}`);
    expect(job).toMatchObject({
      attempts: 2,
      delay: 3_000,
      opts: { attempts: 7, backoff: { type: 'fixed', delay: 3_000 } },
      data: { v: 1, push: id, revision: push.revision },
    });
    expect(job.failedReason).toMatch(/^rtmp_badname: .*NetStream\.Publish\.BadName.*not welcome/);
    const list = await fleet.api.call('GET', '/queues/api/queues?activeQueue=push-default&status=delayed&page=1');
    expect(list.status).toBe(200);
    expect(JSON.stringify(list.body)).toContain('not welcome');
    expect(JSON.stringify([job, list.body, await fleet.api.attempts(id), push])).not.toContain(KEY);
  });

  it('is given up after exactly `retry_limit` attempts, and gets as many again when somebody restarts it', async () => {
    const target = await own(startClosingTarget());
    const { id } = await pushTo(target.port, { retry_timeout: 1, retry_limit: 3 });
    const expectGivenUp = async (attempts: number) => {
      const push = await fleet.api.waitForStatus(id, 'error');
      expect(target.connectedAt).toHaveLength(attempts);
      expect(push).toMatchObject({ failures_in_a_row: 3, attempt: 3, next_retry_at: null });
      expect(push.last_error?.code).toBe('target_closed');
      await expectFailedJob(id);
      expect(await connectsWithin(3_000, target)).toBe(0);
    };
    await expectGivenUp(3);
    await fleet.api.restart(id);
    await expectGivenUp(6);
    console.log(`retry_limit=3, restarted once: ${target.connectedAt.length} attempts in all`);
  });

  it('stops trying while it is paused, and begins at once and with the whole budget when it is resumed', async () => {
    const target = await own(startClosingTarget());
    const { id } = await pushTo(target.port, { retry_timeout: 1, retry_limit: 3 });
    await untilConnects(target, 2);
    await fleet.api.waitForStatus(id, 'retry');
    await fleet.api.pause(id);
    await fleet.api.waitForStatus(id, 'disabled');
    expect(await connectsWithin(3_000, target)).toBe(0);
    const resumedAt = performance.now();
    await fleet.api.resume(id);
    await fleet.api.waitForStatus(id, 'error');
    expect(target.connectedAt).toHaveLength(5);
    console.log(`resumed: next attempt after ${Math.round(target.connectedAt[2]! - resumedAt)} ms, then all of 3`);
    expect(target.connectedAt[2]! - resumedAt).toBeLessThan(500);
  });
});
