import type { Sample, Track } from '@pushfleet/protocols';

/** What a source tells the hub of its stream. */
export interface SourceEvents {
  /** Called before the first sample and again whenever a track's configuration changes. */
  tracks(tracks: readonly Track[]): void;
  sample(sample: Sample): void;
}
