import { join } from 'node:path';
import { TestProcess } from './test-process.ts';
import { runTool } from './tool.ts';

/** Flashes and beeps every 2 s; 16 s, 400 frames of video and 750 of audio; see examples/README.md. */
export const CLIP = join(import.meta.dirname, '..', '..', '..', 'examples', 'clip.mp4');

export interface PublishOptions {
  readonly clip?: string;
  /** Begin again at the end, for ever. */
  readonly loop?: boolean;
  /** At the pace of a live encoder; else as fast as the receiver takes it. */
  readonly realtime?: boolean;
  /** Muxer of ffmpeg; by the URL when absent: `flv` for RTMP, `mpegts` for HTTP. */
  readonly format?: string;
  /** More options of the output. */
  readonly output?: readonly string[];
}

/** ffmpeg publishes a clip, without encoding it anew, to an RTMP or HTTP URL. Ends by itself only when it does not loop. */
export function publishClip(url: string, options: PublishOptions = {}): TestProcess {
  const { clip = CLIP, loop = true, realtime = true, output = [] } = options;
  const format = options.format ?? (/^rtmps?:/.test(url) ? 'flv' : 'mpegts');
  const input = [...(realtime ? ['-re'] : []), ...(loop ? ['-stream_loop', '-1'] : []), '-i', clip];
  return new TestProcess('ffmpeg', 'ffmpeg', [...QUIET, ...input, '-c', 'copy', ...output, '-f', format, url]);
}

const QUIET = ['-hide_banner', '-nostats', '-loglevel', 'warning'];

/** Writes so many seconds of a live stream to a file as they are; its ending chooses the container. */
export async function recordStream(url: string, file: string, seconds: number): Promise<void> {
  const args = [...QUIET, '-y', '-i', url, '-t', String(seconds), '-c', 'copy', file];
  const { code, stderr } = await runTool('ffmpeg', args, seconds * 1000 + 20_000);
  if (code !== 0) throw new Error(`ffmpeg could not record: ${stderr.trim()}`);
}
