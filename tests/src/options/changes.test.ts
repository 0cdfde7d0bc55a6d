import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boardJobOf } from '../harness/bull-board.ts';
import { CLIP } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { freePort } from '../harness/ports.ts';
import { type Publication, type RtmpSink, startRtmpSink } from '../harness/rtmp-sink.ts';
import { startClosingTarget } from '../harness/tcp-targets.ts';
import { until } from '../harness/until.ts';

/** Two rounds of the reconciler: what a change touches is touched by then. */
const QUIET_MS = 3_000;
/** Less than the 1.5 s in which the reconciler would find a change by itself. */
const SOON_MS = 1_300;

describe('a change of a running push', () => {
  let sink: RtmpSink;
  let fleet: Fleet;

  beforeAll(async () => {
    sink = await startRtmpSink();
    fleet = await startFleet({ config: config(names.map((name) => url(name))) });
  });
  afterAll(async () => {
    await fleet?.stop();
    await sink?.stop();
  });

  /** The application can be read in what the API shows of the URL; the key is the name at the sink. */
  const url = (app: string, key = app, port = sink.port) => `rtmp://127.0.0.1:${port}/${app}/${key}`;
  const config = (pushes: readonly string[]) =>
    `stream clip {\n  input file://${CLIP};\n${pushes.map((push) => `  push ${push};\n`).join('')}}\n`;
  const names = ['a', 'b', 'c', 'd', 'e'];

  const inFile = async (app: string) => (await fleet.api.pushes()).find((push) => push.url.includes(`/${app}/`));

  const untilOpen = (name: string): Promise<Publication> =>
    until(() => sink.open(name).find(({ firstMediaAt }) => firstMediaAt !== undefined), {
      what: `media of ${name}`,
      everyMs: 5,
    });

  async function expectCleanEnd(publication: Publication): Promise<void> {
    await until(() => publication.connectionEnd, { what: `the end of ${publication.name}` });
    expect(publication).toMatchObject({ goodbyes: ['FCUnpublish', 'deleteStream'], connectionEnd: 'fin' });
  }

  async function created(name: string, options: object = {}): Promise<{ id: string; publication: Publication }> {
    const { id } = await fleet.api.createPush({ stream: 'clip', url: url(name), ...options });
    await fleet.api.waitForStatus(id, 'running');
    return { id, publication: await untilOpen(name) };
  }

  it('of `retry_timeout` and `retry_limit` leaves the connection alone and acts at the next failure', async () => {
    const port = await freePort();
    const target = await startRtmpSink({ port });
    const { id } = await fleet.api.createPush({ stream: 'clip', url: url('budget', 'key', port), retry_timeout: 30 });
    await fleet.api.waitForStatus(id, 'running');

    const patched = await fleet.api.patchPush(id, { retry_timeout: 1, retry_limit: 2, comment: 'patient' });
    expect(patched).toMatchObject({ retry_timeout: 1, retry_limit: 2 });
    const opts = { attempts: 2, backoff: { type: 'fixed', delay: 1_000 } };
    await until(async () => (await boardJobOf(fleet.api, id)).job.opts.attempts === 2, { what: 'the job to know' });
    expect(await boardJobOf(fleet.api, id)).toMatchObject({ status: 'active', job: { attempts: 0, opts } });
    await sleep(QUIET_MS);
    expect(target.publications).toHaveLength(1);
    expect(target.open()).toHaveLength(1);
    expect(target.connectedAt).toHaveLength(1);
    expect(await fleet.api.push(id)).toMatchObject({ status: 'running', revision: patched.revision });

    await target.stop();
    const brokenAt = performance.now();
    const closing = await startClosingTarget(port);
    await fleet.api.waitForStatus(id, 'error');
    const pauseMs = closing.connectedAt[0]! - brokenAt;
    await sleep(QUIET_MS);
    expect(closing.connectedAt).toHaveLength(1); // the break is failure 1 of 2
    await closing.stop();
    console.log(
      `retry_timeout 30 -> 1, retry_limit endless -> 2: next attempt ${Math.round(pauseMs)} ms after the break`,
    );
    expect(pauseMs).toBeGreaterThan(800);
    expect(pauseMs).toBeLessThan(5_000); // and not 30 s
  });

  it('of the URL ends the old publication cleanly and begins at the new target', async () => {
    const { id, publication: old } = await created('before');
    const { opened_at: openedAt } = await fleet.api.push(id);
    const patchedAt = performance.now();
    await fleet.api.patchPush(id, { url: url('after') });
    const next = await untilOpen('after');
    await expectCleanEnd(old);
    const [endMs, startMs] = [old.closedAt! - patchedAt, next.firstMediaAt! - patchedAt];
    console.log(`another url: old end after ${Math.round(endMs)} ms, new media after ${Math.round(startMs)} ms`);
    expect(endMs).toBeLessThan(SOON_MS);
    expect(startMs).toBeLessThan(2 * SOON_MS);
    const runsAnew = async () => {
      const push = await fleet.api.push(id);
      return push.status === 'running' && push.opened_at !== openedAt && push;
    };
    expect(await until(runsAnew, { what: 'the new connection to run' })).toMatchObject({
      failures_in_a_row: 0,
      retries_total: 0,
    });
    expect(sink.of('before')).toHaveLength(1);
    expect(sink.of('after')).toHaveLength(1);
  });

  it('which is its removal ends the publication cleanly, and nothing of it stays', async () => {
    const { id, publication } = await created('removed');
    const removedAt = performance.now();
    await fleet.api.deletePush(id);
    await expectCleanEnd(publication);
    const endMs = publication.closedAt! - removedAt;
    console.log(`delete: end after ${Math.round(endMs)} ms`);
    expect(endMs).toBeLessThan(SOON_MS);
    await until(async () => (await fleet.api.call('GET', `/api/v1/pushes/${id}`)).status === 404, { what: 'a 404' });
    await until(async () => (await boardJobOf(fleet.api, id).catch(() => undefined)) === undefined, {
      what: 'the job to vanish',
    });
    await sleep(QUIET_MS);
    expect(sink.of('removed')).toHaveLength(1);
  });

  it('in the config file touches the pushes that changed, and no other', async () => {
    await Promise.all(names.map(untilOpen));
    const counts = () => Object.fromEntries([...names, 'c2', 'f'].map((name) => [name, sink.of(name).length]));
    const untouched = { a: 1, b: 1, c: 1, d: 1, e: 1, c2: 0, f: 0 };

    const readings = () => fleet.scheduler.lines.filter((line) => line.includes('config file read')).length;
    const readBefore = readings();
    await fleet.writeConfig(`# other words, the same meaning\n\n${config(names.map((name) => `${url(name)} `))}`);
    await until(() => readings() > readBefore, { what: 'the config file to be read again' });
    await sleep(QUIET_MS);
    expect(counts()).toEqual(untouched);

    const [c, d] = [await untilOpen('c'), await untilOpen('d')];
    const before = { b: await inFile('b'), c: await inFile('c'), d: await inFile('d') };
    // e: at another place; b: other options; c: another key; d: gone; f: new
    const changed = [url('e'), url('a'), `${url('b')} retry_timeout=7 retry_limit=9`, url('c', 'c2'), url('f')];
    const writtenAt = performance.now();
    await fleet.writeConfig(config(changed));
    await Promise.all([untilOpen('c2'), untilOpen('f'), expectCleanEnd(c), expectCleanEnd(d)]);
    console.log(`config file: everything done ${Math.round(performance.now() - writtenAt)} ms after it was written`);
    await sleep(QUIET_MS);
    expect(counts()).toEqual({ ...untouched, c2: 1, f: 1 });
    const open = sink.open().map(({ name }) => name);
    expect(open).toEqual(expect.arrayContaining(['a', 'b', 'e', 'c2', 'f']));
    for (const name of ['c', 'd']) expect(open).not.toContain(name);

    expect(await fleet.api.waitForStatus(before.b!.id, 'running')).toMatchObject({
      retry_limit: 9,
      failures_in_a_row: 0,
    });
    const { job } = await boardJobOf(fleet.api, before.b!.id);
    expect(job.opts).toMatchObject({ attempts: 9, backoff: { delay: 7_000 } });
    expect((await inFile('b'))?.id).toBe(before.b!.id);
    expect((await inFile('c'))?.id).toBe(before.c!.id);
    await fleet.api.waitForStatus(before.c!.id, 'running');
    expect(await inFile('d')).toBeUndefined();
    expect(sink.violations).toEqual([]);
  });

  it('in the config file that has a mistake changes nothing at all', async () => {
    const before = sink.publications.length;
    const open = sink.open().length;
    await fleet.writeConfig(config([`${url('a')} retry_timeout=often`, url('z')]));
    await fleet.scheduler.waitForLog('config file refused');
    await sleep(QUIET_MS);
    expect(sink.publications).toHaveLength(before);
    expect(sink.open()).toHaveLength(open);
  });
});
