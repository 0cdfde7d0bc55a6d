/**
 * What outlives an attempt: kept per push outside of this process, so that another worker can go on where this one stopped. Calls reject
 * when the store cannot be reached; a publication under way does not end because of that.
 */
export interface PushMemory {
  /** Names the push for ever; no secret. */
  readonly id: string;
  /** A number greater than any that an attempt of this push was given before, on whichever host. */
  nextEpoch(): Promise<number>;
  /** What was saved last; undefined when there is nothing. */
  load(): Promise<string | undefined>;
  /** Resolves with false when an attempt with a higher epoch has begun: whoever asks is no longer the holder and must stop. */
  save(epoch: number, state: string): Promise<boolean>;
}
