import { CLIP } from './ffmpeg.ts';
import { TestProcess } from './test-process.ts';

/**
 * GStreamer publishes a clip in real time by rtmp2sink: a publisher that sends its commands with transaction id 0 and changes the
 * chunk size after `publish`. Ends by itself at the end of the clip.
 */
export function publishWithGstreamer(url: string, clip = CLIP): TestProcess {
  const pipeline = [
    ...['filesrc', `location=${clip}`, '!', 'qtdemux', 'name=demux'],
    ...['flvmux', 'name=mux', 'streamable=true', '!', 'rtmp2sink', `location=${url}`, 'sync=true'],
    ...['demux.video_0', '!', 'queue', '!', 'h264parse', '!', 'mux.'],
    ...['demux.audio_0', '!', 'queue', '!', 'aacparse', '!', 'mux.'],
  ];
  return new TestProcess('gstreamer', 'gst-launch-1.0', ['--quiet', ...pipeline]);
}
