import { CLIP } from './ffmpeg.ts';
import { TestProcess } from './test-process.ts';
import { runTool } from './tool.ts';

export interface GstreamerOptions {
  readonly clip?: string;
  /**
   * `rtmp2sink` sends its commands with transaction id 0 and changes the chunk size after `publish`; `rtmpsink` is librtmp, which stays at
   * chunks of 128 bytes.
   */
  readonly sink?: 'rtmp2sink' | 'rtmpsink';
  /** An FLV file that gets every tag that is published. */
  readonly copyTo?: string;
}

/** GStreamer publishes a clip in real time. Ends by itself at the end of the clip. */
export function publishWithGstreamer(
  url: string,
  { clip = CLIP, sink = 'rtmp2sink', copyTo }: GstreamerOptions = {},
): TestProcess {
  const copy = copyTo === undefined ? [] : ['tags.', '!', 'queue', '!', 'filesink', `location=${copyTo}`];
  const pipeline = [
    ...['filesrc', `location=${clip}`, '!', 'qtdemux', 'name=demux'],
    ...['flvmux', 'name=mux', 'streamable=true', '!', 'tee', 'name=tags'],
    ...['tags.', '!', 'queue', '!', sink, `location=${url}`, 'sync=true', ...copy],
    ...['demux.video_0', '!', 'queue', '!', 'h264parse', '!', 'mux.'],
    ...['demux.audio_0', '!', 'queue', '!', 'aacparse', '!', 'mux.'],
  ];
  return new TestProcess('gstreamer', 'gst-launch-1.0', ['--quiet', ...pipeline]);
}

/**
 * GStreamer plays a URL at its pace until it has decoded so many pictures and frames of sound. Resolves with its warnings, rejects when it cannot
 * play.
 */
export async function playWithGstreamer(uri: string, pictures: number, sounds: number): Promise<string[]> {
  const sink = (count: number) => ['queue', '!', 'fakesink', 'sync=true', `num-buffers=${count}`];
  const pipeline = [
    ...['uridecodebin3', `uri=${uri}`, 'name=source'],
    ...['source.', '!', 'video/x-raw', '!', ...sink(pictures)],
    ...['source.', '!', 'audio/x-raw', '!', ...sink(sounds)],
  ];
  const { code, stdout, stderr } = await runTool('gst-launch-1.0', pipeline);
  if (code !== 0) throw new Error(`GStreamer could not play ${uri}: ${stdout}${stderr}`);
  return `${stdout}\n${stderr}`.split('\n').filter((line) => line.startsWith('WARNING'));
}
