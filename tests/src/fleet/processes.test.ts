import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { CLIP, publishClip, recordStream } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { curl } from '../harness/http-publishers.ts';
import { decodeErrors } from '../harness/media-judges.ts';
import { RtmpSink } from '../harness/rtmp-sink.ts';
import type { TestProcess } from '../harness/test-process.ts';
import { until } from '../harness/until.ts';
import { startWorkerGroup, untilGone, untilServing, type WorkerGroupProcess } from '../harness/worker-group.ts';

const PUSHES = 12;
const names = Array.from({ length: PUSHES }, (_, n) => `push${n}`);
const published = ['one', 'two', 'three', 'four'];

describe('a host with two worker processes', () => {
  let sink: RtmpSink;
  let fleet: Fleet;
  let group: WorkerGroupProcess;
  let directory: string;
  let publishers: TestProcess[];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pushfleet-processes-'));
    sink = await new RtmpSink(undefined).listen();
    const pushes = names.map((name) => `push ${sink.url}/${name} retry_timeout=1;`).join(' ');
    const streams = published.map((name) => `stream ${name} { input publish://; push ${sink.url}/${name}; }`);
    fleet = await startFleet({ workers: 0 });
    group = await startGroup();
    await until(async () => (await fleet.api.workers()).filter(({ state }) => state === 'ready').length === 2, {
      what: 'both processes to be known',
    });
    // Now that both are there, each takes its share.
    await fleet.writeConfig(
      `stream film { input file://${CLIP}; ${pushes} } ${streams.join(' ')} stream spare { input publish://; }`,
    );
  });

  afterAll(async () => {
    await group?.stop();
    await fleet?.stop();
    await sink?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  beforeEach(async () => {
    publishers = [];
    await allRun();
  });

  afterEach(async () => {
    await Promise.all(publishers.map((publisher) => publisher.stop('SIGKILL')));
    await until(async () => (await fleet.api.streams()).every(({ source }) => source === null), {
      what: 'empty names',
    });
  });

  const startGroup = (id = 'group') =>
    startWorkerGroup({ REDIS_URL: fleet.redis.url, PUSHFLEET_CLUSTER_KEY: 'k' }, { id });

  const film = () => fleet.api.pushes({ stream: 'film' });

  /** Every push of the film runs, once. */
  function allRun(): Promise<unknown> {
    const isSent = (name: string) => sink.open(name).length === 1;
    return until(async () => (await film()).every(({ status }) => status === 'running') && names.every(isSent), {
      what: 'every push of the film to run',
    });
  }

  async function publish(url: string, stream: string, options = {}): Promise<TestProcess> {
    const publisher = publishClip(url, options);
    publishers.push(publisher);
    await until(async () => (await fleet.api.stream(stream)).source, { what: `${stream} to be published` });
    return publisher;
  }

  const holders = async () => Map.groupBy(await film(), ({ worker }) => worker);
  const sourceOf = async (stream: string) => (await fleet.api.stream(stream)).source?.worker;
  /** Base URL of the process itself. */
  const own = (process: number) => `http://${group.started(process)!.http}`;

  it('holds pushes in both, and lists both as workers', async () => {
    expect((await fleet.api.workers()).map(({ name }) => name).toSorted()).toEqual(['group-1', 'group-2']);
    const held = [...(await holders()).values()].map(({ length }) => length);
    expect(held).toHaveLength(2);
    expect(Math.min(...held)).toBeGreaterThanOrEqual(PUSHES / 4);
  });

  it('spreads publishers over both, and every stream reaches its push and its players', async () => {
    for (const name of published) {
      const url = name === 'four' ? `${group.httpUrl}/four/mpegts` : `${group.rtmpUrl}/live/${name}`;
      await publish(url, name);
    }
    const takers = await Promise.all(published.map(sourceOf));
    expect(takers.toSorted()).toEqual(['group-1', 'group-1', 'group-2', 'group-2']);
    for (const name of published) {
      await until(() => (sink.open(name)[0]?.videoMessages ?? 0) > 25, { what: `${name} at its target` });
    }
    // Two players of each: one lands on the process that has the stream, the other one on its sibling.
    const urls = published.flatMap((name) => [`${group.rtmpUrl}/live/${name}`, `${group.httpUrl}/${name}/mpegts`]);
    const files = urls.map((_, n) => join(directory, `played${n}.flv`));
    await Promise.all(urls.map((url, n) => recordStream(url, files[n]!, 2)));
    for (const file of files) expect(await decodeErrors(file)).toEqual([]);
  });

  it('sends a publisher over HTTP from one process to the other that has the name, and serves players itself', async () => {
    await publish(`${own(1)}/spare/mpegts`, 'spare');
    const { statuses, url } = await curl(`${own(2)}/spare/m4s`, ['-L', '-T', CLIP, '-H', 'Expect: 100-continue']);
    expect(statuses).toEqual([302, 409]);
    expect(url).toBe(`${own(1)}/spare/m4s`);
    const hangUp = new AbortController();
    const played = await fetch(`${own(2)}/spare/m4s`, { signal: hangUp.signal, redirect: 'manual' });
    hangUp.abort();
    expect(played.status).toBe(200);
  });

  it('lets a publisher in that comes back at the other process while its old connection is silent', async () => {
    const first = await publish(`rtmp://${group.started(1)!.rtmp}/live/spare`, 'spare');
    first.kill('SIGSTOP');
    await until(
      async () => {
        const again = publishClip(`rtmp://${group.started(2)!.rtmp}/live/spare`, { output: FLV });
        publishers.push(again);
        await until(async () => !again.isRunning || (await sourceOf('spare')) === 'group-2', { what: 'an answer' });
        return (await sourceOf('spare')) === 'group-2';
      },
      { what: 'the name to be given to the second one' },
    );
  });

  it('tells the metrics of all at the shared port, and of one at its own', async () => {
    const text = await (await fetch(`${group.httpUrl}/metrics`)).text();
    for (const process of [1, 2]) {
      expect(text).toContain(`pushfleet_worker_up{process="${process}"} 1`);
      expect(text).toMatch(new RegExp(`^pushfleet_worker_held\\{process="${process}"\\} \\d+$`, 'm'));
      expect(text).toMatch(
        new RegExp(`^pushfleet_worker_pushes\\{process="${process}",status="running"\\} \\d+$`, 'm'),
      );
    }
    expect(text.match(/^# TYPE pushfleet_worker_held /gm)).toHaveLength(1);
    expect(await (await fetch(`${own(1)}/metrics`)).text()).toMatch(/^pushfleet_worker_held \d+$/m);
  });

  it('gives new connections to the others while one is drained', async () => {
    // Of balancers and monitors, some at either process: kept open for the next request.
    const kept = Array.from({ length: 4 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
    onTestFinished(() => {
      for (const agent of kept) agent.destroy();
    });
    const ready = () => Promise.all(kept.map((agent) => statusOf(`${group.httpUrl}/ready`, agent)));
    expect(await ready()).toEqual([200, 200, 200, 200]);
    await fleet.api.drain('group-1');
    await until(async () => (await statusOf(`${own(1)}/ready`)) === 503, { what: 'group-1 to drain' });
    expect(await ready()).toEqual([200, 200, 200, 200]);
    await until(async () => (await holders()).size === 1, { what: 'group-2 to hold every push' });
    for (const name of published.slice(0, 3)) await publish(`${group.rtmpUrl}/live/${name}`, name);
    expect(await Promise.all(published.slice(0, 3).map(sourceOf))).toEqual(['group-2', 'group-2', 'group-2']);
    await fleet.api.undrain('group-1');
    await until(async () => (await statusOf(`${own(1)}/ready`)) === 200, { what: 'group-1 to be ready' });
  });

  it('loses one to kill -9: the other has its pushes in seconds, and it is started again under its name', async () => {
    const lost = [...(await holders()).entries()].toSorted(([, a], [, b]) => b.length - a.length)[0]!;
    const number = Number(lost[0]!.at(-1));
    const before = group.pidOf(number);
    const since = performance.now();
    process.kill(before, 'SIGKILL');
    // The shared port stays open, and what comes is taken in.
    await publish(`${group.rtmpUrl}/live/spare`, 'spare');
    await allRun();
    console.log(`kill -9: ${lost[1].length} pushes run again after ${Math.round(performance.now() - since)} ms`);
    await group.waitForLog(new RegExp(`worker-${number} was ended by SIGKILL; starting it again in 0\\.5 s`));
    await untilServing(group);
    expect(group.pidOf(number)).not.toBe(before);
    expect(performance.now() - since).toBeLessThan(30_000);
    expect(sink.overlaps('media')).toEqual([]);
  });

  it('hands everything over on SIGTERM, and ends', async () => {
    const heir = await startGroup('heir');
    const family = group.family;
    expect(await group.stop()).toEqual({ code: 0, signal: null });
    await untilGone(family, 1_000);
    await allRun();
    const pushes = await film();
    expect(pushes.map(({ worker }) => worker?.replace(/-\d$/, ''))).toEqual(names.map(() => 'heir'));
    expect(pushes.filter(({ retries_total }) => retries_total > 0)).toEqual([]);
    expect(sink.overlaps('connection')).toEqual([]);
    group = heir;
  });

  it.each([
    ['the shell that watches over them ends them', false],
    ['they notice by themselves', true],
  ])('leaves nothing behind when its parent gets kill -9: %s', async (_who, alone) => {
    const heir = await startGroup(alone ? 'third' : 'second');
    const { family } = group;
    const workers = [group.pidOf(1), group.pidOf(2)];
    expect(family).toEqual(expect.arrayContaining(workers));
    if (alone) for (const pid of family.filter((one) => !workers.includes(one))) process.kill(pid, 'SIGKILL');
    group.kill('SIGKILL');
    await untilGone(family);
    await allRun();
    group = heir;
  });
});

/** A kept connection may be closed at the moment when it is to be used again: then the request goes out once more, as every client does it. */
function statusOf(url: string, agent?: Agent): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent }, (response) => response.resume().on('end', () => resolve(response.statusCode)));
    request.on('error', (error) => (request.reusedSocket ? resolve(statusOf(url, agent)) : reject(error)));
  });
}

const FLV = ['-flvflags', 'no_duration_filesize'];
