import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from '../rig/child.ts';
import { SEGMENT_MS } from '../rig/schedule.ts';
import { UsageError } from '../runner/option.ts';
import { startNginx } from './nginx.ts';
import { type Load, type RunningSystem, rtmpTargets, type System, streamName } from './system.ts';

/** What people do without a server that pushes. */
export const ffmpegEach: System = {
  name: 'ffmpeg',
  label: 'one ffmpeg -c copy per push',
  start: (load) => startFfmpeg(Array.from({ length: load.pushes }, (_, push) => outputOf(load, push))),
};

export const ffmpegTee: System = {
  name: 'ffmpeg-tee',
  label: 'one ffmpeg, tee muxer',
  start(load) {
    const outputs = rtmpTargets(load, 0).map((url) => `[f=flv:onfail=ignore]${url}`);
    return startFfmpeg([['-map', '0', '-f', 'tee', outputs.join('|')]]);
  },
};

/** With more processes than this the machine has no CPU left for what is to be measured. */
const MOST_FFMPEGS = 100;

/** Throws a `UsageError` when one of the numbers of pushes is too high for a process each. */
export function refuseManyFfmpegs(pushes: readonly number[]): void {
  if (Math.max(...pushes) <= MOST_FFMPEGS) return;
  throw new UsageError(
    `One ffmpeg per push is measured with ${MOST_FFMPEGS} pushes at most: leave ffmpeg out of --systems, or give fewer --pushes.`,
  );
}

/** Processes that start together would fight for the CPU, and some would be refused. */
const STARTED_TOGETHER = 10;

/** They read the stream from an nginx-rtmp, whose work does not count. */
async function startFfmpeg(outputs: readonly (readonly string[])[]): Promise<RunningSystem> {
  const origin = await startNginx(60_000, []);
  const children: Child[] = [];
  return {
    processes: () => children.map(({ pid }) => pid),
    async begin(publish) {
      await publish(origin.port);
      const input = ['-fflags', '+nobuffer', '-i', `rtmp://127.0.0.1:${origin.port}/live/${streamName(0)}`];
      for (const [index, output] of outputs.entries()) {
        children.push(new Child('ffmpeg', ['-v', 'error', '-nostdin', ...input, '-c', 'copy', ...output]));
        if (index % STARTED_TOGETHER === STARTED_TOGETHER - 1) await sleep(300);
      }
    },
    async stop() {
      await Promise.all(children.map((child) => child.stop()));
      await origin.stop();
    },
  };
}

function outputOf(load: Load, push: number): string[] {
  const url = `http://127.0.0.1:${load.sink.httpPort}/d${push}`;
  switch (load.protocol) {
    case 'rtmp':
      return ['-f', 'flv', rtmpTargets(load, 0)[push]!];
    case 'tshttp':
      return ['-f', 'mpegts', '-method', 'POST', url];
    case 'm4s':
      return ['-f', 'mp4', '-movflags', 'empty_moov+default_base_moof+frag_every_frame', '-method', 'POST', url];
    case 'hls':
      return [
        ...['-f', 'hls', '-hls_time', `${SEGMENT_MS / 1_000}`, '-hls_list_size', '5'],
        ...['-method', 'PUT', '-http_persistent', '1', `${url}/index.m3u8`],
      ];
  }
}
