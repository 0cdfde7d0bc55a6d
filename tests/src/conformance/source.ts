import { readFile } from 'node:fs/promises';
import { FlvDemuxer, FlvFileReader, Fmp4Demuxer, type Sample, type Track } from '@pushfleet/protocols';
import { CLIP, makeNoise, runFfmpeg } from '../harness/ffmpeg.ts';

/** Media in the order of decoding, as a source hands it to a stream. */
export interface Media {
  readonly tracks: readonly Track[];
  readonly samples: readonly Sample[];
}

/** The example clip: 16 s, 400 pictures in groups of 2 s with B-frames, 750 frames of AAC. */
export async function readClip(directory: string): Promise<Media> {
  return demux(`${directory}/clip.flv`, ['-i', CLIP, '-c', 'copy']);
}

/** Four seconds in another size, so that the configuration of the decoder is another. */
export async function readOtherSize(directory: string): Promise<Media> {
  const scaled = ['-t', '4', '-i', CLIP, '-vf', 'scale=320:180', '-c:v', 'libx264', '-bf', '2', '-g', '50'];
  return demux(`${directory}/other.flv`, [...scaled, '-c:a', 'copy']);
}

/** `seconds` of video at a rate that fills the buffers of a kernel. */
export async function readNoise(directory: string, seconds: number): Promise<Media> {
  await makeNoise(`${directory}/noise.mp4`, 15_000_000);
  const { tracks, samples } = await demux(`${directory}/noise.flv`, ['-i', `${directory}/noise.mp4`, '-c', 'copy']);
  const rounds = Array.from({ length: Math.ceil(seconds / 4) }, (_, round) => shifted(samples, round * 4000));
  return { tracks, samples: rounds.flat() };
}

/** What ffmpeg makes of `args` as a fragmented MP4, which can hold every codec, at `file`. */
export async function readMp4(file: string, args: readonly string[]): Promise<Media> {
  const fragmented = ['-movflags', '+delay_moov+default_base_moof', '-frag_duration', '200000']; // AC-3 wants to be seen first
  await runFfmpeg([...args, ...fragmented, '-strict', 'experimental', '-f', 'mp4', file]);
  const media = collect();
  const demuxer = new Fmp4Demuxer(media);
  demuxer.push(await readFile(file));
  demuxer.end();
  return { tracks: media.list, samples: media.samples.toSorted((a, b) => secondsOf(a) - secondsOf(b)) };
}

/** The samples in pieces that each begin with a sync sample of the video. */
export function groupsOfPictures({ samples }: Media): Sample[][] {
  const groups: Sample[][] = [[]];
  for (const sample of samples) {
    if (sample.track.kind === 'video' && sample.isSync && groups.at(-1)!.length > 0) groups.push([]);
    groups.at(-1)!.push(sample);
  }
  return groups;
}

async function demux(file: string, args: readonly string[]): Promise<Media> {
  await runFfmpeg([...args, '-f', 'flv', file]);
  const media = collect();
  new FlvFileReader(new FlvDemuxer(media)).push(await readFile(file));
  return { tracks: media.list, samples: media.samples };
}

/** Listens to a demuxer. */
function collect() {
  const samples: Sample[] = [];
  return {
    list: [] as readonly Track[],
    samples,
    tracks(list: readonly Track[]) {
      this.list = list;
    },
    sample(sample: Sample) {
      samples.push(sample);
    },
  };
}

const secondsOf = ({ dts, track }: Sample): number => dts / track.timescale;

/** The same media, so many milliseconds later. */
const shifted = (samples: readonly Sample[], byMs: number): Sample[] => samples.map((sample) => later(sample, byMs));

export function later(sample: Sample, byMs: number): Sample {
  const ticks = Math.round((byMs * sample.track.timescale) / 1000);
  return { ...sample, dts: sample.dts + ticks, pts: sample.pts + ticks };
}
