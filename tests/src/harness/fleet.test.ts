import { expect, it } from 'vitest';
import { publishClip } from './ffmpeg.ts';
import { startFleet } from './fleet.ts';
import { isRunning } from './process-table.ts';
import { startRtmpSink } from './rtmp-sink.ts';
import { until } from './until.ts';

it('a fleet starts, pushes a published stream, and leaves no process behind', async () => {
  const sink = await startRtmpSink();
  const fleet = await startFleet({
    workers: 2,
    config: `stream cam { input publish://; push ${sink.url}/copy retry_timeout=1; }`,
  });
  const publisher = publishClip(`${fleet.workers[0]!.rtmpUrl}/live/cam`);
  const push = await until(async () => (await fleet.api.pushes())[0], { what: 'the push of the configuration' });
  const { worker } = await fleet.api.waitForStatus(push.id, 'running');
  expect(fleet.worker(worker!).isRunning).toBe(true);
  await until(() => (sink.of('copy')[0]?.videoMessages ?? 0) > 25, { what: 'a second of video' });
  expect(sink.violations).toEqual([]);

  const all = [fleet.scheduler, ...fleet.workers].map(({ pid }) => pid);
  await publisher.stop();
  await fleet.stop();
  expect(all.filter(isRunning)).toEqual([]);
  await sink.stop();
});
