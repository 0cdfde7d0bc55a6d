import { MalformedError } from '../../bytes/malformed-error.ts';

/** samplingFrequencyIndex 0 to 12, in Hz. ISO/IEC 14496-3 Table 1.18. */
const SAMPLING_FREQUENCIES = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350,
] as const;

/** Hz of a samplingFrequencyIndex. Throws MalformedError for a reserved one. */
export function samplingFrequency(index: number): number {
  const frequency = SAMPLING_FREQUENCIES[index];
  if (frequency === undefined) throw new MalformedError(`samplingFrequencyIndex ${index} is reserved`);
  return frequency;
}

/** -1 when the frequency has no index and must be written out. */
export function samplingFrequencyIndex(frequencyHz: number): number {
  return (SAMPLING_FREQUENCIES as readonly number[]).indexOf(frequencyHz);
}

/** Speakers of channelConfiguration 1 to 7 and 11 to 14, Table 1.19; 0 for those that need a program config element. */
export function channelCount(channelConfiguration: number): number {
  return [0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8][channelConfiguration] ?? 0;
}
