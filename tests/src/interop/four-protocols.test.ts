import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApacheDav, startApacheDav } from '../harness/apache-dav.ts';
import { playWithHlsJs } from '../harness/chromium.ts';
import { compareDelivery } from '../harness/delivery.ts';
import { listenWithFfmpeg, publishEncode, recordStream, unpackToFlv } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { playWithGstreamer } from '../harness/gstreamer.ts';
import { HlsPoller } from '../harness/hls-poller.ts';
import { avSync, decode, monotonic } from '../harness/media-judges.ts';
import { type NginxDav, startNginxDav } from '../harness/nginx-dav.ts';
import { type NginxRtmp, startNginxRtmp } from '../harness/nginx-rtmp.ts';
import { type NodeMediaServer, startNodeMediaServer } from '../harness/node-media-server.ts';
import { freePort } from '../harness/ports.ts';
import { StatusWatch } from '../harness/status-watch.ts';
import type { TestProcess } from '../harness/test-process.ts';
import { FAULTLESS, judgeTs } from '../harness/ts-judge.ts';
import { until } from '../harness/until.ts';

const SECONDS = 60;
const FRAMES_PER_SECOND = 25;
const SEGMENT_S = 2;
const SOUNDS_PER_SECOND = 48_000 / 1024;
const MAX_AV_OFFSET_MS = 45;
/** Three target durations, behind which players begin, and one segment. */
const SEGMENTS_BEFORE_PLAYERS = 7;
/** Over HLS a push runs as soon as the target has the first segment. */
const MAX_START_S = SEGMENT_S + 6;
/** Sound may begin and end so much later than the picture. */
const MAX_SOUND_BEHIND_S = 0.1;
/**
 * From packet to packet. RTMP rounds each time to ms, while sound that shares a PES packet is timed by its length from the first one on; two
 * roundings are off by up to 1 ms to either side.
 */
const MAX_JITTER_MS = 2;

/** Who gets the stream, and how much the end of the stream keeps back: a segment that is not complete. */
const targets = [
  { name: 'nginx-rtmp', by: 'RTMP', keptBackS: 0 },
  { name: 'node-media-server', by: 'RTMP', keptBackS: 0 },
  { name: 'ffmpeg-ts', by: 'tshttp', keptBackS: 0 },
  { name: 'ffmpeg-data', by: 'tshttp', keptBackS: 0 },
  { name: 'ffmpeg-mp4', by: 'm4s', keptBackS: 0 },
  { name: 'nginx-dav', by: 'HLS', keptBackS: SEGMENT_S },
  { name: 'apache-dav', by: 'HLS', keptBackS: SEGMENT_S },
] as const;
type Target = (typeof targets)[number]['name'];
const hlsTargets = ['nginx-dav', 'apache-dav'] as const;
/** What keeps the transport stream as it was sent. */
const tsTargets = ['ffmpeg-data', ...hlsTargets] as const;

describe(`${SECONDS} s of a live encode go out by all protocols at once`, () => {
  let directory: string;
  let nginxRtmp: NginxRtmp;
  let nodeMediaServer: NodeMediaServer;
  let nginxDav: NginxDav;
  let apacheDav: ApacheDav;
  let fleet: Fleet;
  let encoder: TestProcess;
  let watch: StatusWatch;
  let sent: string;
  const listeners: TestProcess[] = [];
  const received = new Map<Target, string>();
  const playlists = new Map<Target, string>();
  const pollers = new Map<Target, HlsPoller>();

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pushfleet-four-'));
    sent = join(directory, 'sent.flv');
    nginxRtmp = await startNginxRtmp();
    nodeMediaServer = await startNodeMediaServer();
    nginxDav = await startNginxDav();
    apacheDav = await startApacheDav();
    received.set('nginx-rtmp', nginxRtmp.recording('studio'));
    for (const name of hlsTargets) received.set(name, join(directory, `${name}.ts`));
    playlists.set('nginx-dav', `${nginxDav.url}/full/studio/index.m3u8`);
    playlists.set('apache-dav', `${apacheDav.url}/live/studio/index.m3u8`);
    const urls = [
      `${nginxRtmp.url}/studio`,
      `${nodeMediaServer.url}/studio`,
      `tshttp://${await listen('ffmpeg-ts', 'mpegts', 'ts')}`,
      `tshttp://${await listen('ffmpeg-data', 'data', 'raw.ts')}`,
      `m4s://${await listen('ffmpeg-mp4', 'mp4', 'mp4')}`,
      `hls://127.0.0.1:${nginxDav.port}/full/studio/`,
      `hls://${apacheDav.authority}/dav/live/studio/`,
    ];
    const pushes = urls.map((url) => `push ${url};`).join(' ');
    fleet = await startFleet({
      config: `stream studio { input publish://; segment_duration ${SEGMENT_S}; segment_count 4; ${pushes} }`,
    });
    watch = new StatusWatch(fleet.api);
    await untilAll('waiting');
    encoder = publishEncode(`${fleet.worker('worker-1').rtmpUrl}/live/studio`, sent, SECONDS);
    for (const [name, url] of playlists) pollers.set(name, new HlsPoller(url));
    const segments = () => [...pollers.values()].every((poller) => poller.segments.length >= SEGMENTS_BEFORE_PLAYERS);
    await until(segments, { what: `${SEGMENTS_BEFORE_PLAYERS} segments` });
  });

  afterAll(async () => {
    for (const poller of pollers.values()) await poller.stop();
    await watch?.stop();
    await encoder?.stop();
    await fleet?.stop();
    for (const server of [...listeners, apacheDav, nginxDav, nodeMediaServer, nginxRtmp]) await server?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  /** Opens a place for one push. */
  async function listen(name: Target, format: 'mpegts' | 'data' | 'mp4', ending: string): Promise<string> {
    const address = `127.0.0.1:${await freePort()}/${name}`;
    const file = join(directory, `${name}.${ending}`);
    received.set(name, file);
    listeners.push(await listenWithFfmpeg(`http://${address}`, file, format));
    return address;
  }

  const untilAll = (status: string) =>
    until(async () => (await fleet.api.pushes({ status })).length === targets.length, {
      what: `all pushes to be ${status}`,
    });
  const playlistOf = (name: Target) => playlists.get(name)!;
  const pollerOf = (name: Target) => pollers.get(name)!;

  // At the same time: the encoder goes on for a minute and no longer.
  it.concurrent('ffmpeg plays the playlist meanwhile', async () => {
    const [file, flv] = [join(directory, 'played.ts'), join(directory, 'played.flv')];
    await recordStream(playlistOf('nginx-dav'), file, 8);
    await unpackToFlv(file, flv);
    const { complaints, pictures } = await decode(file);
    const { video, audio } = await compareDelivery(sent, flv);
    console.log(`ffmpeg: ${pictures.length} pictures, ${JSON.stringify({ video, audio })}`);
    expect(encoder.isRunning).toBe(true);
    expect(complaints).toEqual([]);
    expect(pictures.length).toBeGreaterThanOrEqual(7.9 * FRAMES_PER_SECOND);
    expect(video).toMatchObject({ lost: 0, surplus: 0, startsWithKey: true });
    expect(audio).toMatchObject({ lost: 0, surplus: 0 });
  });

  it.concurrent('GStreamer plays the playlist meanwhile', async () => {
    const sounds = Math.floor(8 * SOUNDS_PER_SECOND);
    expect(await playWithGstreamer(playlistOf('apache-dav'), 8 * FRAMES_PER_SECOND, sounds)).toEqual([]);
    expect(encoder.isRunning).toBe(true);
  });

  it('Chromium plays the playlist meanwhile, with hls.js', async () => {
    const playback = await playWithHlsJs(playlistOf('nginx-dav'), 6);
    console.log(`Chromium: ${JSON.stringify(playback)}`);
    expect(encoder.isRunning).toBe(true);
    expect(playback.fatalErrors).toEqual([]);
    expect(playback.playedSeconds).toBeGreaterThanOrEqual(5);
    expect(playback.decodedFrames).toBeGreaterThan(100);
    expect(playback.stalls).toBe(0);
  });

  it('every push runs from its first media to the end of the source, at the first attempt', async () => {
    await untilAll('running');
    expect(await encoder.exited).toEqual({ code: 0, signal: null });
    await untilAll('stalled'); // the source has gone
    const isTold = (id: string) => watch.eventsOf(id).some(({ event }) => event === 'push_stalled');
    const ids = (await fleet.api.pushes()).map(({ id }) => id);
    await until(() => ids.every(isTold), { what: 'the events to say so' });
    for (const { id, url, ...push } of await fleet.api.pushes()) {
      const events = watch.eventsOf(id).filter(({ event }) => event !== 'push_created' && event !== 'push_waiting');
      const times = events.map(({ at }) => (Date.parse(at) - Date.parse(events[0]!.at)) / 1000);
      console.log(url, events.map(({ event }, index) => `${event} ${times[index]!.toFixed(1)} s`).join(', '));
      expect(push).toMatchObject({ retries_total: 0, last_error: null, dropped_frames: 0 });
      expect(events.map(({ event }) => event)).toEqual([
        'push_opened',
        'push_connected',
        'push_started',
        'push_stalled',
      ]);
      expect(times[3]! - times[2]!).toBeGreaterThan(SECONDS - MAX_START_S);
    }
  });

  it('HLS has an end only when somebody has ended it', async () => {
    const isEnded = () => [...pollers.values()].map((poller) => poller.playlists.some(({ isEnded }) => isEnded));
    expect(isEnded()).toEqual([false, false]);
    for (const { id } of await fleet.api.pushes()) await fleet.api.pause(id);
    await until(() => isEnded().every(Boolean), { what: 'the end of both playlists' });
    await until(async () => (await nginxRtmp.streams()).length === 0, { what: 'the end at nginx-rtmp' });
    for (const listener of listeners) await listener.exited;
    for (const name of hlsTargets) {
      await pollerOf(name).stop();
      const bytes = pollerOf(name).segments.map((segment) => segment.bytes);
      await writeFile(received.get(name)!, Buffer.concat(bytes));
    }
    received.set('node-media-server', await nodeMediaServer.recording('studio'));
  });

  describe.each(hlsTargets)('playlist at %s', (name) => {
    it('keeps its promises whenever it is looked at', () => {
      const { polls, playlists: seen, segments, violations } = pollerOf(name);
      const [first, last] = [seen[0]!, seen.at(-1)!];
      console.log(
        `${name}: ${polls} polls, ${seen.length} playlists of ${segments.length} segments, media sequence ${first.mediaSequence} to ` +
          `${last.mediaSequence}, target duration ${last.targetDurationS}`,
      );
      expect(violations).toEqual([]);
      expect(seen.length).toBeGreaterThanOrEqual(segments.length);
      expect(segments.length).toBe(SECONDS / SEGMENT_S - 1);
      expect(last.mediaSequence).toBeGreaterThan(first.mediaSequence);
      expect(new Set(seen.map(({ targetDurationS }) => targetDurationS)).size).toBe(1);
      expect(seen.filter(({ isEnded }) => isEnded)).toEqual([last]);
      expect(segments.filter(({ isDiscontinuity }) => isDiscontinuity)).toEqual([]);
    });
  });

  describe.each(targets)('$name by $by', ({ name, keptBackS }) => {
    const file = () => received.get(name)!;

    it('has every picture and sound once and in its time', async () => {
      const flv = join(directory, `${name}.unpacked.flv`);
      await unpackToFlv(file(), flv);
      const { video, audio } = await compareDelivery(sent, flv);
      console.log(`${name}: ${JSON.stringify({ video, audio })}`);
      const whole = { lost: 0, surplus: 0, skipped: 0 };
      expect(video).toMatchObject({ ...whole, unfinished: keptBackS * FRAMES_PER_SECOND, startsWithKey: true });
      expect(video.sent).toBe(SECONDS * FRAMES_PER_SECOND);
      expect(audio).toMatchObject(whole);
      const keptBackSounds = keptBackS === 0 ? 0 : (keptBackS + MAX_SOUND_BEHIND_S) * SOUNDS_PER_SECOND;
      expect(audio.unfinished).toBeLessThanOrEqual(keptBackSounds);
      expect(Math.max(video.jitterMs, audio.jitterMs)).toBeLessThanOrEqual(MAX_JITTER_MS);
      expect(Math.abs(video.shiftMs - audio.shiftMs)).toBeLessThanOrEqual(1);
    });

    it('is decoded without a complaint, picture for picture, with sound and picture together', async () => {
      const { complaints, pictures, flashes, offsetsMs } = await avSync(file());
      const judged = offsetsMs.slice(0, -1); // the last beep may be cut off by the end of the file
      console.log(`${name}: ${pictures} pictures, ${flashes.length} flashes, sound ${range(judged)} ms behind`);
      expect(complaints).toEqual([]);
      expect(pictures).toBe((SECONDS - keptBackS) * FRAMES_PER_SECOND);
      expect(judged.length).toBeGreaterThanOrEqual(SECONDS / 2 - 3);
      for (const offset of judged) expect(Math.abs(offset)).toBeLessThanOrEqual(MAX_AV_OFFSET_MS);
    });

    it('has decode times that only grow, without a gap', async () => {
      const streams = (await monotonic(file())).filter(({ kind }) => kind !== 'data');
      console.log(`${name}: ${JSON.stringify(streams)}`);
      expect(streams.map(({ kind }) => kind).sort()).toEqual(['audio', 'video']);
      for (const { nonMonotonic, maxGap } of streams) {
        expect(nonMonotonic).toBe(0);
        expect(maxGap).toBeLessThan(1.1 / FRAMES_PER_SECOND);
      }
    });
  });

  it.each(tsTargets)('the transport stream at %s is one by the rules', async (name) => {
    const verdict = judgeTs(await readFile(received.get(name)!));
    console.log(`${name}: ${JSON.stringify(verdict)}`);
    expect(verdict).toMatchObject({ ...FAULTLESS, discontinuities: 0, nullPackets: 0, pmtVersions: [0] });
    expect(verdict.maxPcrGapMs).toBeLessThanOrEqual(40);
    expect(Math.max(verdict.maxPatGapMs, verdict.maxPmtGapMs)).toBeLessThanOrEqual(100);
    expect(verdict.syncPictures).toBe(Math.floor(verdict.pictures / (SEGMENT_S * FRAMES_PER_SECOND)));
  });
});

/** From the least to the greatest. */
const range = (values: readonly number[]): string =>
  `${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)}`;
