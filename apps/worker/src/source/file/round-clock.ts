// When each round of a looped file starts. The one place that decides about the relation of audio to video over days.
import { PublishError, type Sample, type Track } from '@pushfleet/protocols';

/** Slowest clock that may place the rounds: a seam never grows by more than one of its ticks, 20 ms. */
const MIN_SEAM_RATE = 50;

/** Time before the first sample, in seconds: room for a track that starts a little before the first sample of the file. */
const ORIGIN_SECONDS = 1;

/** What a round has shown of one track so far, in ticks of that track. */
interface Extent {
  readonly timescale: number;
  readonly firstDts: number;
  lastDts: number;
  minPts: number;
  maxPts: number;
  /** Distance of the last two samples: the duration of the last one. */
  step: number;
}

/**
 * Moves samples from the times of the file to the line of all rounds.
 *
 * A round moves all its samples by one and the same time, so inside it everything is as far apart as in the file. It starts when
 * everything of the round before has ended: its longest track ends, counted from its earliest start, so no track has to overlap
 * itself. The start is counted in ticks of a clock that divides the timescales of all tracks, so the move is a whole number of ticks
 * in each of them: nothing is rounded, nothing adds up, and audio lies to video in round one million as in round one. When the
 * timescales have no such clock of at least 50 Hz, the fastest of them counts, and starts are rounded for each track from
 * the exact one: off by half a tick at most, in every round.
 */
export class RoundClock {
  /** Ticks per second of `#start`. */
  readonly #rate: number;
  /** File time 0 of this round on the line. */
  #start: number | undefined;
  readonly #extents = new Map<Track['kind'], Extent>();

  constructor(tracks: readonly Track[]) {
    const timescales = tracks.map(({ timescale }) => timescale);
    const common = timescales.reduce(greatestCommonDivisor);
    this.#rate = common >= MIN_SEAM_RATE ? common : Math.max(...timescales);
  }

  /** The sample on the line: a new object with the same data. Samples of a track come in order of decoding. */
  place(sample: Sample): Sample {
    const { track, dts, pts, isSync, data } = sample;
    this.#start ??= Math.floor((ORIGIN_SECONDS - dts / track.timescale) * this.#rate);
    this.#note(sample);
    const move = Math.round(this.#start * (track.timescale / this.#rate));
    return { track, dts: dts + move, pts: pts + move, isSync, data };
  }

  /** Call it between two rounds. */
  nextRound(): void {
    if (this.#start === undefined) throw new PublishError('source_lost', 'no sample of the file can be decoded');
    this.#start += this.#lengthOfRound();
    this.#extents.clear();
  }

  #note({ track: { kind, timescale }, dts, pts }: Sample): void {
    const extent = this.#extents.get(kind);
    if (extent === undefined) {
      const step = Math.ceil(timescale / 25); // for a track of one sample
      this.#extents.set(kind, { timescale, firstDts: dts, lastDts: dts, minPts: pts, maxPts: pts, step });
      return;
    }
    extent.step = dts - extent.lastDts;
    extent.lastDts = dts;
    extent.minPts = Math.min(extent.minPts, pts);
    extent.maxPts = Math.max(extent.maxPts, pts);
  }

  #lengthOfRound(): number {
    const extents = [...this.#extents.values()];
    const start = Math.min(...extents.map(({ minPts, timescale }) => Math.floor((minPts * this.#rate) / timescale)));
    const end = Math.max(
      ...extents.map(({ maxPts, step, timescale }) => Math.ceil(((maxPts + step) * this.#rate) / timescale)),
    );
    const decoding = extents.map(({ firstDts, lastDts, step, timescale }) =>
      Math.ceil(((lastDts + step - firstDts) * this.#rate) / timescale),
    );
    return Math.max(end - start, ...decoding);
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
