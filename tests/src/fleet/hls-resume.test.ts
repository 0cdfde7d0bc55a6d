import { connectRedis } from '@pushfleet/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLIP } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { HlsPoller, type PolledPlaylist } from '../harness/hls-poller.ts';
import { decodeErrors } from '../harness/media-judges.ts';
import { type NginxDav, startNginxDav } from '../harness/nginx-dav.ts';
import { until } from '../harness/until.ts';

const SEGMENTS = 3;

describe('an HLS publication that stops and goes on', () => {
  let web: NginxDav;
  let fleet: Fleet;
  let poller: HlsPoller;
  let playlistUrl: string;

  beforeAll(async () => {
    web = await startNginxDav();
    playlistUrl = `${web.url}/full/clip/index.m3u8`;
    const push = `push hls://127.0.0.1:${web.port}/full/clip/ retry_timeout=1;`;
    fleet = await startFleet({
      workers: 2,
      config: `stream clip { input file://${CLIP}; segment_duration 2; segment_count 3; ${push} }`,
    });
    await fleet.api.waitForStatus(await pushId(), 'running');
    poller = new HlsPoller(playlistUrl);
    await untilMore(SEGMENTS);
  });

  afterAll(async () => {
    await poller?.stop();
    await fleet?.stop();
    await web?.stop();
  });

  const pushId = async () => (await fleet.api.pushes())[0]!.id;
  const endOf = ({ mediaSequence, uris }: PolledPlaylist) => mediaSequence + uris.length;
  const isEnded = () => poller.last?.isEnded === true;

  function untilMore(count: number): Promise<unknown> {
    const known = poller.segments.length;
    const enough = () => poller.segments.length >= known + count;
    return until(enough, { what: `${count} more segments` });
  }

  /** What was added since is not the same publication, and nothing of what players knew has changed. */
  function expectGoneOn(before: PolledPlaylist): void {
    const [first] = poller.listedAfter(before.at);
    expect(first).toMatchObject({ number: endOf(before), isDiscontinuity: true });
    expect(poller.last!.targetDurationS).toBe(before.targetDurationS);
    expect(poller.violations).toEqual([]);
  }

  it('a pause ends the playlist; resumed it goes on with the next number', async () => {
    await fleet.api.pause(await pushId());
    await until(isEnded, { what: 'the ENDLIST' });
    const before = poller.last!;
    await fleet.api.resume(await pushId());
    const since = performance.now();
    await untilMore(SEGMENTS);
    console.log(`resumed: next segment after ${Math.round(poller.listedAfter(before.at)[0]!.listedAt - since)} ms`);
    expectGoneOn(before);
    expect(isEnded()).toBe(false);
  });

  it('all workers and the scheduler end and Redis loses everything: it goes on from what the target serves', async () => {
    const ended = [...fleet.workers, fleet.scheduler];
    for (const process of ended) process.killGroup('SIGKILL');
    for (const process of ended) await process.exited;
    await fleet.redis.kill();
    await fleet.redis.restart();
    await poller.looked();
    const before = poller.last!;
    const redis = connectRedis(fleet.redis.url, () => {});
    expect(await redis.dbsize()).toBe(0);
    redis.disconnect();
    const since = performance.now();
    await fleet.replaceScheduler();
    await fleet.addWorker();
    await untilMore(SEGMENTS);
    console.log(
      `from nothing: next segment after ${Math.round(poller.listedAfter(before.at)[0]!.listedAt - since)} ms`,
    );
    expectGoneOn(before);
    expect(poller.playlists.filter((playlist) => playlist.at > before.at && playlist.isEnded)).toEqual([]);
  });

  it('ended by SIGTERM, worker after worker, it is not over for players', async () => {
    for (const worker of fleet.workers) if (worker.isRunning) await worker.stop();
    await poller.looked();
    const before = poller.last!;
    expect(before.isEnded).toBe(false);
    await fleet.addWorker();
    await untilMore(SEGMENTS);
    expectGoneOn(before);
  });

  it('removed, its playlist is ended and stays playable', async () => {
    await fleet.writeConfig('');
    await until(isEnded, { what: 'the ENDLIST' });
    expect(poller.violations).toEqual([]);
    expect(await decodeErrors(playlistUrl)).toEqual([]);
    console.log(`${poller.polls} looks, ${poller.playlists.length} playlists, ${poller.segments.length} segments`);
  });
});
