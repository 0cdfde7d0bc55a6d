import type { TrackEvents } from '../container/track-gate.ts';
import type { Sample } from '../media/sample.ts';
import { Timeline } from '../media/timeline.ts';
import type { Track } from '../media/track.ts';

/** Samples that fall due within this time leave together: at most 100 timers a second, and nobody sees 10 ms. */
const BATCH_MS = 10;
/** Who is later than this has run dry: what comes now is due now, and not in one burst with what comes after. */
const MAX_LATE_MS = 300;

/** Segments of a rendition that may lie here, the one that is leaving not counted. */
const MAX_WAITING_SEGMENTS = 1;

interface Waiting {
  readonly sample: Sample;
  readonly epoch: number;
  readonly rendition: PacedRendition;
  /** Number of the segment that it came with. */
  readonly segment: number;
}

interface PacedRenditionOwner {
  changed(): void;
  push(waiting: Waiting): void;
  /** To be called when samples have left. */
  whenPassed(resolve: () => void): void;
}

/** One playlist that is being read: what its segments hold goes in here, and leaves in time. */
export class PacedRendition implements TrackEvents {
  readonly #kinds: readonly Track['kind'][];
  readonly #owner: PacedRenditionOwner;
  #tracks: readonly Track[] = [];
  #epoch = 0;
  #segment = 0;
  #isFirstOfSegment = true;
  #isEnded = false;
  /** Number of the segment whose samples leave now. */
  passedSegment = 0;

  constructor(kinds: readonly Track['kind'][], owner: PacedRenditionOwner) {
    this.#kinds = kinds;
    this.#owner = owner;
  }

  /** Those that are taken from here. */
  get currentTracks(): readonly Track[] {
    return this.#tracks;
  }

  get hasBegun(): boolean {
    return this.#segment > 0 || this.#isEnded;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** What comes now is of another segment. Where `epoch` grows, its times may start anew. */
  startSegment(epoch: number): void {
    this.#epoch = epoch;
    this.#isFirstOfSegment = true;
  }

  tracks(tracks: readonly Track[]): void {
    this.#tracks = tracks.filter(({ kind }) => this.#kinds.includes(kind));
    this.#owner.changed();
  }

  sample(sample: Sample): void {
    if (!this.#kinds.includes(sample.track.kind)) return;
    if (this.#isFirstOfSegment) this.#segment += 1; // one that holds nothing must not be waited for
    this.#isFirstOfSegment = false;
    this.#owner.push({ sample, epoch: this.#epoch, rendition: this, segment: this.#segment });
  }

  /** Nothing comes any more. */
  end(): void {
    this.#isEnded = true;
    this.#owner.changed();
  }

  /** Resolves when there is room for another segment. */
  async room(): Promise<void> {
    while (this.#segment - this.passedSegment > MAX_WAITING_SEGMENTS) {
      await new Promise<void>((resolve) => this.#owner.whenPassed(resolve));
    }
  }
}

/**
 * Lets samples that come by whole segments go at the pace of their decode times, those of all renditions on one line of time. The first one
 * leaves when all renditions have begun.
 */
export class Pacer {
  readonly #events: TrackEvents;
  readonly #timeline = new Timeline();
  readonly #renditions: PacedRendition[] = [];
  /** The tracks that a stream consists of while it has this one. */
  readonly #tracksWith = new WeakMap<Track, readonly Track[]>();
  readonly #queues: Readonly<Record<Track['kind'], Waiting[]>> = { video: [], audio: [] };
  #epoch = Number.NEGATIVE_INFINITY;
  /** Of the sample that leaves next, on the line of output. */
  #next: Sample | undefined;
  /** Line time `#anchorLineMs` leaves at `#anchorMs` of the clock. */
  #anchorMs: number | undefined;
  #anchorLineMs = 0;
  #speed = 1;
  #timer: NodeJS.Timeout | undefined;
  #willPump = false;
  #announced: readonly Track[] = [];
  #waitingForRoom: (() => void)[] = [];
  readonly #drained = Promise.withResolvers<void>();
  readonly #started = Promise.withResolvers<void>();

  constructor(events: TrackEvents) {
    this.#events = events;
  }

  /** Resolves when the first sample has left. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  /** Resolves when all renditions have ended and everything has left. Rejects with what the events have thrown. */
  get drained(): Promise<void> {
    return this.#drained.promise;
  }

  /** 1 is real time: a little more catches up with a server whose clock runs faster. */
  set speed(speed: number) {
    if (speed === this.#speed) return;
    this.#anchorLineMs = this.#lineAt(performance.now());
    if (this.#anchorMs !== undefined) this.#anchorMs = performance.now();
    this.#speed = speed;
  }

  /** `kinds`: the tracks that are taken from it. All renditions are to be added before the first sample comes. */
  addRendition(kinds: readonly Track['kind'][]): PacedRendition {
    const rendition = new PacedRendition(kinds, {
      changed: () => this.#changed(),
      push: (waiting) => this.#push(waiting),
      whenPassed: (resolve) => void this.#waitingForRoom.push(resolve),
    });
    this.#renditions.push(rendition);
    return rendition;
  }

  /** Nothing leaves any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#queues.video.length = 0;
    this.#queues.audio.length = 0;
    this.#next = undefined;
  }

  #changed(): void {
    const all = this.#renditions.flatMap(({ currentTracks }) => currentTracks);
    const tracks = [...all.filter(({ kind }) => kind === 'video'), ...all.filter(({ kind }) => kind === 'audio')];
    for (const track of tracks) this.#tracksWith.set(track, tracks);
    this.#pumpSoon();
  }

  #push(waiting: Waiting): void {
    // What is of a stretch that is over for the other rendition already has no place, and its reader need not wait until it leaves.
    if (waiting.epoch < this.#epoch) this.#passed(waiting);
    else this.#queues[waiting.sample.track.kind].push(waiting);
    this.#pumpSoon();
  }

  /** When all of the segment is there that is just being taken apart. */
  #pumpSoon(): void {
    if (this.#willPump || this.#timer !== undefined) return;
    this.#willPump = true;
    queueMicrotask(() => {
      this.#willPump = false;
      this.#pump();
    });
  }

  /** Nobody else could catch what a listener throws here. */
  #pump(): void {
    try {
      this.#letGo();
    } catch (error) {
      this.stop();
      this.#drained.reject(error);
    }
  }

  /** Lets go what is due, and comes back for the rest. */
  #letGo(): void {
    if (this.#timer !== undefined || !this.#renditions.every(({ hasBegun }) => hasBegun)) return;
    for (;;) {
      const queue = this.#nextQueue();
      const head = queue?.[0];
      if (queue === undefined || head === undefined) break;
      this.#next ??= this.#place(head);
      if (this.#next !== undefined) {
        const delayMs = this.#delayMs(this.#next);
        if (delayMs > 0) {
          this.#timer = setTimeout(() => this.#wake(), Math.max(delayMs, BATCH_MS));
          return;
        }
        this.#emit(this.#next);
      }
      queue.shift();
      this.#next = undefined;
      this.#passed(head);
    }
    if (this.#renditions.every(({ isEnded }) => isEnded)) this.#drained.resolve();
  }

  #wake(): void {
    this.#timer = undefined;
    this.#pump();
  }

  /** The one whose first sample is to be decoded first; once chosen it stays until that has left. */
  #nextQueue(): Waiting[] | undefined {
    const { video, audio } = this.#queues;
    if (this.#next !== undefined) return this.#queues[this.#next.track.kind];
    const [picture, sound] = [video[0], audio[0]];
    if (picture === undefined || sound === undefined) return picture === undefined ? audio : video;
    if (picture.epoch !== sound.epoch) return picture.epoch < sound.epoch ? video : audio;
    return dtsMs(picture.sample) <= dtsMs(sound.sample) ? video : audio;
  }

  /** Undefined when there is no place for it on the line. */
  #place({ sample, epoch }: Waiting): Sample | undefined {
    if (epoch < this.#epoch) return undefined;
    if (epoch > this.#epoch) this.#timeline.restart();
    this.#epoch = epoch;
    return this.#timeline.place(sample);
  }

  #delayMs(sample: Sample): number {
    const [now, lineMs] = [performance.now(), dtsMs(sample)];
    const delayMs = (lineMs - this.#lineAt(now)) / this.#speed;
    if (this.#anchorMs !== undefined && delayMs > -MAX_LATE_MS) return delayMs;
    this.#anchorMs = now;
    this.#anchorLineMs = lineMs;
    return 0;
  }

  /** Line time that is due at a time of the clock. */
  #lineAt(now: number): number {
    return this.#anchorLineMs + (now - (this.#anchorMs ?? now)) * this.#speed;
  }

  #emit(sample: Sample): void {
    if (!this.#announced.includes(sample.track)) {
      this.#announced = this.#tracksWith.get(sample.track) ?? [sample.track];
      this.#events.tracks(this.#announced);
    }
    this.#events.sample(sample);
    this.#started.resolve();
  }

  #passed({ rendition, segment }: Waiting): void {
    if (segment === rendition.passedSegment) return;
    rendition.passedSegment = segment;
    for (const resolve of this.#waitingForRoom.splice(0)) resolve();
  }
}

function dtsMs({ dts, track }: Sample): number {
  return (dts * 1000) / track.timescale;
}
