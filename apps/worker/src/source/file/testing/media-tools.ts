// ffmpeg makes the files of the tests, ffprobe is the judge of what is in them.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** 16 s of H.264 with B-frames and AAC, a sync sample every 2 s; both tracks are equally long. */
export const clip = fileURLToPath(new URL('../../../../../../examples/clip.mp4', import.meta.url));

export const hasMediaTools = ['ffmpeg', 'ffprobe'].every((tool) => spawnSync(tool, ['-version']).status === 0);

export const H264 = '-c:v libx264 -preset ultrafast';

/** A folder for the files of a test, removed when it is disposed of. */
export class MediaFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'pushfleet-media-'));

  file(name: string): string {
    return join(this.path, name);
  }

  /** Makes a file by ffmpeg and returns its path. `INPUT` in the options, which blanks separate, stands for the path of the input. */
  make(name: string, options: string, input = clip): string {
    const args = options.split(' ').map((option) => (option === 'INPUT' ? input : option));
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...args, this.file(name)]);
    return this.file(name);
  }

  /** An MPEG-TS file that becomes larger from 320x180 to 480x270 after a second. */
  makeChanging(name: string): string {
    const encode = (size: string, startSeconds: number): string =>
      this.make(
        `${startSeconds}.ts`,
        `-i INPUT -t 1 -vf scale=${size} ${H264} -c:a copy -output_ts_offset ${startSeconds}`,
      );
    writeFileSync(
      this.file(name),
      Buffer.concat([readFileSync(encode('320:180', 0)), readFileSync(encode('480:270', 1.1))]),
    );
    return this.file(name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

export interface ProbedPacket {
  readonly pts: number;
  readonly dts: number;
  readonly isSync: boolean;
  /** Of the payload as ffmpeg has it, which is that of the container. */
  readonly md5: string;
}

interface ProbedJson {
  readonly codec_type: 'video' | 'audio';
  readonly pts: number;
  readonly dts: number;
  readonly flags: string;
  readonly data_hash: string;
}

/** What ffprobe says about the packets of a file, with times in ticks of their stream. */
export function probe(path: string): Record<'video' | 'audio', ProbedPacket[]> {
  const args = ['-v', 'fatal', '-show_packets', '-show_data_hash', 'md5', '-of', 'json', path];
  const { packets } = JSON.parse(
    execFileSync('ffprobe', args, { encoding: 'utf8', stdio: 'pipe', maxBuffer: 64 << 20 }),
  );
  const ofKind = (kind: string) => packets.filter(({ codec_type }: ProbedJson) => codec_type === kind).map(packetOf);
  return { video: ofKind('video'), audio: ofKind('audio') };
}

function packetOf({ pts, dts, flags, data_hash }: ProbedJson): ProbedPacket {
  return { pts, dts, isSync: flags.startsWith('K'), md5: data_hash.replace('MD5:', '') };
}
