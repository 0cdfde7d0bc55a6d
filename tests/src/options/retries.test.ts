import { setTimeout as sleep } from 'node:timers/promises';
import { ENDLESS_ATTEMPTS, type PushView } from '@pushfleet/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NewPush } from '../harness/api.ts';
import { boardJobOf } from '../harness/bull-board.ts';
import { CLIP } from '../harness/ffmpeg.ts';
import { figures, intervals } from '../harness/figures.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
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

  const refusingSink = (decide: RtmpSinkOptions['decide']) => own(startRtmpSink({ ...(decide && { decide }) }));

  const pushTo = (port: number, options: Omit<NewPush, 'stream' | 'url'>): Promise<PushView> =>
    fleet.api.createPush({ stream: 'clip', url: `rtmp://127.0.0.1:${port}/live/${KEY}`, ...options });

  const untilConnects = (target: Target, count: number) =>
    until(() => target.connectedAt.length >= count, {
      what: () => `${count} connections, there were ${target.connectedAt.length}`,
      everyMs: 10,
    });

  /** Each as long as it has to be, but for one that the machine has been late for, and then the next one. */
  function expectPauses(pauses: readonly number[], wantedMs: number): void {
    const median = pauses.toSorted((a, b) => a - b)[Math.floor(pauses.length / 2)]!;
    expect(Math.abs(median / wantedMs - 1)).toBeLessThan(0.2);
    for (const pause of pauses) expect(Math.abs(pause / wantedMs - 1)).toBeLessThan(0.6);
  }

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

  /** Two failures, then a session of so many ms at least, then the target takes nobody any more. Answers the connections after that. */
  async function breakAfter(sessionMs: number, failures: number) {
    const sink = await refusingSink((_name, earlier) => (earlier === 2 ? 'accept' : 'close-after-start'));
    const { id } = await pushTo(sink.port, { retry_timeout: 1.5, retry_limit: 3 });
    const { connected_at, ...before } = await fleet.api.waitForStatus(id, 'running');
    expect(before.failures_in_a_row).toBe(2);
    await sleep(Math.max(0, Date.parse(connected_at!) + sessionMs - Date.now()));
    await until(async () => (await fleet.api.push(id)).failures_in_a_row === failures, {
      what: `${failures} failures in a row after the session`,
    });
    const sessionS = (Date.now() - Date.parse(connected_at!)) / 1_000;
    const known = sink.connectedAt.length;
    sink.drop();
    await fleet.api.waitForStatus(id, 'error');
    expect(await connectsWithin(3_000, sink)).toBe(0);
    return { id, sessionS, connects: sink.connectedAt.slice(known) };
  }

  // The break of the session is the first failure in a row, which leaves two attempts of three: what `retry_limit` counts are failures.
  it('has the full budget again after ten healthy seconds: the break, and two attempts', async () => {
    const { id, sessionS, connects } = await breakAfter(HEALTHY_MS, 0);
    expect(connects).toHaveLength(2);
    const failed = (await fleet.api.waitForAttempts(id, 5)).filter((attempt) => attempt.failed);
    // Newest first; the session that broke had begun as the third attempt.
    expect(failed.map(({ attempt }) => attempt)).toEqual([3, 2, 3, 2, 1]);
    await expectFailedJob(id);
    console.log(`2 failures, ${sessionS} s of a session, break: ${connects.length} connections after it`);
  });

  it('has nothing left when the session broke too early', async () => {
    const { id, sessionS, connects } = await breakAfter(HEALTHY_MS / 2, 2);
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
    expectPauses(pauses, PAUSE_S * 1_000);
  });

  it('tries every 5 seconds, endlessly, when nothing is said', async () => {
    const target = await own(startClosingTarget());
    const push = await pushTo(target.port, {});
    expect(push).toMatchObject({ retry_timeout: 5, retry_limit: null });
    await untilConnects(target, 4);
    const pauses = intervals(target.connectedAt);
    console.log(`retry_timeout by default: ${figures(pauses)}`);
    expectPauses(pauses, 5_000);
    const { job } = await boardJobOf(fleet.api, push.id);
    expect(job.opts).toMatchObject({ attempts: ENDLESS_ATTEMPTS, backoff: { type: 'fixed', delay: 5_000 } });
  });

  it('goes on without a limit', async () => {
    const target = await own(startClosingTarget());
    const { id } = await pushTo(target.port, { retry_timeout: 0.2 });
    await untilConnects(target, 25);
    await until(async () => (await fleet.api.push(id)).failures_in_a_row >= 24, { what: '24 failures to be told' });
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
    const list = await until(
      async () => {
        const page = await fleet.api.call('GET', '/queues/api/queues?activeQueue=push-default&status=delayed&page=1');
        return page.status === 200 && JSON.stringify(page.body).includes('not welcome') && page;
      },
      { what: 'the list of what is delayed to say why' },
    );
    expect(JSON.stringify([job, list.body, await fleet.api.attempts(id), push])).not.toContain(KEY);
  });

  it('is given up after exactly `retry_limit` attempts, and gets as many again when somebody restarts it', async () => {
    const target = await own(startClosingTarget());
    const { id } = await pushTo(target.port, { retry_timeout: 1, retry_limit: 3 });
    const expectGivenUp = async (attempts: number) => {
      await untilConnects(target, attempts);
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
    const known = target.connectedAt.length;
    expect(await connectsWithin(3_000, target)).toBe(0);
    const resumedAt = performance.now();
    await fleet.api.resume(id);
    await fleet.api.waitForStatus(id, 'error');
    expect(target.connectedAt).toHaveLength(known + 3);
    console.log(`resumed: next attempt after ${Math.round(target.connectedAt[known]! - resumedAt)} ms, then all of 3`);
    expect(target.connectedAt[known]! - resumedAt).toBeLessThan(900); // less than `retry_timeout`
  });
});
