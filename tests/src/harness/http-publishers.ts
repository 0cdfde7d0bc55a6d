// Programs that publish a clip over HTTP.
import { CLIP } from './ffmpeg.ts';
import { TestProcess } from './test-process.ts';
import { runTool } from './tool.ts';

/**
 * How a fragmented MP4 is made that is complete after every 200 ms. Its header waits for the first fragment: else ffmpeg cannot tell there that one track
 * begins before the other, and stretches a sample instead.
 */
export const FRAGMENTED = ['-movflags', '+delay_moov+default_base_moof', '-frag_duration', '200000'];

/** GStreamer publishes the clip as MPEG-TS, in real time and with chunks, after it has asked whether it may. */
export function publishWithCurlHttpSink(url: string, clip = CLIP): TestProcess {
  const pipeline = [
    ...['filesrc', `location=${clip}`, '!', 'qtdemux', 'name=demux'],
    ...['mpegtsmux', 'name=mux', 'alignment=7', '!', 'curlhttpsink', `location=${url}`],
    ...['use-content-length=false', 'sync=true'],
    ...['demux.video_0', '!', 'queue', '!', 'h264parse', '!', 'mux.'],
    ...['demux.audio_0', '!', 'queue', '!', 'aacparse', '!', 'mux.'],
  ];
  return new TestProcess('gstreamer', 'gst-launch-1.0', ['--quiet', ...pipeline]);
}

export interface CurlAnswer {
  /** Statuses of all answers, redirects and interim ones included, in order. */
  readonly statuses: readonly number[];
  /** Where the last answer came from. */
  readonly url: string;
  /** Its last line. */
  readonly body: string;
  readonly code: number | null;
}

/** curl runs to its end. */
export async function curl(url: string, args: readonly string[] = [], timeoutMs = 60_000): Promise<CurlAnswer> {
  const result = await runTool('curl', ['-sS', '-i', ...args, '-w', '\n%{url_effective}', url], timeoutMs);
  const lines = result.stdout.split('\n').filter((line) => line !== '');
  const statuses = lines.flatMap((line) => /^HTTP\/1\.1 (\d{3})/.exec(line)?.[1] ?? []).map(Number);
  return { statuses, url: lines.at(-1) ?? '', body: lines.at(-2) ?? '', code: result.code };
}
