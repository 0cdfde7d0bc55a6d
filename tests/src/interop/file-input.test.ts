import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareDelivery } from '../harness/delivery.ts';
import { CLIP, runFfmpeg } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { avSync, monotonic } from '../harness/media-judges.ts';
import { type NginxRtmp, startNginxRtmp } from '../harness/nginx-rtmp.ts';
import { until } from '../harness/until.ts';

/** Of the clip, video and audio together. */
const SAMPLES = 400 + 750;
/** Two whole rounds and the first seconds of the third. */
const ENOUGH_SAMPLES = 2 * SAMPLES + 250;
const MAX_AV_OFFSET_MS = 45;

let nginx: NginxRtmp;
let fleet: Fleet;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pushfleet-file-input-'));
  const uneven = join(directory, 'uneven.mp4'); // picture for 5 s, sound for 4.9 s
  const cut = ['-t', '5', '-i', CLIP, '-t', '4.9', '-i', CLIP, '-map', '0:v', '-map', '1:a', '-c', 'copy'];
  await runFfmpeg([...cut, uneven]);
  nginx = await startNginxRtmp();
  fleet = await startFleet({
    config: `
      stream even { input file://${CLIP}; push ${nginx.url}/even; }
      stream uneven { input file://${uneven}; push ${nginx.url}/uneven; }
    `,
  });
  const isEnough = async () => (await fleet.api.pushes({ stream: 'even' }))[0]!.frames >= ENOUGH_SAMPLES;
  await until(isEnough, { what: 'the third round of the clip', everyMs: 200 });
  for (const { id } of await fleet.api.pushes()) await fleet.api.pause(id);
  await until(async () => (await nginx.streams()).length === 0, { what: 'the end of all publications' });
});

afterAll(async () => {
  await fleet?.stop();
  await nginx?.stop();
  await rm(directory, { recursive: true, force: true });
});

describe('a file input across two loop borders', () => {
  it('sends each sample of each round once, as evenly as ffmpeg would', async () => {
    const looped = join(directory, 'looped.flv');
    await runFfmpeg(['-stream_loop', '2', '-i', CLIP, '-c', 'copy', looped]);
    const { video, audio } = await compareDelivery(looped, nginx.recording('even'));
    console.log(`even: ${JSON.stringify({ video, audio })}`);
    const whole = { skipped: 0, lost: 0, surplus: 0 };
    expect(video).toMatchObject({ ...whole, startsWithKey: true });
    expect(video.received).toBeGreaterThan(800);
    expect(audio).toMatchObject(whole);
    expect(audio.received).toBeGreaterThan(1500);
    expect(Math.max(video.jitterMs, audio.jitterMs)).toBeLessThanOrEqual(1);
    expect(Math.abs(video.shiftMs - audio.shiftMs)).toBeLessThanOrEqual(1);
  });
});

describe.each([
  { name: 'even', flashes: 16 },
  { name: 'uneven', flashes: 18 },
])('a looped file whose tracks are $name in length', ({ name, flashes }) => {
  it('can be decoded without a complaint, in decode times that only grow, with sound and picture together in every round', async () => {
    const { complaints, ...sync } = await avSync(nginx.recording(name));
    expect(complaints).toEqual([]);
    const streams = await monotonic(nginx.recording(name));
    console.log(`${name}: ${JSON.stringify(streams)}`);
    expect(streams.map(({ kind, nonMonotonic }) => [kind, nonMonotonic])).toEqual([
      ['video', 0],
      ['audio', 0],
    ]);
    expect(streams[0]!.maxGap).toBeLessThan(0.1);
    const offsetsMs = sync.offsetsMs.slice(0, -1);
    console.log(`${name}: sound against picture ${offsetsMs.map((ms) => ms.toFixed(1))} ms`);
    expect(offsetsMs.length).toBeGreaterThanOrEqual(flashes - 2);
    for (const offset of offsetsMs) expect(Math.abs(offset)).toBeLessThanOrEqual(MAX_AV_OFFSET_MS);
  });
});
