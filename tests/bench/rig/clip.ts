import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { RESULTS } from '../paths.ts';

/** Constant bit rates, 25 pictures a second, groups of 2 s, AAC of 128 kb/s; noise, so that no two pictures are alike. */
const CLIPS = {
  '4m': { size: '1280x720', videoKbps: 3872 },
  '1m': { size: '640x360', videoKbps: 872 },
} as const;
const LENGTH_S = 20;

export type ClipName = keyof typeof CLIPS;
export const clipNames = Object.keys(CLIPS) as ClipName[];
/** For people: `4 Mb/s`. */
export const clipRate = (name: ClipName): string => name.replace('m', ' Mb/s');

const TAIL_BYTES = 8;
const FILE_HEADER = 13;
const TAG_HEADER = 11;
const VIDEO = 9;
/** A round is a number of them, behind whatever comes last; `rtmp_source.c` has the same. */
const PICTURE_MS = 40;

/** A picture of the clip, as it can be found again in whatever container it travels. */
export interface Picture {
  /** Decode time from the begin of the clip. */
  readonly timeMs: number;
  /** Its last bytes. */
  readonly tail: Buffer;
}

/** A file of FLV that a source sends again and again. */
export class Clip {
  readonly name: ClipName;
  readonly file: string;
  /** Of one round. */
  readonly durationMs: number;
  /** As FLV. */
  readonly bitsPerSecond: number;
  /** In decode order; those whose last bytes say nothing are left out. */
  readonly pictures: readonly Picture[];

  private constructor(name: ClipName, file: string) {
    this.name = name;
    this.file = file;
    const bytes = readFileSync(file);
    const pictures: Picture[] = [];
    let timeMs = 0;
    for (let at = FILE_HEADER; at + TAG_HEADER <= bytes.length; ) {
      const length = bytes.readUIntBE(at + 1, 3);
      timeMs = bytes.readUIntBE(at + 4, 3) + bytes[at + 7]! * 2 ** 24;
      const end = at + TAG_HEADER + length;
      const tail = bytes.subarray(end - TAIL_BYTES, end);
      if (bytes[at] === VIDEO && isTelling(tail)) pictures.push({ timeMs, tail });
      at = end + 4;
    }
    this.durationMs = (Math.floor(timeMs / PICTURE_MS) + 1) * PICTURE_MS;
    this.bitsPerSecond = (bytes.length * 8_000) / this.durationMs;
    this.pictures = pictures;
  }

  /** Makes it with ffmpeg unless it is there. */
  static open(name: ClipName): Clip {
    const directory = join(RESULTS, 'clips');
    const file = join(directory, `${name}.flv`);
    if (!existsSync(file)) {
      mkdirSync(directory, { recursive: true });
      const unfinished = `${file}.part`;
      execFileSync('ffmpeg', encode(name, unfinished));
      renameSync(unfinished, file);
    }
    return new Clip(name, file);
  }
}

/** Filling of a constant bit rate looks the same behind many pictures. */
const isTelling = (tail: Buffer) => new Set(tail).size > 4;

function encode(name: ClipName, file: string): string[] {
  const { size, videoKbps } = CLIPS[name];
  const picture = `testsrc2=size=${size}:rate=25,noise=alls=24:allf=t+u,format=yuv420p`;
  const sound = 'sine=frequency=440:sample_rate=48000,tremolo=f=5,aformat=channel_layouts=stereo';
  const rate = ['-b:v', `${videoKbps}k`, '-maxrate', `${videoKbps}k`, '-bufsize', `${videoKbps}k`];
  const x264 = 'keyint=50:min-keyint=50:scenecut=0:bframes=0:nal-hrd=cbr:force-cfr=1';
  return [
    ...['-v', 'error', '-y', '-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', sound, '-t', `${LENGTH_S}`],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'high', ...rate, '-x264-params', x264],
    ...['-c:a', 'aac', '-b:a', '128k', '-ar', '48000', '-flvflags', 'no_duration_filesize', '-f', 'flv', file],
  ];
}
