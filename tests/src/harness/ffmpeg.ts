import { join } from 'node:path';
import { untilPortIsTaken } from './ports.ts';
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
  /** End after so much of the clip, loops included. */
  readonly seconds?: number;
  /** An FLV file that gets every packet that is published: what a receiver is compared with. */
  readonly copyTo?: string;
  /** More options of the output. */
  readonly output?: readonly string[];
}

/** ffmpeg publishes a clip, without encoding it anew, to an RTMP or HTTP URL. Ends by itself when it does not loop or has `seconds`. */
export function publishClip(url: string, options: PublishOptions = {}): TestProcess {
  const { clip = CLIP, loop = true, realtime = true, seconds, copyTo, output = [] } = options;
  const format = options.format ?? (/^rtmps?:/.test(url) ? 'flv' : 'mpegts');
  const pace = [...(realtime ? ['-re'] : []), ...(loop ? ['-stream_loop', '-1'] : [])];
  const input = [...pace, ...(seconds === undefined ? [] : ['-t', String(seconds)]), '-i', clip];
  const copy = copyTo === undefined ? [] : ['-map', '0', '-c', 'copy', '-flush_packets', '1', '-f', 'flv', copyTo];
  const outputs = ['-map', '0', '-c', 'copy', ...output, '-f', format, url, ...copy];
  return new TestProcess('ffmpeg', 'ffmpeg', [...QUIET, '-y', ...input, ...outputs]);
}

/**
 * ffmpeg as a live encoder: H.264 with B-frames in groups of pictures of 2 s, about 1.5 Mb/s, and AAC, with a flash and a beep every 2 s. The same
 * packets go to the RTMP URL and to `copyTo`, an FLV file. Ends by itself. With `noise` in place of the beeps no two sounds are alike either.
 */
export function publishEncode(url: string, copyTo: string, seconds: number, noise = false): TestProcess {
  const flash = "drawbox=c=white:t=fill:enable='lt(mod(t,2),0.2)'";
  const picture = `color=black:s=640x360:r=25,noise=alls=16:allf=t,${flash}`; // noise: no two pictures are alike
  const beeps = "aevalsrc='if(lt(mod(t,2),0.2),0.5*sin(2*PI*1000*t),0)':s=48000:c=stereo";
  const inputs = [picture, noise ? 'anoisesrc=r=48000:a=0.2' : beeps].flatMap((source) => [
    '-re',
    '-f',
    'lavfi',
    '-i',
    source,
  ]);
  const groups = ['-bf', '2', '-g', '50', '-keyint_min', '50', '-sc_threshold', '0'];
  const video = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-b:v', '1500k', ...groups];
  const audio = ['-c:a', 'aac', '-b:a', '96k'];
  const outputs = ['-map', '0', '-map', '1', '-flags', '+global_header', '-f', 'tee', `[f=flv]${url}|[f=flv]${copyTo}`];
  return new TestProcess('encoder', 'ffmpeg', [
    ...QUIET,
    '-y',
    ...inputs,
    '-t',
    `${seconds}`,
    ...video,
    ...audio,
    ...outputs,
  ]);
}

/** ffmpeg cuts the clip, again and again, into HLS segments of 2 s and puts them on a web server, as a live encoder does. */
export function publishHls(playlistUrl: string, options: readonly string[] = []): TestProcess {
  const input = ['-re', '-stream_loop', '-1', '-i', CLIP, '-map', '0', '-c', 'copy'];
  const hls = ['-f', 'hls', '-hls_time', '2', '-hls_list_size', '5', '-method', 'PUT', '-http_persistent', '1'];
  return new TestProcess('ffmpeg-hls', 'ffmpeg', [...QUIET, '-y', ...input, ...hls, ...options, playlistUrl]);
}

/** ffmpeg as an HTTP server that plays the clip as MPEG-TS, again and again, to the first who asks. Resolves when it listens. */
export async function serveTsWithFfmpeg(url: string, options: readonly string[] = []): Promise<TestProcess> {
  const input = ['-re', '-stream_loop', '-1', '-i', CLIP, '-map', '0', '-c', 'copy'];
  const server = new TestProcess('ffmpeg-http', 'ffmpeg', [
    ...QUIET,
    '-y',
    ...input,
    ...options,
    '-f',
    'mpegts',
    '-listen',
    '1',
    url,
  ]);
  await untilPortIsTaken(Number(new URL(url).port));
  return server;
}

const QUIET = ['-hide_banner', '-nostats', '-loglevel', 'warning'];

/**
 * ffmpeg as a server for one publisher, whom it records as he is. Resolves when it listens. `url`: of RTMP, or of HTTP with the `format` of the
 * body; `data` keeps the bytes of the body as they come. It ends when the publisher has gone, with whatever code: what counts is the file.
 */
export async function listenWithFfmpeg(
  url: string,
  file: string,
  format?: 'mpegts' | 'mp4' | 'data',
): Promise<TestProcess> {
  const input = ['-listen', '1', ...(format === undefined ? [] : ['-f', format]), '-i', url];
  const output = ['-c', 'copy', ...(format === 'data' ? ['-map', '0', '-f', 'data'] : []), file];
  const listener = new TestProcess('ffmpeg-listen', 'ffmpeg', [...QUIET, '-y', ...input, ...output]);
  await untilPortIsTaken(Number(new URL(url).port));
  return listener;
}

/** Four seconds of noise, which no encoder can make small: H.264 of this bit rate without sound, in groups of pictures of 2 s. */
export async function makeNoise(file: string, bitrateBps: number): Promise<void> {
  const source = ['-f', 'lavfi', '-i', 'testsrc2=s=640x360:r=25,noise=alls=100:allf=t', '-t', '4'];
  const rate = ['-b:v', '-minrate', '-maxrate', '-bufsize'].flatMap((option) => [option, String(bitrateBps)]);
  const encoder = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '50', ...rate];
  await runFfmpeg([...source, ...encoder, file]);
}

/** Four seconds of pictures without sound, one group of pictures a second, about 50 kb/s: for tests of many pushes. */
export async function makeSmallClip(file: string): Promise<void> {
  const source = ['-f', 'lavfi', '-i', 'testsrc2=s=160x90:r=10', '-t', '4'];
  const encoder = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-b:v', '50k', '-g', '10'];
  await runFfmpeg([...source, ...encoder, file]);
}

/** Runs ffmpeg to its end. `args` are inputs and outputs; a file that is there already is written anew. */
export async function runFfmpeg(args: readonly string[], timeoutMs?: number): Promise<void> {
  const { code, stderr } = await runTool('ffmpeg', [...QUIET, '-y', ...args], timeoutMs);
  if (code !== 0) throw new Error(`ffmpeg ${args.join(' ')}: ${stderr.trim()}`);
}

/**
 * The pictures and sounds of a file of H.264 and AAC as FLV has them, whatever container they came by: no parameter sets or delimiters between
 * them, no ADTS headers. So `compareDelivery` can compare them.
 */
export async function unpackToFlv(input: string, file: string): Promise<void> {
  await runFfmpeg(['-i', input, '-c', 'copy', '-bsf:v', 'filter_units=remove_types=7|8|9', '-f', 'flv', file]);
}

/** Writes so many seconds of a live stream to a file as they are; its ending chooses the container. */
export async function recordStream(url: string, file: string, seconds: number): Promise<void> {
  await runFfmpeg(['-i', url, '-t', String(seconds), '-c', 'copy', file], seconds * 1000 + 60_000);
}
