import { createReadStream } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { FlvDemuxer, FlvFileReader, type Sample, type Track } from '@pushfleet/protocols';
import type { MediaFile } from './media-file.ts';

/** A larger step back is no jitter of an encoder: the file was glued together. */
const MAX_BACKSTEP_MS = 1000;

/** Rejects with an Error whose message is the reason. */
export async function openFlv(path: string, sizeBytes: number): Promise<MediaFile> {
  const known: Track[] = [];
  const announced: (readonly Track[])[] = [];
  const samples = (onTracks: (tracks: readonly Track[]) => void = () => {}) => readFlv(path, known, onTracks);
  for await (const _ of samples((tracks) => announced.push(tracks))) break; // before the first sample come the tracks
  const [tracks] = announced;
  if (tracks === undefined) throw new Error('no track that can be pushed; use H.264 and AAC');
  return { sizeBytes, tracks, samples: () => samples(), close: () => {} };
}

/** `known` holds one object for each track, so that every pass has the same ones. */
async function* readFlv(
  path: string,
  known: Track[],
  onTracks: (tracks: readonly Track[]) => void,
): AsyncGenerator<Sample> {
  const ready: Sample[] = [];
  let current: readonly Track[] = [];
  const demuxer = new FlvDemuxer({
    tracks: (tracks) => {
      current = tracks.map((track) => intern(known, track));
      onTracks(current);
    },
    sample: (sample) => ready.push({ ...sample, track: current.find(({ kind }) => kind === sample.track.kind)! }),
  });
  const reader = new FlvFileReader(demuxer);
  const rise = rising();
  for await (const bytes of createReadStream(path)) {
    reader.push(bytes);
    for (const sample of ready.splice(0)) yield rise(sample);
  }
}

function intern(known: Track[], track: Track): Track {
  const same = known.find((other) => isDeepStrictEqual(other, track));
  if (same === undefined) known.push(track);
  return same ?? track;
}

/** Lets the dts of each track rise: FLV counts milliseconds, and encoders round or repeat them. */
function rising(): (sample: Sample) => Sample {
  const last = { video: Number.NEGATIVE_INFINITY, audio: Number.NEGATIVE_INFINITY };
  return (sample) => {
    const { kind } = sample.track;
    const least = last[kind] + 1;
    last[kind] = Math.max(sample.dts, least);
    if (sample.dts >= least) return sample;
    if (least - sample.dts > MAX_BACKSTEP_MS) {
      throw new Error(`the ${kind} times fall back from ${least - 1} to ${sample.dts} ms; remux the file`);
    }
    return { ...sample, dts: least, pts: Math.max(sample.pts, least) };
  };
}
