import type { DesiredPush } from '@pushfleet/contract';
import { UnrecoverableError, WaitingError } from 'bullmq';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FleetScripts } from '../fleet/scripts.ts';
import { holderDeps, jobOf, openDial, openHubs, pushOf, RtmpTarget, refused } from '../push/testing/holder-kit.ts';
import type { StatusReporter } from '../status/status-reporter.ts';
import { PushProcessor } from './push-processor.ts';

let target: RtmpTarget;
let hubs: ReturnType<typeof openHubs>;
let dialled: ReturnType<typeof openDial>;

beforeEach(async () => {
  target = new RtmpTarget();
  await target.listen();
  hubs = openHubs();
  dialled = openDial();
});
afterEach(() => {
  target.close();
  hubs.hubs.close();
});

function open(wanted: () => DesiredPush | undefined, mayHold = () => 10) {
  const { giveBudgetBack: _, adopt: __, ...holder } = holderDeps(hubs.hubs, dialled.dial).deps;
  const scripts = {
    giveBudgetBack: vi.fn(async () => true),
    adopt: vi.fn(async () => true),
    countFailures: vi.fn(async () => true),
  };
  const last = vi.fn(async () => {});
  const processor = new PushProcessor({
    pool: 'default',
    mayHold,
    scripts: scripts as unknown as FleetScripts,
    reporter: () => ({ last }) as unknown as StatusReporter,
    push: async () => wanted(),
    stream: async () => ({ name: 'cam', spec: {}, origin: 'file', removed: false, revision: 1, createdAt: '' }),
    lastReport: async () => undefined,
    holder,
  });
  return { processor, scripts, last, holder };
}

describe('a job that no scheduler made', () => {
  it.each([
    ['no data', null, 'push-p1', /^push_invalid: field \(root\)/],
    ['another version', { v: 2, push: 'p1', revision: 1 }, 'push-p1', /^push_invalid: field v/],
    ['secrets in it', { v: 1, push: 'p1', revision: 1, url: 'rtmp://x/y/key' }, 'push-p1', /^push_invalid/],
    ['the push of another job', { v: 1, push: 'p1', revision: 1 }, 'copy-of-p1', /^push_invalid: the id of the job/],
  ])('with %s fails for good and is not looked up', async (_title, data, id, message) => {
    const wanted = vi.fn(() => pushOf(target.url));
    const { processor } = open(wanted);
    const outcome = processor.process(jobOf(pushOf(target.url), { data, id } as never).job, 'w:1');
    await expect(outcome).rejects.toThrow(UnrecoverableError);
    await expect(outcome).rejects.toThrow(message);
    expect(wanted).not.toHaveBeenCalled();
  });
});

describe('a job that shall not be held (here)', () => {
  it.each([
    ['is not known', undefined],
    ['is paused', { override: { disabled: true, by: 'api', at: '' } }],
    ['belongs into another pool', { options: { pool: 'gpu' } }],
  ])('ends when its push %s', async (_title, more) => {
    const { processor } = open(() => (more === undefined ? undefined : pushOf(target.url, more)));
    await expect(processor.process(jobOf(pushOf(target.url)).job, 'w:1')).resolves.toEqual({ stopped: 'not wanted' });
    expect(processor.size).toBe(0);
  });

  it('goes back when its lock is lost while Redis is asked, before anything is connected', async () => {
    hubs.show('cam');
    const abort = new AbortController();
    const { processor } = open(() => {
      abort.abort('lost');
      return pushOf(target.url);
    });
    const { job, moveToWait } = jobOf(pushOf(target.url));
    await expect(processor.process(job, 'w:1', abort.signal)).rejects.toThrow(WaitingError);
    expect(moveToWait).toHaveBeenCalledExactlyOnceWith('w:1');
    expect(dialled.sockets).toEqual([]);
  });

  it('goes back at a worker that is full', async () => {
    const { job, moveToWait } = jobOf(pushOf(target.url));
    await expect(
      open(
        () => pushOf(target.url),
        () => 0,
      ).processor.process(job, 'w:1'),
    ).rejects.toThrow(WaitingError);
    expect(moveToWait).toHaveBeenCalledExactlyOnceWith('w:1');
  });

  it('goes back when the worker begins to drain while Redis is asked', async () => {
    const { processor } = open(() => {
      processor.drain();
      return pushOf(target.url);
    });
    const { job, moveToWait } = jobOf(pushOf(target.url));
    await expect(processor.process(job, 'w:1')).rejects.toThrow(WaitingError);
    expect(moveToWait).toHaveBeenCalledOnce();
  });
});

describe('a job whose push is held', () => {
  it('is given the revision and options that hold, when it was made from older ones', async () => {
    const push = pushOf(target.url, { revision: 7, options: { retry_limit: 4 } });
    const { processor, scripts } = open(() => push);
    const { job } = jobOf(pushOf(target.url));
    const outcome = processor.process(job, 'w:1');
    await vi.waitFor(() => expect(processor.size).toBe(1));
    expect(scripts.adopt).toHaveBeenCalledOnce();
    expect(job).toMatchObject({ data: { revision: 7 }, opts: { attempts: 4 } });
    processor.holder('p1')!.intend('stopped');
    await expect(outcome).resolves.toEqual({ stopped: 'stopped' });
  });

  it('has its whole budget again when it was retried by hand with nothing left', async () => {
    hubs.show('cam');
    target.decide = async () => refused;
    const push = pushOf(target.url, { options: { retry_limit: 3 } });
    const { processor, scripts } = open(() => push);
    const { job } = jobOf(push, { attemptsMade: 3 });
    const outcome = processor.process(job, 'w:1');
    await expect(outcome).rejects.toThrow(/^rtmp_rejected: /);
    await expect(outcome).rejects.not.toThrow(UnrecoverableError);
    expect(scripts.giveBudgetBack).toHaveBeenCalledExactlyOnceWith('push-p1', 'w:1');
    expect(job.attemptsMade).toBe(0);
  });

  it('fails for good with the last attempt of the budget, failures in the absence of Redis included', async () => {
    hubs.show('cam');
    target.decide = async () => refused;
    const push = pushOf(target.url, { options: { retry_limit: 3, retry_timeout: 0.02 } });
    const { processor, scripts, holder } = open(() => push);
    holder.canFail.mockResolvedValue(false);
    const { job } = jobOf(push, { attemptsMade: 1 });
    await expect(processor.process(job, 'w:1')).rejects.toThrow(UnrecoverableError);
    expect(scripts.countFailures).toHaveBeenCalledExactlyOnceWith('push-p1', 'w:1', 1);
    expect(job.attemptsMade).toBe(2);
  });

  it.each(['lost', 'fenced', 'drained', 'restarted'] as const)('counts no attempt when it is %s', async (farewell) => {
    const push = pushOf(target.url);
    const { processor } = open(() => push);
    const { job, moveToWait } = jobOf(push);
    const outcome = processor.process(job, 'w:1');
    await vi.waitFor(() => expect(processor.size).toBe(1));
    processor.holder('p1')!.intend(farewell);
    await expect(outcome).rejects.toThrow(WaitingError);
    expect(moveToWait).toHaveBeenCalledExactlyOnceWith('w:1');
  });
});

describe('a second activation of a push that is held', () => {
  it('takes the connection over: there is never a second one, and only its own lock counts', async () => {
    hubs.show('cam');
    const push = pushOf(target.url);
    const mayHold = vi.fn(() => 1);
    const { processor } = open(() => push, mayHold);
    const [first, second] = [jobOf(push), jobOf(push)];
    const outcomes = [processor.process(first.job, 'w:1')];
    await vi.waitFor(() => expect(target.asked).toHaveBeenCalled());
    mayHold.mockReturnValue(0); // beyond what is held already
    outcomes.push(processor.process(second.job, 'w:2'));
    await vi.waitFor(() => expect(processor.holder('p1')!.lease.token).toBe('w:2'));
    processor.lost('push-p1', 'w:1');
    await vi.waitFor(() => expect(processor.holder('p1')!.report(performance.now()).frames).toBeGreaterThan(0));
    expect(target.connections).toBe(1);
    processor.lost('push-p1', 'w:2');
    for (const outcome of outcomes) await expect(outcome).rejects.toThrow(WaitingError);
    expect(dialled.sockets.map(({ destroyed }) => destroyed)).toEqual([true]);
    expect(processor.size).toBe(0);
  });
});
