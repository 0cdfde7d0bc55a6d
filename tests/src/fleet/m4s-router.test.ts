import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PushView } from '@pushfleet/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareDelivery } from '../harness/delivery.ts';
import { CLIP, publishClip, recordStream, runFfmpeg } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { curl, FRAGMENTED } from '../harness/http-publishers.ts';
import { HttpRouter } from '../harness/http-router.ts';
import { avSync, monotonic } from '../harness/media-judges.ts';
import { IS_MEASURED } from '../harness/scenario.ts';
import type { TestProcess } from '../harness/test-process.ts';
import { until } from '../harness/until.ts';

const RECORDED_SECONDS = 7;
const MAX_AV_OFFSET_MS = 45;
/** `retry_timeout` of 1 s, the way to the other receiver, and what is kept of the stream begins with a picture. */
const MAX_RETURN_MS = IS_MEASURED ? 4_000 : 10_000;

describe('a stream that is pushed by m4s through a router to one of two receivers', () => {
  let directory: string;
  let router: HttpRouter;
  let sender: Fleet;
  let red: Fleet;
  let blue: Fleet;
  let encoder: TestProcess;
  let sent: string;
  let mp4: string;
  let id: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pushfleet-m4s-'));
    sent = join(directory, 'sent.flv');
    mp4 = join(directory, 'clip.mp4');
    await runFfmpeg(['-i', CLIP, '-c', 'copy', ...FRAGMENTED, mp4]);
    const config = 'stream show { input publish://; }\nstream five { input publish://; }';
    [red, blue] = await Promise.all([startFleet({ config }), startFleet({ config })]);
    router = await HttpRouter.start([red, blue].map((fleet) => fleet.worker('worker-1').httpUrl));
    const push = `push m4s://${router.authority}/turn/show/m4s pool=edge retry_timeout=1;`;
    sender = await startFleet({
      config: `stream studio { input publish://; ${push} }`,
      env: { PUSHFLEET_CLUSTER_KEY: 'k' },
    });
    encoder = publishClip(`${sender.worker('worker-1').rtmpUrl}/live/studio`, { copyTo: sent });
    await sender.addWorker({ PUSHFLEET_POOL: 'edge' });
    id = (await sender.api.pushes())[0]!.id;
  });

  afterAll(async () => {
    await encoder?.stop();
    for (const fleet of [sender, red, blue]) await fleet?.stop();
    await router?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const addressOf = (fleet: Fleet, worker = 'worker-1') => fleet.worker(worker).httpUrl.replace('http://', '');
  /** Resolves when the push runs at this receiver. */
  const untilAt = (address: string): Promise<PushView> => {
    let last: PushView | undefined;
    const isThere = async () => {
      last = await sender.api.push(id);
      return last.status === 'running' && last.peer === address && last;
    };
    return until(isThere, { what: () => `the push to run at ${address}: ${JSON.stringify(last)}` });
  };
  /** Resolves with `performance.now()` when a player of the receiver gets media. */
  async function untilPlayable(fleet: Fleet, worker = 'worker-1'): Promise<number> {
    const url = `${fleet.worker(worker).httpUrl}/show/m4s`;
    const gets = async () => {
      const answer = await fetch(url);
      const reader = answer.body!.getReader();
      const { value } = await reader.read();
      await reader.cancel();
      return answer.status === 200 && value !== undefined;
    };
    await until(gets, { what: `media at ${url}`, everyMs: 20 });
    return performance.now();
  }

  async function judge(name: string, url: string): Promise<void> {
    const file = join(directory, `${name}.flv`);
    await recordStream(url, file, RECORDED_SECONDS);
    const { video, audio } = await compareDelivery(sent, file);
    const { complaints, offsetsMs } = await avSync(file);
    const tracks = await monotonic(file);
    console.log(`${name}: ${JSON.stringify({ video, audio })}`);
    console.log(`${name}: sound against picture ${offsetsMs.map((ms) => ms.toFixed(1)).join(' ')} ms`);
    expect(video).toMatchObject({ lost: 0, surplus: 0, startsWithKey: true });
    expect(audio).toMatchObject({ lost: 0, surplus: 0 });
    expect(video.received).toBeGreaterThanOrEqual(RECORDED_SECONDS * 25);
    expect(complaints).toEqual([]);
    expect(tracks.map(({ nonMonotonic }) => nonMonotonic)).toEqual([0, 0]);
    expect(offsetsMs.length).toBeGreaterThanOrEqual(2);
    for (const offset of offsetsMs) expect(Math.abs(offset)).toBeLessThanOrEqual(MAX_AV_OFFSET_MS);
  }

  it('arrives whole at the first, whose players get every frame, by RTMP as by HTTP', async () => {
    await untilAt(addressOf(red));
    const { rtmpUrl, httpUrl } = red.worker('worker-1');
    await Promise.all([judge('rtmp', `${rtmpUrl}/show`), judge('m4s', `${httpUrl}/show/m4s`)]);
    expect(router.requests).toMatchObject([
      { method: 'POST', path: '/turn/show/m4s', bodyBytes: 0, headers: { expect: '100-continue' } },
    ]);
    expect((await blue.api.stream('show')).source).toBeNull();
  });

  it('lands on the other when the receiver dies', async () => {
    const since = performance.now();
    red.worker('worker-1').killGroup('SIGKILL');
    const at = await untilPlayable(blue);
    console.log(`kill -9 of the receiver: media at the other after ${Math.round(at - since)} ms`);
    expect(at - since).toBeLessThan(MAX_RETURN_MS);
    await untilAt(addressOf(blue));
    expect(await sender.api.waitForAttempts(id, 1)).toMatchObject([
      { cause: 'target_closed', failed: true, peer: addressOf(red) },
    ]);
    await judge('other', `${blue.worker('worker-1').rtmpUrl}/show`);
    expect(router.requests.map(({ location }) => new URL(location).host)).toEqual([addressOf(red), addressOf(blue)]);
    await red.addWorker();
  });

  it('lands on the other when the receiver closes the stream', async () => {
    router.receivers = [red.worker('worker-2').httpUrl];
    const since = performance.now();
    await blue.writeConfig('stream show { input publish://; disabled; }');
    const at = await untilPlayable(red, 'worker-2');
    console.log(`stream closed at the receiver: media at the other after ${Math.round(at - since)} ms`);
    await untilAt(addressOf(red, 'worker-2'));
    expect((await sender.api.waitForAttempts(id, 2))[0]).toMatchObject({ failed: true, peer: addressOf(blue) });
  });

  it.each([
    ['redirect_loop', 'a circle', '/circle/a'],
    ['redirect_limit', 'a sixth redirect', '/hops/6/five/m4s'],
  ])('fails with %s at %s, in status and journal', async (code, _what, path) => {
    const push = await sender.api.createPush({
      stream: 'studio',
      url: `m4s://${router.authority}${path}`,
      pool: 'edge',
      retry_timeout: 1,
      retry_limit: 2,
    });
    const { last_error } = await sender.api.waitForStatus(push.id, 'error');
    console.log(`${code}: ${last_error?.message}`);
    expect(last_error).toMatchObject({ code, peer: router.authority });
    expect(await sender.api.waitForAttempts(push.id, 2)).toMatchObject([
      { cause: code, failed: true, bytes: 0 },
      { cause: code, failed: true, bytes: 0 },
    ]);
    await sender.api.deletePush(push.id);
  });

  it('gets through five redirects', async () => {
    const url = `m4s://${router.authority}/hops/5/five/m4s`;
    const push = await sender.api.createPush({ stream: 'studio', url, pool: 'edge', retry_timeout: 1 });
    await sender.api.waitForStatus(push.id, 'running');
    await until(async () => (await red.api.stream('five')).source, { what: 'the publication at the receiver' });
    await sender.api.deletePush(push.id);
  });

  describe('whose sender froze and was replaced', () => {
    it('comes from the next one at once, and the one that wakes up does not come back', async () => {
      await sender.addWorker({ PUSHFLEET_POOL: 'edge' });
      const before = await sender.api.push(id);
      const zombie = sender.worker(before.worker!);
      const since = performance.now();
      zombie.kill('SIGSTOP');
      const takenOver = await until(
        async () => {
          const push = await sender.api.push(id);
          return push.worker !== before.worker && push.status === 'running' && push;
        },
        { what: 'another sender' },
      );
      console.log(`frozen sender: the next one runs after ${Math.round(performance.now() - since)} ms`);
      expect(takenOver.peer).toBe(addressOf(red, 'worker-2'));
      const source = (await red.api.stream('show')).source;
      zombie.kill('SIGCONT');
      await untilPlayable(red, 'worker-2');
      await judge('takeover', `${red.worker('worker-2').rtmpUrl}/show`);
      expect((await red.api.stream('show')).source).toEqual(source);
      const { opened_at } = takenOver;
      const after = await sender.api.push(id);
      expect(after).toMatchObject({ status: 'running', opened_at });
      expect(after.failures_in_a_row).toBeLessThanOrEqual(before.failures_in_a_row); // ten healthy seconds forget them
    });

    it.each([
      ['an older attempt', (epoch: number) => `${epoch - 1}-${id}`, 'session_outdated'],
      ['the very same attempt', (epoch: number) => `${epoch}-${id}`, 'session_outdated'],
      ['another push', (epoch: number) => `${epoch + 1}-somebody`, 'name_taken'],
    ])('refuses %s with 409, and goes on', async (_who, sessionOf, code) => {
      const newest = String(router.requests.findLast(({ path }) => path === '/turn/show/m4s')!.headers['x-session']);
      const epoch = Number(newest.split('-', 1)[0]);
      expect(newest).toBe(`${epoch}-${id}`);
      const { opened_at } = await sender.api.push(id);
      const fields = ['-H', `X-Session: ${sessionOf(epoch)}`, '-H', 'Content-Type: video/mp4'];
      const answer = await curl(`${red.worker('worker-2').httpUrl}/show/m4s`, [...fields, '-T', mp4]);
      expect(answer.statuses).toEqual([409]);
      expect(JSON.parse(answer.body)).toMatchObject({ code });
      expect(await sender.api.push(id)).toMatchObject({ status: 'running', opened_at });
    });
  });

  it('is sent on by a receiver that is being drained', async () => {
    await red.addWorker();
    await red.api.drain('worker-2');
    await until(
      async () => (await red.api.workers()).some(({ name, state }) => name === 'worker-2' && state === 'draining'),
      {
        what: 'worker-2 to be drained',
      },
    );
    await sender.api.restart(id);
    await untilAt(addressOf(red, 'worker-3'));
    await untilPlayable(red, 'worker-3');
    expect(router.requests.at(-1)!.location).toBe(`${red.worker('worker-2').httpUrl}/show/m4s`);
  });
});
