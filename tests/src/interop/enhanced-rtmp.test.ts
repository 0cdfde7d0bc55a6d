import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EnhancedFlv, elementaryStream, readEnhancedFlv, runThrough } from '../harness/enhanced-flv.ts';
import { payloadsOf, publishEnhanced } from '../harness/enhanced-rtmp.ts';
import { runFfmpeg } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { recordHttpFlv } from '../harness/http-flv.ts';
import { decodeErrors, frameCount } from '../harness/media-judges.ts';
import { type NodeMediaServer, startNodeMediaServer } from '../harness/node-media-server.ts';

const cases = [
  { name: 'hevc', video: 'libx265', audio: 'aac', fourCcs: ['hvc1', 'mp4a'], ending: 'h265' },
  { name: 'av1', video: 'libsvtav1', audio: 'libopus', fourCcs: ['av01', 'Opus'], ending: 'obu' },
] as const;

const CLIP_SECONDS = 4;
const LATE_SECONDS = 5;

let server: NodeMediaServer;
let fleet: Fleet;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pushfleet-enhanced-'));
  for (const { name, video, audio } of cases) await encode(name, video, audio);
  server = await startNodeMediaServer();
  const streams = cases.map(({ name }) => `stream ${name} { input publish://; push ${server.url}/${name}; }`);
  fleet = await startFleet({ config: streams.join('\n') });
  const source = fleet.worker('worker-1').rtmpUrl;
  for (const { name } of cases) await fleet.api.putStream(`${name}-copy`, { inputs: [`${source}/live/${name}`] });
});

afterAll(async () => {
  await fleet?.stop();
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

const fileOf = (name: string): string => join(directory, name);

/** Closed groups of pictures of one second, with pictures out of their order. */
async function encode(name: string, video: string, audio: string): Promise<void> {
  const inputs = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25', '-f', 'lavfi', '-i', 'sine=r=48000'];
  const picture = [
    '-pix_fmt',
    'yuv420p',
    '-c:v',
    video,
    '-g',
    '25',
    '-x265-params',
    'open-gop=0:bframes=3:log-level=none',
  ];
  await runFfmpeg([...inputs, '-t', `${CLIP_SECONDS}`, ...picture, '-c:a', audio, '-ac', '2', fileOf(`${name}.mp4`)]);
}

describe.each(cases)('a stream with $video and $audio', ({ name, fourCcs, ending }) => {
  /** What a player got that came late, and what the server recorded from the start. */
  let late: EnhancedFlv;
  let copied: EnhancedFlv;
  let whole: EnhancedFlv;

  beforeAll(async () => {
    const publisher = await publishEnhanced(`${fleet.worker('worker-1').rtmpUrl}/live/${name}`, fileOf(`${name}.mp4`));
    await server.untilPublished(name);
    const push = await fleet.api.createPush({ stream: `${name}-copy`, url: `${server.url}/${name}-copy` });
    await fleet.api.waitForStatus(push.id, 'running');
    await server.untilPublished(`${name}-copy`);
    const record = (stream: string) => recordHttpFlv(server.httpFlvUrl(stream), fileOf(`${stream}.flv`), LATE_SECONDS);
    await Promise.all([record(name), record(`${name}-copy`)]);
    await publisher.stop();
    late = await readEnhancedFlv(fileOf(`${name}.flv`));
    copied = await readEnhancedFlv(fileOf(`${name}-copy.flv`));
    whole = await readEnhancedFlv(await server.recording(name));
  });

  it('comes through node-media-server without a lost, changed or repeated frame, for those who came late too', async () => {
    const [video, audio] = [
      await payloadsOf(fileOf(`${name}.mp4`), 'video'),
      await payloadsOf(fileOf(`${name}.mp4`), 'audio'),
    ];
    for (const [who, flv] of Object.entries({ late, copied, whole })) {
      const runs = { video: runThrough(video, flv.video.frames), audio: runThrough(audio, flv.audio.frames) };
      console.log(`${name}, ${who}: ${JSON.stringify(runs)}`);
      expect([flv.video.fourCc, flv.audio.fourCc]).toEqual(fourCcs);
      expect(flv.video.configs.length).toBeGreaterThan(0);
      expect(flv.audio.configs.length).toBeGreaterThan(0);
      expect(flv.video.frames[0]!.isKey).toBe(true);
      expect(runs.video.count).toBeGreaterThan(25 * (LATE_SECONDS - 1));
      expect(runs.audio.count).toBeGreaterThan(40 * (LATE_SECONDS - 1));
    }
    expect(late.video.frames[0]!.timeMs).toBeGreaterThan(0);
  });

  it('keeps the distances of its pictures', async () => {
    const [opening] = await payloadsOf(fileOf(`${name}.mp4`), 'video');
    for (const { video } of [late, copied, whole]) {
      const gaps = video.frames.slice(1).flatMap(({ timeMs, data }, index) => {
        const startsRound = data.equals(opening!); // the clip is as long as its sound
        return startsRound ? [] : timeMs - video.frames[index]!.timeMs;
      });
      expect(gaps.filter((gap) => Math.abs(gap - 40) > 1)).toEqual([]);
    }
  });

  it('is decoded by ffmpeg to the last picture without a complaint', async () => {
    for (const [who, { video }] of Object.entries({ late, copied, whole })) {
      const file = fileOf(`${name}-${who}.${ending}`);
      await writeFile(file, elementaryStream(video));
      expect(await decodeErrors(file)).toEqual([]);
      expect((await frameCount(file)).video).toBe(video.frames.length);
    }
  });
});
