// What ffmpeg and ffprobe make of a file or a live URL. None of our own code has a say here.
import { runTool } from './tool.ts';

export interface StreamInfo {
  readonly codec_type: 'video' | 'audio' | 'data';
  readonly codec_name: string;
  /** A FourCC of MP4, or the stream_type of MPEG-TS as a number: `0x0024`. */
  readonly codec_tag_string: string;
  readonly codec_tag: string;
  readonly profile?: string;
  readonly width?: number;
  readonly height?: number;
  readonly sample_rate?: string;
  readonly channels?: number;
  readonly start_time?: string;
}

/** What ffprobe says of each elementary stream. */
export async function probe(input: string): Promise<StreamInfo[]> {
  return JSON.parse(await ffprobe(['-show_streams', '-of', 'json', input])).streams;
}

/**
 * Decoded, and then thrown away. The times stay as they are: by default ffmpeg counts pictures in ticks of the frame rate that it guesses,
 * and where a stream has paused it may guess 24.9 for 25, put two pictures into one tick, and call that a fault.
 */
const NOWHERE = ['-enc_time_base:v', '-1', '-f', 'null', '-'];

/** The complaints of ffmpeg while it decodes everything; an empty list is what one wants. */
export async function decodeErrors(input: string): Promise<string[]> {
  const { code, stderr } = await runTool('ffmpeg', ['-v', 'error', '-xerror', '-i', input, ...NOWHERE]);
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  return code === 0 ? lines : [...lines, `ffmpeg ended with exit code ${code}`];
}

/** What comes out of the decoders: a checksum of each picture and of each frame of sound, in the order in which they are presented. */
export interface Decoded {
  /** As of `decodeErrors`. */
  readonly complaints: readonly string[];
  /** The same picture has the same checksum, whatever container it has come by. */
  readonly pictures: readonly string[];
  readonly sounds: readonly string[];
}

export async function decode(input: string): Promise<Decoded> {
  // MD5 takes longer than the decoding of the pictures.
  const sums = ['-f', 'framehash', '-hash', 'murmur3', '-'];
  const output = ['-map', '0:v?', '-map', '0:a?', '-fps_mode', 'passthrough', ...sums];
  const { code, stdout, stderr } = await runTool('ffmpeg', ['-v', 'error', '-xerror', '-i', input, ...output]);
  const complaints = stderr.split('\n').filter((line) => line.trim() !== '');
  if (code !== 0) complaints.push(`ffmpeg ended with exit code ${code}`);
  const kinds = [...stdout.matchAll(/^#media_type \d+: (\w+)$/gm)].map(([, kind]) => kind);
  const frames = [...stdout.matchAll(/^(\d+),.*\s([\da-f]{32})$/gm)];
  const sumsOf = (kind: string) => frames.flatMap(([, stream, sum]) => (kinds[Number(stream)] === kind ? sum! : []));
  return { complaints, pictures: sumsOf('video'), sounds: sumsOf('audio') };
}

/** A checksum of each frame of AAC as it is coded, whatever container it has come by. */
export async function soundSums(input: string): Promise<string[]> {
  const output = ['-map', '0:a', '-c', 'copy', '-bsf:a', 'aac_adtstoasc', '-f', 'framemd5', '-'];
  const { stdout } = await runTool('ffmpeg', ['-v', 'error', '-i', input, ...output]);
  return [...stdout.matchAll(/^(?:\s*-?\d+,){5}\s*([\da-f]{32})/gm)].map(([, sum]) => sum!);
}

/** Where a run of checksums lies in what was sent; undefined when one of them is missing there, changed or in another place. */
export function findRun(
  received: readonly string[],
  sent: readonly string[],
): { skipped: number; left: number } | undefined {
  const fits = (start: number) => received.every((sum, index) => sent[start + index] === sum);
  const skipped = sent.findIndex((sum, index) => sum === received[0] && fits(index));
  return skipped === -1 ? undefined : { skipped, left: sent.length - skipped - received.length };
}

/** Whether a file, which may still grow, already has a picture that can be decoded. */
export async function hasPicture(file: string): Promise<boolean> {
  const args = ['-v', 'quiet', '-i', file, '-map', '0:v', '-frames:v', '1', '-f', 'framemd5', '-'];
  return /^0,/m.test((await runTool('ffmpeg', args)).stdout);
}

/** Frames that could be decoded. */
export async function frameCount(input: string): Promise<{ video: number; audio: number }> {
  const entries = 'stream=codec_type,nb_read_frames';
  const { streams } = JSON.parse(await ffprobe(['-count_frames', '-show_entries', entries, '-of', 'json', input]));
  const count = (type: string) =>
    Number(streams.find((stream: { codec_type: string }) => stream.codec_type === type)?.nb_read_frames ?? 0);
  return { video: count('video'), audio: count('audio') };
}

/** Whether the first picture is one at which decoding may start. */
export async function startsWithKey(input: string): Promise<boolean> {
  const entries = [
    '-select_streams',
    'v',
    '-read_intervals',
    '%+#1',
    '-show_entries',
    'packet=flags',
    '-of',
    'csv=p=0',
  ];
  return (await ffprobe([...entries, input])).startsWith('K');
}

/** The sizes of the decoded pictures, each time that they change: `640x360`. */
export async function pictureSizes(input: string): Promise<string[]> {
  const entries = ['-select_streams', 'v', '-show_entries', 'frame=width,height', '-of', 'csv=p=0:s=x'];
  const sizes = [...(await ffprobe([...entries, input])).matchAll(/\d+x\d+/g)].map(([size]) => size);
  return sizes.filter((size, index) => size !== sizes[index - 1]);
}

/** The packets of one elementary stream in decode order; times in seconds. */
export interface PacketTimes {
  readonly kind: string;
  readonly packets: number;
  readonly first: number;
  readonly last: number;
  /** Packets whose decode time is not later than that of the packet before. */
  readonly nonMonotonic: number;
  /** Longest time from one packet to the next. */
  readonly maxGap: number;
}

/** Whether decode times only ever grow, and how evenly. `seconds`: how much of a live URL to look at. */
export async function monotonic(input: string, seconds?: number): Promise<PacketTimes[]> {
  const interval = seconds === undefined ? [] : ['-read_intervals', `%+${seconds}`];
  const entries = 'packet=codec_type,stream_index,pts_time,dts_time';
  const { packets } = JSON.parse(await ffprobe([...interval, '-show_entries', entries, '-of', 'json', input]));
  const inOrder = (packets as Packet[]).toSorted((a, b) => a.stream_index - b.stream_index);
  const byStream = Map.groupBy(inOrder, (packet) => packet.stream_index);
  return [...byStream.values()].map((group) => {
    const times = group.map(({ dts_time, pts_time }) => Number(dts_time ?? pts_time));
    const gaps = times.slice(1).map((time, index) => time - times[index]!);
    return {
      kind: group[0]!.codec_type,
      packets: times.length,
      first: times[0]!,
      last: times.at(-1)!,
      nonMonotonic: gaps.filter((gap) => gap <= 0).length,
      maxGap: Math.max(0, ...gaps),
    };
  });
}

interface Packet {
  readonly codec_type: string;
  readonly stream_index: number;
  readonly pts_time?: string;
  readonly dts_time?: string;
}

export interface AvSync {
  /** Where the picture turns white, in seconds from the start. */
  readonly flashes: readonly number[];
  /** For each flash that has a beep: how much later the beep comes. */
  readonly offsetsMs: readonly number[];
  /** That were decoded, as far as was looked. */
  readonly pictures: number;
  /** As of `decodeErrors`, as far as was looked. */
  readonly complaints: readonly string[];
}

/** How far sound and picture of the test clip have drifted apart on their way, up to the first fault. A few frames of white at the very start do not count. */
export async function avSync(input: string, seconds?: number): Promise<AvSync> {
  const filters = [
    ...['-vf', 'scale=64:36:flags=neighbor,signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-'],
    // The end of the sound counts as the end of a silence: padding keeps it away from the last flash.
    ...['-af', 'apad=pad_dur=2,silencedetect=noise=-35dB:duration=0.2'],
  ];
  const limit = seconds === undefined ? [] : ['-t', String(seconds)];
  const words = ['-hide_banner', '-nostats', '-loglevel', 'level+info'];
  const args = [...words, '-xerror', '-i', input, ...limit, ...filters, ...NOWHERE];
  const { code, stdout, stderr } = await runTool('ffmpeg', args);
  const complaints = stderr.split('\n').filter((line) => /\[(error|fatal|panic)\]/.test(line));
  if (code !== 0) complaints.push(`ffmpeg ended with exit code ${code}`);
  const pictures = [...stdout.matchAll(/YAVG=/g)].length;
  const flashes = findFlashes(stdout);
  const beeps = [...stderr.matchAll(/silence_end: ([\d.]+)/g)].map(([, time]) => Number(time));
  const offsetsMs = flashes.flatMap((flash) => {
    const offsets = beeps.map((beep) => (beep - flash) * 1000).sort((a, b) => Math.abs(a) - Math.abs(b));
    return offsets.slice(0, 1).filter((offset) => Math.abs(offset) < 1000); // half of the 2 s between two flashes
  });
  return { flashes, offsetsMs, pictures, complaints };
}

/** Mean luma of a white picture in video range is 235, that of the clip otherwise below 40. */
const BRIGHT = 128;

function findFlashes(metadata: string): number[] {
  const flashes: number[] = [];
  let isBright = true;
  for (const [, time, luma] of metadata.matchAll(/pts_time:([\d.]+)\s+\S*YAVG=([\d.]+)/g)) {
    if (!isBright && Number(luma) > BRIGHT) flashes.push(Number(time));
    isBright = Number(luma) > BRIGHT;
  }
  return flashes;
}

async function ffprobe(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runTool('ffprobe', ['-v', 'error', ...args]);
  if (code !== 0) throw new Error(`ffprobe failed: ${stderr.trim()}`);
  return stdout;
}
