import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetEvent } from '@pushfleet/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLIP, publishClip, runFfmpeg } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { avSync, decodeErrors, frameCount, monotonic } from '../harness/media-judges.ts';
import { type NginxRtmp, startNginxRtmp } from '../harness/nginx-rtmp.ts';
import { StatusWatch } from '../harness/status-watch.ts';
import type { TestProcess } from '../harness/test-process.ts';
import { until } from '../harness/until.ts';

const MAX_AV_OFFSET_MS = 45;
/** Of the input, in each test: to the second one and back. */
const CHANGES = 2;
/** How much of each input is to be seen at the target. Odd seconds: inputs begin with a flash, and are to end in the dark between two. */
const STRETCH_MS = 7_000;

let target: NginxRtmp;
let origin: NginxRtmp;
let fleet: Fleet;
let watch: StatusWatch;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pushfleet-failover-'));
  [target, origin] = await Promise.all([startNginxRtmp(), startNginxRtmp()]);
  const other = join(directory, 'other.mp4');
  await makeOtherClip(other);
  const stream = (name: string, inputs: string[]) => `stream ${name} {
    ${inputs.map((input) => `input ${input};`).join(' ')} source_timeout 3;
    push ${target.url}/${name};
  }`;
  fleet = await startFleet({
    config: [
      stream('published', ['publish://', `file://${CLIP}`]),
      stream('pulled', [`${origin.url}/camera`, `file://${other}`]),
      stream('guest', [`file://${CLIP}`, 'publish://']),
    ].join('\n'),
  });
  watch = new StatusWatch(fleet.api);
});

afterAll(async () => {
  await watch?.stop();
  await fleet?.stop();
  await target?.stop();
  await origin?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Flashes and beeps as well, and differs in everything else: size, frame rate, reordering, sampling rate. */
async function makeOtherClip(file: string): Promise<void> {
  const picture = "color=black:s=320x180:r=30000/1001,drawbox=c=white:t=fill:enable='lt(mod(n,60),6)'";
  const sound = "aevalsrc='if(lt(mod(t,2.002),0.2),0.5*sin(2*PI*1000*t),0)':s=44100:c=mono";
  const inputs = ['-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', sound, '-t', '16.016'];
  const video = [
    '-c:v',
    'libx264',
    '-preset',
    'veryfast',
    '-bf',
    '0',
    '-g',
    '60',
    '-sc_threshold',
    '0',
    '-pix_fmt',
    'yuv420p',
  ];
  await runFfmpeg([...inputs, ...video, '-c:a', 'aac', '-b:a', '64k', file], 30_000);
}

/** After a change inside an FLV file its parser (`NULL`) keeps the old configuration, which the decoder does not, and its muxer (`null`) the old frame rate. */
const isAboutFfmpegItself = (line: string) => /^\[(NULL|null) @|^ +Last message repeated/.test(line);

/** The recording in one size and sampling rate: filters start anew with each change, and would take the end of the sound before for a beep. */
async function evened(recording: string): Promise<string> {
  const file = `${recording}.mkv`;
  const picture = ['-vf', 'scale=64:36', '-fps_mode', 'passthrough', '-c:v', 'ffv1'];
  await runFfmpeg(['-i', recording, ...picture, '-ar', '48000', '-ac', '2', '-c:a', 'pcm_s16le', file], 30_000);
  return file;
}

const switchesOf = (stream: string): FleetEvent[] =>
  watch.events.filter((event) => event.event === 'stream_input' && event.stream === stream);

/** Resolves when the input feeds the stream, and has done so for a while. */
async function untilFedBy(stream: string, input: number): Promise<FleetEvent> {
  const isFed = () => switchesOf(stream).at(-1)?.input === input;
  await until(isFed, { what: `input ${input} of ${stream} to feed it` });
  await sleep(STRETCH_MS);
  expect(isFed()).toBe(true);
  return switchesOf(stream).at(-1)!;
}

/** Ends the push and says what the target has got. */
async function judge(stream: string): Promise<void> {
  const [push] = await fleet.api.pushes({ stream });
  expect(push).toMatchObject({ status: 'running', errors: {}, dropped_frames: 0 });
  await fleet.api.pause(push!.id);
  await target.untilGone(stream);
  const attempts = await fleet.api.waitForAttempts(push!.id, 1);
  expect(attempts).toMatchObject([{ cause: 'stopped', failed: false }]); // one connection all the time
  const recording = target.recording(stream);
  const tracks = await monotonic(recording);
  const { flashes, offsetsMs } = await avSync(await evened(recording));
  console.log(
    `${stream}: ${switchesOf(stream)
      .map(({ message }) => message)
      .join(' | ')}`,
  );
  console.log(`${stream}: ${JSON.stringify(tracks)}`);
  console.log(`${stream}: sound against picture ${offsetsMs.map((ms) => ms.toFixed(1)).join(' ')} ms`);
  expect((await decodeErrors(recording)).filter((line) => !isAboutFfmpegItself(line))).toEqual([]);
  const { video, audio } = await frameCount(recording);
  expect(Math.abs(video - tracks[0]!.packets)).toBeLessThanOrEqual(1);
  expect(Math.abs(audio - tracks[1]!.packets)).toBeLessThanOrEqual(1);
  expect(tracks.map(({ kind, nonMonotonic }) => [kind, nonMonotonic])).toEqual([
    ['video', 0],
    ['audio', 0],
  ]);
  expect(flashes.length).toBeGreaterThanOrEqual(Math.floor((3 * STRETCH_MS) / 2_000) - 1);
  // A flash or a beep may be cut in two by each change, and the last beep by the end; sound that has come out of step stays so for a whole stretch.
  expect(offsetsMs.length).toBeGreaterThanOrEqual(flashes.length - CHANGES);
  const isApart = (offset: number) => Math.abs(offset) > MAX_AV_OFFSET_MS;
  expect(offsetsMs.slice(0, -1).filter(isApart).length).toBeLessThanOrEqual(CHANGES);
}

describe.concurrent('a stream with two inputs', () => {
  it('goes to the second when its publisher is killed, and back when he returns; the target does not notice', async () => {
    const url = `${fleet.worker('worker-1').rtmpUrl}/live/published`;
    let publisher = publishClip(url);
    await untilFedBy('published', 1);
    publisher.kill('SIGKILL');
    const killedAt = performance.now();
    const lost = await untilFedBy('published', 2);
    console.log(`published: input 2 ${Math.round(performance.now() - killedAt - STRETCH_MS)} ms after the kill`);
    expect(lost.message).toMatch(/^input 2 feeds the stream; input 1: /);
    publisher = publishClip(url);
    await untilFedBy('published', 1);
    await judge('published');
    await publisher.stop();
  });

  it('goes from one that is pulled to a file of another kind and back; configurations change on the way', async () => {
    const publish = (): TestProcess => publishClip(`${origin.url}/camera`);
    let camera = publish();
    await untilFedBy('pulled', 1);
    camera.kill('SIGKILL');
    await untilFedBy('pulled', 2);
    camera = publish();
    await untilFedBy('pulled', 1);
    await judge('pulled');
    await camera.stop();
  });

  it('is not taken over by a publisher who is the second choice', async () => {
    const [push] = await fleet.api.pushes({ stream: 'guest' });
    await fleet.api.waitForStatus(push!.id, 'running');
    const guest = publishClip(`${fleet.worker('worker-1').rtmpUrl}/live/guest`);
    await until(async () => (await fleet.api.stream('guest')).source, { what: 'the guest to be let in' });
    await untilFedBy('guest', 1);
    expect(
      switchesOf('guest')
        .map(({ input }) => input)
        .at(-1),
    ).toBe(1);
    expect(switchesOf('guest').filter(({ input }) => input === 2)).toEqual([]);
    await guest.stop();
  });
});
