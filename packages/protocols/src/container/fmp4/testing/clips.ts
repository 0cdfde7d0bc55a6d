// Media that ffmpeg makes, and what ffprobe and ffmpeg have to say about media that we make.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Sample } from '../../../media/sample.ts';
import type { Track } from '../../../media/track.ts';
import { Fmp4Demuxer, type Fmp4DemuxerOptions } from '../demuxer.ts';
import { Fmp4Muxer } from '../muxer.ts';

const execute = promisify(execFile);
const run = (program: string, args: readonly string[]) => execute(program, args, { maxBuffer: 1 << 28 });

export const PICTURE = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25'];
export const SOUND = ['-f', 'lavfi', '-i', 'sine=r=48000'];
export const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-g', '25', '-pix_fmt', 'yuv420p'];
/** One fragment a group of pictures, and a header that is written when all codecs are known. */
export const FRAGMENTED = ['-movflags', '+empty_moov+default_base_moof+frag_keyframe+delay_moov'];

export async function ffmpeg(...args: readonly string[]): Promise<void> {
  await run('ffmpeg', ['-v', 'error', '-y', '-nostdin', ...args]);
}

export interface Packet {
  readonly kind: string;
  readonly pts: number;
  readonly dts: number;
  readonly duration: number;
  readonly size: number;
  readonly isSync: boolean;
}

export interface Probe {
  readonly streams: readonly Record<string, string | number>[];
  readonly packets: readonly Packet[];
}

/** Times in ticks of the streams. */
export async function probe(file: string): Promise<Probe> {
  const { stdout } = await run('ffprobe', ['-v', 'error', '-show_packets', '-show_streams', '-of', 'json', file]);
  const { streams, packets } = JSON.parse(stdout) as {
    streams: Probe['streams'];
    packets: { codec_type: string; pts: number; dts: number; duration: number; size: string; flags: string }[];
  };
  return {
    streams,
    packets: packets.map(({ codec_type: kind, pts, dts, duration, size, flags }) => ({
      kind,
      pts,
      dts,
      duration,
      size: Number(size),
      isSync: flags.startsWith('K'),
    })),
  };
}

export interface Media {
  readonly tracks: readonly Track[];
  readonly samples: readonly Sample[];
}

/** All that is in `bytes`, which come in pieces of so many bytes. */
export function demux(bytes: Buffer, pieceBytes = 1500, options: Partial<Fmp4DemuxerOptions> = {}): Media {
  let tracks: readonly Track[] = [];
  const samples: Sample[] = [];
  const demuxer = new Fmp4Demuxer(
    {
      tracks: (list) => {
        tracks = list;
      },
      sample: (sample) => samples.push(sample),
    },
    options,
  );
  for (let offset = 0; offset < bytes.length; offset += pieceBytes) {
    demuxer.push(bytes.subarray(offset, offset + pieceBytes));
  }
  demuxer.end();
  return { tracks, samples };
}

export function readClip(file: string): Media {
  return demux(readFileSync(file), 1 << 16);
}

/** The media as one file, in the order of decode times. `startMs`: the wall clock at the first sample. */
export function mux({ tracks, samples }: Media, startMs = 1_000_000): Buffer {
  const muxer = new Fmp4Muxer({ now: () => startMs });
  muxer.setTracks(tracks);
  const parts: Buffer[] = [muxer.header()];
  const ordered = samples.toSorted((a, b) => a.dts / a.track.timescale - b.dts / b.track.timescale);
  for (const sample of ordered) {
    muxer.append(sample);
    const part = sample.track.kind === 'video' || tracks.length === 1 ? muxer.take() : undefined;
    if (part !== undefined) parts.push(part);
  }
  const last = muxer.take();
  return Buffer.concat(last === undefined ? parts : [...parts, last]);
}
