import type { Sample } from '../../media/sample.ts';
import type { Track } from '../../media/track.ts';

/** What the reader of one elementary stream tells. */
export interface StreamEvents<StreamTrack extends Track = Track> {
  /** The configuration is known, or another than before. */
  track(track: StreamTrack): void;
  sample(sample: Sample): void;
  /** An access unit or frame had to be left out. */
  damaged(): void;
}
