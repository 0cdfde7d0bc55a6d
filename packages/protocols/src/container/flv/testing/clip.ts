import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Sample } from '../../../media/sample.ts';
import type { Track } from '../../../media/track.ts';
import { FlvDemuxer } from '../demuxer.ts';
import { FlvFileReader } from '../file-reader.ts';

/** See fixtures/flv/README.md. */
export const SYNC_CLIP = fileURLToPath(new URL('../../../../fixtures/flv/sync.flv', import.meta.url));

export interface Clip {
  readonly tracks: readonly Track[];
  readonly samples: readonly Sample[];
}

export function readClip(file: string): Clip {
  let tracks: readonly Track[] = [];
  const samples: Sample[] = [];
  const demuxer = new FlvDemuxer({
    tracks: (list) => {
      tracks = list;
    },
    sample: (sample) => samples.push(sample),
  });
  new FlvFileReader(demuxer).push(readFileSync(file));
  return { tracks, samples };
}
