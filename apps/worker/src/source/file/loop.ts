import type { Sample } from '@pushfleet/protocols';
import { DtsOrder } from './dts-order.ts';
import type { MediaFile } from './media-file.ts';
import { RoundClock } from './round-clock.ts';

/** The samples of files below this size stay in memory from the second round on. */
const KEPT_BYTES = 64 << 20;

/**
 * Window in which samples are sorted. The head of a round may have to leave before the tail of the round before it: its first decode
 * time lies before its first presentation time by as much as the first sample is reordered. Half a second also puts right files
 * that mix their tracks carelessly.
 */
const MIN_WINDOW_MS = 500;

/**
 * The file over and over, on one line of time that starts near 0: dts of each track rise, and the tracks are mixed by dts, across the
 * seams too. Ends only by an error of the file. Data is shared by all rounds of a kept file.
 */
export async function* loop(file: MediaFile, maxKeptBytes = KEPT_BYTES): AsyncGenerator<Sample> {
  const clock = new RoundClock(file.tracks);
  const kept: Sample[] | undefined = file.sizeBytes < maxKeptBytes ? [] : undefined;
  let order: DtsOrder | undefined;
  for (let round = 0; ; round++) {
    const samples = round > 0 && kept !== undefined ? kept : file.samples();
    for await (const sample of samples) {
      if (round === 0) kept?.push(sample);
      order ??= new DtsOrder(windowMs(sample));
      yield* order.push(clock.place(sample));
    }
    clock.nextRound();
    if (kept !== undefined) file.close();
  }
}

function windowMs({ dts, pts, track }: Sample): number {
  return Math.max(MIN_WINDOW_MS, ((pts - dts) * 1000) / track.timescale);
}
