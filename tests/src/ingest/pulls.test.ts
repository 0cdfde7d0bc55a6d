import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publishClip, publishHls, serveTsWithFfmpeg } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { avSync, monotonic } from '../harness/media-judges.ts';
import { type NginxDav, startNginxDav } from '../harness/nginx-dav.ts';
import { type NginxRtmp, startNginxRtmp } from '../harness/nginx-rtmp.ts';
import { freePort } from '../harness/ports.ts';
import type { TestProcess } from '../harness/test-process.ts';
import { until } from '../harness/until.ts';

const MAX_AV_OFFSET_MS = 45;
/** How long all of them are pushed at the same time. */
const PUSHED_MS = 14_000;
/** What a source has kept comes first: three segments, and one group of pictures more. */
const KEPT_S = 8;

const inputs = ['rtmp', 'ts', 'hls', 'hls-fmp4', 'hls-restarted', 'worker-m4s', 'worker-ts'] as const;
type Input = (typeof inputs)[number];

let target: NginxRtmp;
let web: NginxDav;
let fleet: Fleet;
const sources: TestProcess[] = [];
/** Push ids by input. */
const pushes = new Map<Input, string>();
/** From the order for the first of them to the end of the last one. */
let pushedS: number;

beforeAll(async () => {
  [target, web] = await Promise.all([startNginxRtmp(), startNginxDav()]);
  fleet = await startFleet({ config: 'stream studio { input publish://; }' });
  const worker = fleet.worker('worker-1');
  const hls = (name: string) => `${web.url}/full/${name}/index.m3u8`;
  const ts = `http://127.0.0.1:${await freePort()}/live.ts`;
  const restarted = publishHls(hls('restarted'));
  sources.push(
    publishClip(`${worker.rtmpUrl}/live/studio`),
    publishClip(`${target.url}/origin`),
    await serveTsWithFfmpeg(ts),
    publishHls(hls('ts')),
    publishHls(hls('fmp4'), ['-hls_segment_type', 'fmp4']),
  );
  await untilListed(hls('fmp4'), /#EXTINF/g, 3);
  const path = worker.httpUrl.replace('http:', '');
  const urls: Record<Input, string> = {
    rtmp: `${target.url}/origin`,
    ts,
    hls: hls('ts').replace('http:', 'hls:'),
    'hls-fmp4': hls('fmp4'),
    'hls-restarted': hls('restarted'),
    'worker-m4s': `m4s:${path}/studio/m4s`,
    'worker-ts': `tshttp:${path}/studio/mpegts`,
  };
  const since = performance.now();
  for (const [name, url] of Object.entries(urls)) {
    await fleet.api.putStream(name, { inputs: [url] });
    const { id } = await fleet.api.createPush({ stream: name, url: `${target.url}/${name}` });
    pushes.set(name as Input, id);
  }
  for (const id of pushes.values()) await fleet.api.waitForStatus(id, 'running');
  await sleep(PUSHED_MS / 2);
  await restarted.stop('SIGKILL');
  sources.push(publishHls(hls('restarted'), ['-hls_flags', 'append_list+discont_start']));
  await untilListed(hls('restarted'), /#EXT-X-DISCONTINUITY\n/g, 1);
  await sleep(PUSHED_MS / 2);
  for (const id of pushes.values()) await fleet.api.pause(id);
  for (const name of inputs) await target.untilGone(name);
  pushedS = (performance.now() - since) / 1_000;
});

afterAll(async () => {
  for (const source of sources) await source.stop('SIGKILL');
  await fleet?.stop();
  await target?.stop();
  await web?.stop();
});

/** Resolves when a playlist holds so many lines of a kind. */
async function untilListed(url: string, line: RegExp, count: number): Promise<void> {
  const isThere = async () => {
    const answer = await request(url);
    return ((await answer.body.text()).match(line)?.length ?? 0) >= count;
  };
  await until(isThere, { what: `${count} times ${line} in a playlist` });
}

describe.each(inputs)('a stream that is pulled: %s', (name) => {
  it('arrives at the target in time, with sound and picture together, over one connection', async () => {
    const attempts = await fleet.api.waitForAttempts(pushes.get(name)!, 1);
    expect(attempts).toMatchObject([{ cause: 'stopped', failed: false }]);
    const recording = target.recording(name);
    const tracks = await monotonic(recording);
    const { complaints, offsetsMs } = await avSync(recording);
    console.log(`${name}: ${JSON.stringify(tracks)}`);
    console.log(`${name}: sound against picture ${offsetsMs.map((ms) => ms.toFixed(1)).join(' ')} ms`);
    expect(complaints).toEqual([]);
    expect(tracks).toMatchObject([
      { kind: 'video', nonMonotonic: 0 },
      { kind: 'audio', nonMonotonic: 0 },
    ]);
    for (const { first, last } of tracks) {
      expect(last - first).toBeGreaterThan(PUSHED_MS / 1000 - 1);
      expect(last - first).toBeLessThan(pushedS + KEPT_S);
    }
    const [video] = tracks;
    expect(video!.packets).toBeGreaterThan((video!.last - video!.first) * 25 - (name === 'hls-restarted' ? 75 : 5));
    expect(offsetsMs.length).toBeGreaterThanOrEqual(6);
    for (const offset of offsetsMs.slice(1, -1)) expect(Math.abs(offset)).toBeLessThanOrEqual(MAX_AV_OFFSET_MS);
  });
});
