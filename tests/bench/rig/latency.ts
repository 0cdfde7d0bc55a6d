import { percentile, round } from '../measure/statistics.ts';
import type { Clip } from './clip.ts';
import type { Arrival } from './sink.ts';

/** How much later the last byte of a picture is at the target than the source has sent it. */
export interface Latency {
  readonly pictures: number;
  /** Pictures that were not found byte by byte; they are not in the percentiles. */
  readonly missed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A picture may be that late before it counts as missed, in bytes of the stream: 4 s of 4 Mb/s. */
const SEARCH_BYTES = 2 << 20;

export interface Probe {
  /** Of its source: when the message with timestamp 0 was sent. */
  readonly startedAtUs: number;
  readonly arrivals: readonly Arrival[];
}

/**
 * Matches pictures by their last bytes, whatever container and framing they came in: those of `clip` that were due from `fromUs` to
 * `toUs`, one after the other in what each probe has got.
 */
export function latencyOf(clip: Clip, probes: readonly Probe[], fromUs: number, toUs: number): Latency | undefined {
  const late: number[] = [];
  let missed = 0;
  for (const { startedAtUs, arrivals } of probes) {
    const stream = Buffer.concat(arrivals.map(({ bytes }) => bytes));
    const arrivalOf = arrivalTimes(arrivals);
    let cursor = 0;
    for (const { dueUs, tail } of duePictures(clip, startedAtUs, fromUs, toUs)) {
      const found = stream.subarray(0, cursor + SEARCH_BYTES).indexOf(tail, cursor);
      if (found < 0) {
        missed += 1;
        continue;
      }
      cursor = found + tail.length;
      late.push((arrivalOf(cursor - 1) - dueUs) / 1_000);
    }
  }
  if (late.length === 0) return undefined;
  const at = (share: number) => round(percentile(late, share), 1);
  return { pictures: late.length, missed, p50Ms: at(0.5), p99Ms: at(0.99) };
}

function* duePictures({ pictures, durationMs }: Clip, startedAtUs: number, fromUs: number, toUs: number) {
  for (let round = Math.floor((fromUs - startedAtUs) / 1_000 / durationMs); ; round++) {
    for (const { timeMs, tail } of pictures) {
      const dueUs = startedAtUs + (round * durationMs + timeMs) * 1_000;
      if (dueUs > toUs) return;
      if (dueUs >= fromUs) yield { dueUs, tail };
    }
  }
}

/** Time at which the byte with an offset came; offsets that are asked for grow. */
function arrivalTimes(arrivals: readonly Arrival[]): (offset: number) => number {
  let index = 0;
  let end = arrivals[0]?.bytes.length ?? 0;
  return (offset) => {
    while (end <= offset) {
      index += 1;
      end += arrivals[index]!.bytes.length;
    }
    return arrivals[index]!.atUs;
  };
}
