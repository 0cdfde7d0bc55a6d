import type { WireBatch } from './packager.ts';

/** A place in the batches that a channel has made: what lies before it. Immutable. */
export interface WirePosition {
  readonly batches: number;
  readonly bytes: number;
  readonly videoSamples: number;
  readonly audioSamples: number;
}

export const START: WirePosition = { batches: 0, bytes: 0, videoSamples: 0, audioSamples: 0 };

/** The place behind `batch`, which begins at `position`. */
export function behind(position: WirePosition, { bytes, videoSamples, audioSamples }: WireBatch): WirePosition {
  return {
    batches: position.batches + 1,
    bytes: position.bytes + bytes.length,
    videoSamples: position.videoSamples + videoSamples,
    audioSamples: position.audioSamples + audioSamples,
  };
}

/** `sum` and what lies between two places. */
export function joined(sum: WirePosition, from: WirePosition, to: WirePosition): WirePosition {
  return {
    batches: sum.batches + to.batches - from.batches,
    bytes: sum.bytes + to.bytes - from.bytes,
    videoSamples: sum.videoSamples + to.videoSamples - from.videoSamples,
    audioSamples: sum.audioSamples + to.audioSamples - from.audioSamples,
  };
}
