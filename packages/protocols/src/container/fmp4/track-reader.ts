import type { Sample } from '../../media/sample.ts';
import type { Track } from '../../media/track.ts';
import { AudioTrackReader } from './audio-track-reader.ts';
import type { FragmentContext, FragmentEntry } from './fragment.ts';
import type { MovieTrack } from './movie.ts';
import { VideoTrackReader } from './video-track-reader.ts';

/** One track of a header: turns entries of fragments with their bytes into samples. */
export interface TrackReader extends FragmentContext {
  readonly trackId: number;
  readonly kind: Track['kind'];
  /** Undefined while its configuration is not known: that of avc3 and hev1 comes in band. */
  readonly track: Track | undefined;
  /**
   * The sample of an entry, if it can be decoded. A new configuration in band makes a new track. `data` may be kept. Throws MalformedError.
   */
  read(entry: FragmentEntry, data: Buffer): Sample | undefined;
}

/** `known` are the tracks so far: one that has not changed stays the same object. Throws MalformedError. */
export function createTrackReader(movieTrack: MovieTrack, known: readonly Track[]): TrackReader {
  const { description } = movieTrack;
  return description.kind === 'video'
    ? new VideoTrackReader(movieTrack, description, known)
    : new AudioTrackReader(movieTrack, description, known);
}
