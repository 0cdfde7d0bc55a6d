import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PushView } from '@pushfleet/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareDelivery } from '../harness/delivery.ts';
import { type FailureReport, failureReport } from '../harness/failure-report.ts';
import { type FaultProxy, startFaultProxy } from '../harness/fault-proxy.ts';
import { makeNoise, publishClip } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { decodeErrors } from '../harness/media-judges.ts';
import { type NginxRtmp, startNginxRtmp } from '../harness/nginx-rtmp.ts';
import { IS_MEASURED } from '../harness/scenario.ts';
import { StatusWatch } from '../harness/status-watch.ts';
import type { TestProcess } from '../harness/test-process.ts';
import { until } from '../harness/until.ts';

/** Fills the buffers of the kernel, some MB on each side, within seconds. */
const BITRATE_BPS = 15_000_000;
/** A target that closes so soon after it has accepted counts as one that refuses. */
const REFUSAL_MS = 3_000;
const NEIGHBOURS = ['near', 'far'];

let nginx: NginxRtmp;
let proxy: FaultProxy;
let fleet: Fleet;
let watch: StatusWatch;
let publisher: TestProcess;
let directory: string;
let sent: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pushfleet-stall-'));
  const noise = join(directory, 'noise.mp4');
  sent = join(directory, 'sent.flv');
  await makeNoise(noise, BITRATE_BPS);
  nginx = await startNginxRtmp();
  proxy = await startFaultProxy(nginx.port);
  const urls = [...NEIGHBOURS.map((name) => `${nginx.url}/${name}`), `rtmp://127.0.0.1:${proxy.port}/live/faulty`];
  const pushes = urls.map((url) => `push ${url} retry_timeout=2 connect_timeout=2;`).join(' ');
  fleet = await startFleet({ config: `stream noise { input publish://; ${pushes} }` });
  watch = new StatusWatch(fleet.api);
  for (const { id } of await fleet.api.pushes()) {
    await fleet.api.waitForStatus(id, 'waiting');
    watch.add(id);
  }
  publisher = publishClip(`${fleet.worker('worker-1').rtmpUrl}/live/noise`, { clip: noise, copyTo: sent });
  for (const { id } of await fleet.api.pushes()) await fleet.api.waitForStatus(id, 'running');
});

afterAll(async () => {
  await watch?.stop();
  await publisher?.stop();
  await fleet?.stop();
  await proxy?.stop();
  await nginx?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** The push through the proxy. */
async function faultyPush(): Promise<PushView> {
  return (await fleet.api.pushes()).find(({ url }) => url.includes(`:${proxy.port}/`))!;
}

async function neighbours(): Promise<PushView[]> {
  return (await fleet.api.pushes()).filter(({ url }) => url.includes(`:${nginx.port}/`));
}

const elapsedMs = (since: number) => Math.round(performance.now() - since);

describe('a target that stops reading', () => {
  let id: string;
  let report: FailureReport;
  let stalledAfterMs: number;
  let failedAfterMs: number;
  let reason: string;
  let largestQueueBytes = 0;

  beforeAll(async () => {
    id = (await faultyPush()).id;
    const since = performance.now();
    proxy.freeze();
    ({ reason } = await fleet.api.waitForStatus(id, 'stalled'));
    stalledAfterMs = elapsedMs(since);
    const hasFailed = async () => {
      const { errors, queue_bytes } = await fleet.api.push(id);
      largestQueueBytes = Math.max(largestQueueBytes, queue_bytes);
      return errors.target_stalled === 1;
    };
    await until(hasFailed, { what: 'the stalled attempt to fail' });
    failedAfterMs = elapsedMs(since);
    report = await failureReport(fleet, watch, id);
    console.log(
      `stalled after ${stalledAfterMs} ms, failed after ${failedAfterMs} ms, queue ${largestQueueBytes} bytes`,
    );
  });

  it('is shown as stalled, and why, before its attempt fails', () => {
    expect(reason).toMatch(/target/);
    expect(watch.eventsOf(id).map(({ event }) => event)).toContain('push_stalled');
    expect(stalledAfterMs).toBeLessThan(failedAfterMs);
  });

  it('fails with target_stalled within some 15 s, in API, journal, events and log alike', async () => {
    expect(failedAfterMs).toBeLessThan(IS_MEASURED ? 17_000 : 25_000);
    expect((await fleet.api.push(id)).errors).toMatchObject({ target_stalled: 1 });
    const entry = (await fleet.api.attempts(id)).find(({ cause }) => cause === 'target_stalled');
    console.log(entry);
    expect(entry).toMatchObject({
      failed: true,
      message: expect.stringMatching(/The target stopped reading.*for 10 s/),
    });
    expect(watch.eventsOf(id)).toContainEqual(
      expect.objectContaining({ event: 'push_retry', cause: 'target_stalled' }),
    );
    expect(report.logged.msg).toBe('push_retry');
  });

  it('costs a bounded queue and nothing more', () => {
    expect(largestQueueBytes).toBeGreaterThan(0);
    expect(largestQueueBytes).toBeLessThan(10 << 20);
  });

  it('is not said to run while it does not even shake hands', async () => {
    await until(async () => ((await fleet.api.push(id)).errors.connect_timeout ?? 0) >= 2, {
      what: 'two attempts at the frozen target',
    });
    const since = watch.statuses(id).lastIndexOf('running');
    expect(watch.statuses(id).slice(since)).toEqual(expect.arrayContaining(['stalled', 'retry', 'starting']));
    expect(watch.eventsOf(id).filter(({ event }) => event === 'push_started')).toHaveLength(1);
  });

  it('runs again by itself once it reads', async () => {
    const since = performance.now();
    proxy.thaw();
    await fleet.api.waitForStatus(id, 'running');
    console.log(`running ${elapsedMs(since)} ms after the thaw`);
    expect((await fleet.api.push(id)).last_error).toBeNull();
  });
});

describe('a target that breaks the connection', () => {
  it.each([
    ['resets', () => proxy.reset(), /ECONNRESET/],
    ['closes', () => proxy.cut(), /The target closed the connection/],
    ['drops its publisher', () => nginx.dropPublisher('faulty'), /The target closed the connection/],
  ])('%s: the push is not said to run any more, fails with target_closed and reconnects', async (_how, fault, says) => {
    const { id, errors } = await faultyPush();
    const heldMs = async () => Date.now() - Date.parse((await fleet.api.push(id)).connected_at!);
    await until(async () => (await heldMs()) > REFUSAL_MS, { what: 'a connection that is more than a try' });
    const before = errors.target_closed ?? 0;
    const since = performance.now();
    await fault();
    const failed = await fleet.api.waitForStatus(id, 'retry');
    const noticedAfterMs = elapsedMs(since);
    expect(noticedAfterMs).toBeLessThan(2_000);
    expect(failed.last_error).toMatchObject({ code: 'target_closed', message: expect.stringMatching(says) });
    const isCounted = async () => (await fleet.api.push(id)).errors.target_closed === before + 1;
    await until(isCounted, { what: 'the failure to be counted' });
    const entry = (await fleet.api.attempts(id)).find(({ failed }) => failed);
    expect(entry).toMatchObject({ cause: 'target_closed', peer: `127.0.0.1:${proxy.port}` });
    await fleet.api.waitForStatus(id, 'running');
    console.log(`noticed after ${noticedAfterMs} ms, running again after ${elapsedMs(since)} ms: ${entry!.message}`);
  });
});

describe('the neighbours of a push in trouble', () => {
  it('notice nothing: they ran all the time and lost no frame', async () => {
    for (const push of await neighbours()) {
      expect(push).toMatchObject({ status: 'running', dropped_frames: 0, retries_total: 0, errors: {} });
      // It starts for a second: who looks seldom may miss that.
      expect(watch.statuses(push.id).filter((status) => status !== 'starting')).toEqual(['waiting', 'running']);
    }
  });

  it.each(NEIGHBOURS)('bring every packet over: %s', async (name) => {
    await publisher.stop('SIGINT');
    await fleet.api.pauseInSilence((await neighbours()).filter(({ status }) => status !== 'disabled'));
    await until(async () => !(await nginx.streams()).some((stream) => stream.name === name), { what: 'the end' });
    const { video } = await compareDelivery(sent, nginx.recording(name));
    console.log(`${name}: ${JSON.stringify(video)}`);
    expect(video).toMatchObject({ skipped: 0, lost: 0, surplus: 0, startsWithKey: true });
    // ffmpeg closes without having read all acknowledgements, which resets the connection: its very last picture may be lost on its way to us.
    expect(video.unfinished).toBeLessThanOrEqual(1);
    expect(await decodeErrors(nginx.recording(name))).toEqual([]);
  });
});
