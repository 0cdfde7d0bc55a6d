import { MalformedError } from '../../bytes/malformed-error.ts';
import type { AudioTrack } from '../../media/track.ts';
import type { AudioFrame, AudioFraming } from './audio-framing.ts';
import { TS_TIMESCALE } from './clock.ts';
import type { ElementaryStream, PesStart } from './pes-reader.ts';
import type { StreamEvents } from './stream-events.ts';

/** The largest frame of any codec, an Opus packet of 120 ms, is a little smaller. */
const MAX_WAITING_BYTES = 64 * 1024;
/** False syncs after which the rest of a PES packet is not looked through. */
const MAX_FALSE_SYNCS = 4;
const EMPTY = Buffer.alloc(0);

/** Where a PES packet began in the bytes that wait, and the time it told. */
interface Mark {
  readonly offset: number;
  readonly pts: number | undefined;
}

/** The byte stream of one audio PID -> samples. Frames may lie across PES packets; the time of one belongs to the first frame that begins in it. */
export class AudioStream implements ElementaryStream {
  readonly #framing: AudioFraming;
  readonly #events: StreamEvents<AudioTrack>;
  #track: AudioTrack | undefined;
  #format: number | undefined;
  /** Bytes of frames that are not complete, and where PES packets began in them. */
  #waiting: Buffer = EMPTY;
  #marks: Mark[] = [];
  /** The last frame was followed by another one, so the next needs no proof. */
  #isLocked = false;
  #falseSyncs = 0;
  #isSkipping = true;
  /** The last time that was told, and the seconds of sound since. */
  #told: number | undefined;
  #secondsSince = 0;

  constructor(framing: AudioFraming, events: StreamEvents<AudioTrack>) {
    this.#framing = framing;
    this.#events = events;
  }

  get track(): AudioTrack | undefined {
    return this.#track;
  }

  begin({ pts }: PesStart): void {
    const offset = this.#waiting.length;
    if (this.#marks.at(-1)?.offset === offset) this.#marks.pop(); // of a PES packet without a byte
    this.#marks.push({ offset, pts });
    this.#isSkipping = false;
  }

  data(bytes: Buffer): void {
    if (this.#isSkipping) return;
    this.#waiting = Buffer.concat([this.#waiting, bytes]);
    this.#read(false);
    if (this.#waiting.length > MAX_WAITING_BYTES || this.#falseSyncs > MAX_FALSE_SYNCS) this.lost();
  }

  finish(): void {
    this.#read(true);
  }

  lost(): void {
    if (this.#waiting.length > 0) this.#events.damaged();
    this.#forget(this.#waiting.length);
    this.#marks = [];
    this.#told = undefined;
    this.#isLocked = false;
    this.#falseSyncs = 0;
    this.#isSkipping = true;
  }

  end(): void {
    this.#read(true);
  }

  /** Hands out the frames that are complete. */
  #read(atEnd: boolean): void {
    let offset = 0;
    while (offset < this.#waiting.length && this.#falseSyncs <= MAX_FALSE_SYNCS) {
      const frame = this.#frameAt(offset, atEnd);
      if (frame === undefined) break;
      if (frame === 'none') {
        offset = this.#nextSync(offset + 1);
      } else {
        this.#deliver(frame, offset);
        offset += frame.bytes.length;
      }
    }
    this.#forget(offset);
  }

  /** Undefined when more bytes must come. */
  #frameAt(offset: number, atEnd: boolean): AudioFrame | 'none' | undefined {
    try {
      const frame = this.#framing.read(this.#waiting, offset, atEnd);
      if (frame === undefined || this.#isLocked) return frame;
      const end = offset + frame.bytes.length;
      const next = this.#framing.read(this.#waiting, end, atEnd); // throws when the sync was a false one
      const isProved = next !== undefined || (atEnd && end === this.#waiting.length);
      this.#isLocked = isProved;
      if (isProved) this.#falseSyncs = 0;
      return isProved ? frame : undefined;
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      if (this.#isLocked) this.#events.damaged();
      this.#isLocked = false;
      this.#falseSyncs += 1;
      return 'none';
    }
  }

  #nextSync(from: number): number {
    const sync = this.#waiting.indexOf(this.#framing.syncByte, from);
    return sync === -1 ? this.#waiting.length : sync;
  }

  #deliver(frame: AudioFrame, offset: number): void {
    const time = this.#timeAt(offset);
    this.#secondsSince += frame.samples / frame.sampleRate;
    this.#describe(frame);
    if (time === undefined || this.#track === undefined || frame.bytes.length === frame.headerBytes) return;
    const data = Buffer.from(frame.bytes.subarray(frame.headerBytes));
    this.#events.sample({ track: this.#track, dts: time, pts: time, isSync: true, data });
  }

  /** Undefined as long as no time has come. */
  #timeAt(offset: number): number | undefined {
    const mark = this.#marks.findLast((candidate) => candidate.offset <= offset);
    if (mark !== undefined) this.#marks = this.#marks.slice(this.#marks.indexOf(mark) + 1);
    if (mark?.pts !== undefined) {
      this.#told = mark.pts;
      this.#secondsSince = 0;
    }
    return this.#told === undefined ? undefined : this.#told + Math.round(this.#secondsSince * TS_TIMESCALE);
  }

  #describe(frame: AudioFrame): void {
    if (frame.format === this.#format) return;
    const common = { kind: 'audio', timescale: TS_TIMESCALE, bitrateBps: 0 } as const;
    this.#format = frame.format;
    this.#track = { ...common, ...this.#framing.describe(frame) };
    this.#events.track(this.#track);
  }

  #forget(end: number): void {
    if (end === 0) return;
    this.#waiting = end === this.#waiting.length ? EMPTY : this.#waiting.subarray(end);
    this.#marks = this.#marks.map(({ offset, pts }) => ({ offset: offset - end, pts }));
  }
}
