// One continuous line of output times for a source whose own times may jump: publishers restart, inputs fail over, files loop.
import type { Sample } from './sample.ts';
import { rescale } from './timestamp.ts';
import type { Track } from './track.ts';

export interface TimelineOptions {
  /** A step larger than this between two samples of a track is a jump and not a gap. */
  readonly maxGapMs: number;
  /** A step back larger than this is a jump; smaller ones are jitter of the source. */
  readonly maxBackstepMs: number;
}

const DEFAULTS: TimelineOptions = { maxGapMs: 5000, maxBackstepMs: 1000 };

/** Room before the first sample for another track that starts a little earlier, so that no output time is negative. */
const ORIGIN_MS = 1000;

/** Used until a track has shown the distance of its samples: 25 pictures a second, 1024 audio samples of 48 kHz. */
const ASSUMED_STEP_MS = { video: 40, audio: 1024 / 48 } as const;

/** One uninterrupted run of the source: its tracks share the offset, so their relation stays as it was. */
interface Run {
  readonly offsetMs: number;
  /** Source time of the newest sample of this run. */
  newestMs: number;
}

/** Where a track stands. Times are of its last sample. */
interface Position {
  run: Run | undefined;
  sourceMs: number;
  /** Distance of the last two samples of a run. */
  stepMs: number;
  /** On the output line, in ticks of `timescale`. */
  dts: number;
  timescale: number;
  /** Where its picture or sound ends on the output line: reordered pictures are shown later than the newest one was decoded. */
  endMs: number;
}

/** Pictures are not reordered further than this; a presentation time that says so is wrong and moves nothing. */
const MAX_REORDER_MS = 2000;

/**
 * Puts samples of one video and one audio track onto one output line. Within a run of the source the times keep their distances. After a
 * jump the line goes on where the last picture and the last sound end, or, when the source was silent for longer than that, as much later
 * as it was silent. The dts of each track grows strictly.
 */
export class Timeline {
  readonly #options: TimelineOptions;
  readonly #positions = new Map<Track['kind'], Position>();
  /** The newest run. */
  #run: Run | undefined;

  constructor(options: Partial<TimelineOptions> = {}) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /** The next sample belongs to another source or publisher: its times mean something else, even if they seem to fit. */
  restart(): void {
    this.#run = undefined;
    for (const position of this.#positions.values()) position.run = undefined;
  }

  /**
   * The same sample on the output line. `silenceMs`: time since the sample before it; only counts when its time jumps. Undefined for
   * sound of a new run that would overlap what was heard of the run before: its place is taken.
   */
  place(sample: Sample, silenceMs = 0): Sample | undefined {
    const { track } = sample;
    const { timescale } = track;
    const position = this.#positions.get(track.kind) ?? this.#addPosition(track);
    const sourceMs = (sample.dts * 1000) / timescale;
    const run = this.#continuedRun(position, sourceMs) ?? this.#startRun(sample, silenceMs);
    if (track.kind === 'audio' && overlaps(position, run, sourceMs)) return undefined;
    const shift = Math.round((run.offsetMs * timescale) / 1000);
    const dts = Math.max(sample.dts + shift, rescale(position.dts, position.timescale, timescale) + 1);
    const pts = Math.max(sample.pts + shift, dts);
    const stepMs = sourceMs - position.sourceMs;
    if (position.run === run && stepMs > 0 && stepMs < 1000) position.stepMs = stepMs;
    run.newestMs = Math.max(run.newestMs, sourceMs);
    position.run = run;
    position.sourceMs = sourceMs;
    position.dts = dts;
    position.timescale = timescale;
    position.endMs = Math.max(position.endMs, (shownAt(dts, pts, timescale) * 1000) / timescale + position.stepMs);
    return { track, dts, pts, isSync: sample.isSync, data: sample.data };
  }

  #addPosition({ kind, timescale }: Track): Position {
    const position = { run: undefined, sourceMs: 0, stepMs: ASSUMED_STEP_MS[kind], dts: -1, timescale, endMs: 0 };
    this.#positions.set(kind, position);
    return position;
  }

  /** The run of its own track, else the newest one, which the other track may have begun. */
  #continuedRun(position: Position, sourceMs: number): Run | undefined {
    if (position.run !== undefined && this.#continues(sourceMs, position.sourceMs)) return position.run;
    return this.#run !== undefined && this.#continues(sourceMs, this.#run.newestMs) ? this.#run : undefined;
  }

  #continues(sourceMs: number, previousMs: number): boolean {
    const stepMs = sourceMs - previousMs;
    return stepMs <= this.#options.maxGapMs && stepMs >= -this.#options.maxBackstepMs;
  }

  #startRun({ track, dts, pts }: Sample, silenceMs: number): Run {
    const sourceMs = (dts * 1000) / track.timescale;
    const shownMs = (shownAt(dts, pts, track.timescale) * 1000) / track.timescale;
    let offsetMs = ORIGIN_MS - sourceMs;
    for (const [kind, position] of this.#positions) {
      if (position.dts < 0) continue;
      const lastMs = (position.dts * 1000) / position.timescale;
      const pauseMs = kind === track.kind ? Math.max(position.stepMs, silenceMs) : silenceMs;
      offsetMs = Math.max(offsetMs, lastMs + pauseMs - sourceMs, position.endMs - shownMs);
    }
    this.#run = { offsetMs: Math.ceil(offsetMs), newestMs: sourceMs }; // whole, so that tracks of all timescales move by the same
    return this.#run;
  }
}

function shownAt(dts: number, pts: number, timescale: number): number {
  return Math.min(pts, dts + (MAX_REORDER_MS * timescale) / 1000);
}

/** The track has not come to this run yet, and the sample lies before the end of what it has given so far. */
function overlaps({ dts, run: before, endMs, stepMs }: Position, run: Run, sourceMs: number): boolean {
  return before !== run && dts >= 0 && sourceMs + run.offsetMs < endMs - stepMs / 2;
}
