import { describe, expect, it } from 'vitest';
import type { JobState, QueuedJob } from '../queue/queued-job.ts';
import { desiredPush, desiredState, desiredStream } from '../testing/desired.ts';
import { type Action, reconcile } from './reconciler.ts';

const now = '2026-02-03T04:05:06.000Z';
const job = (state: JobState, changes: Partial<QueuedJob> & { revision?: number } = {}): QueuedJob => {
  const { revision = 5, ...rest } = changes;
  return { id: 'push-p1', pool: 'default', state, data: { v: 1, push: 'p1', revision }, failedReason: '', ...rest };
};
const error = { code: 'dns', message: 'No such host.', at: now, revision: 5 };
const push = desiredPush();
const paused = desiredPush({ override: { disabled: true, by: 'api', at: now } });
const resting = desiredPush({ error });
const removed = desiredPush({ removed: true });

/** Actions without the objects that they carry, which every case would repeat. */
const summary = (actions: readonly Action[]): string[] =>
  actions.map((action) => {
    if (action.do === 'remove') return `remove ${action.job.id}@${action.job.pool}`;
    if (action.do === 'tell') return `tell ${action.push}`;
    return action.do === 'purge-stream' ? `purge-stream ${action.stream.name}` : `${action.do} ${action.push.id}`;
  });

describe('reconcile', () => {
  it.each<[name: string, pushes: (typeof push)[], jobs: QueuedJob[], actions: string[]]>([
    ['adds a push that is wanted and has no job', [push], [], ['add p1']],
    ['leaves a job of the wanted revision alone, waiting', [push], [job('waiting')], []],
    ['leaves a job of the wanted revision alone, active', [push], [job('active')], []],
    ['leaves a job of the wanted revision alone, delayed between attempts', [push], [job('delayed')], []],
    ['adds nothing for a paused push', [paused], [], []],
    ['removes the waiting job of a paused push', [paused], [job('waiting')], ['remove push-p1@default']],
    ['removes the delayed job of a paused push', [paused], [job('delayed')], ['remove push-p1@default']],
    ['removes the failed job of a paused push', [paused], [job('failed')], ['remove push-p1@default']],
    ['tells the holder of a paused push', [paused], [job('active')], ['tell p1']],
    ['replaces a waiting job of an older revision', [push], [job('waiting', { revision: 4 })], ['replace p1']],
    [
      'replaces a delayed job, so that the next attempt comes at once',
      [push],
      [job('delayed', { revision: 4 })],
      ['replace p1'],
    ],
    ['replaces a failed job once its push was changed', [push], [job('failed', { revision: 4 })], ['replace p1']],
    ['tells the holder of an older revision', [push], [job('active', { revision: 4 })], ['tell p1']],
    ['lets a push rest whose job has failed', [push], [job('failed')], ['rest p1']],
    ['keeps the failed job of a resting push for people to look at', [resting], [job('failed')], []],
    ['adds nothing for a resting push whose job was lost', [resting], [], []],
    ['wakes a resting push whose job was retried by hand', [resting], [job('active')], ['wake p1']],
    ['adds a push again when its error belongs to an older revision', [{ ...resting, revision: 6 }], [], ['add p1']],
    ['removes the waiting job of a removed push', [removed], [job('waiting')], ['remove push-p1@default']],
    [
      'tells the holder of a removed push and keeps the push until it has let go',
      [removed],
      [job('active')],
      ['tell p1'],
    ],
    ['purges a removed push without job', [removed], [], ['purge-push p1']],
    ['removes a job that nobody wants', [], [job('waiting')], ['remove push-p1@default']],
    ['tells the holder of a job that nobody wants', [], [job('active')], ['tell p1']],
    [
      'removes a job whose id and data disagree',
      [push],
      [{ ...job('waiting'), id: 'push-other' }],
      ['remove push-other@default', 'add p1'],
    ],
    [
      'removes a job that cannot be read, wanted or not',
      [push],
      [job('waiting', { data: undefined })],
      ['remove push-p1@default', 'add p1'],
    ],
    ['removes an active job that cannot be read', [], [job('active', { data: undefined })], ['remove push-p1@default']],
    [
      'moves a waiting job to the pool of its push',
      [push],
      [job('waiting', { pool: 'old' })],
      ['remove push-p1@old', 'add p1'],
    ],
    ['waits for the holder in another pool before it adds', [push], [job('active', { pool: 'old' })], ['tell p1']],
    [
      'cleans the other pool while the right one has the job',
      [push],
      [job('waiting', { pool: 'old' }), job('active')],
      ['remove push-p1@old'],
    ],
  ])('%s', (_name, pushes, jobs, actions) => {
    expect(summary(reconcile(desiredState(pushes), jobs, now))).toEqual(actions);
  });

  it('takes code and sentence of a resting error from the failed job', () => {
    const [action] = reconcile(
      desiredState([push]),
      [job('failed', { failedReason: 'rtmp_rejected: The target refused.' })],
      now,
    );
    expect(action).toEqual({
      do: 'rest',
      push,
      error: { code: 'rtmp_rejected', message: 'The target refused.', at: now, revision: 5 },
    });
  });

  it.each([
    ['is disabled', desiredStream({ spec: { disabled: true } })],
    ['is removed', desiredStream({ removed: true })],
    ['does not exist', desiredStream({ name: 'another' })],
  ])('stops the pushes of a stream that %s', (_why, stream) => {
    const actions = reconcile(desiredState([push], [stream]), [job('delayed')], now);
    expect(summary(actions)).toContain('remove push-p1@default');
    expect(summary(actions)).not.toContain('add p1');
  });

  it('purges a removed stream', () => {
    const stream = desiredStream({ removed: true });
    expect(reconcile(desiredState([], [stream]), [], now)).toEqual([{ do: 'purge-stream', stream }]);
  });
});
