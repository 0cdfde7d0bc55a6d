import { MalformedError } from '../bytes/malformed-error.ts';
import { Fmp4Demuxer } from '../container/fmp4/demuxer.ts';
import { type Fmp4Refusal, Fmp4RefusedError } from '../container/fmp4/refused-error.ts';
import type { TrackEvents } from '../container/track-gate.ts';

/** What came of a body, for the answer. */
export interface M4sReceipt {
  /** `ended`: the sender has said that the stream is over. `interrupted`: it may come back. */
  readonly status: 'ended' | 'interrupted';
  /** Decode time of the last sample, in ms on the line of the sender; undefined when there was none. */
  readonly lastDtsMs: number | undefined;
  readonly bytes: number;
}

/** A body that cannot be taken, with the HTTP status that says why. The message is for the sender as well as for people. */
export class M4sBodyError extends Error {
  override readonly name = 'M4sBodyError';
  readonly status: 400 | 412 | 413 | 415;

  constructor(status: M4sBodyError['status'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** DASH-IF Live Media Ingest v1.2 §5.4; 413 is ours. */
const STATUS: Readonly<Record<Fmp4Refusal, M4sBodyError['status']>> = {
  header_missing: 412,
  too_large: 413,
  unsupported: 415,
};

/**
 * The body of one request with fragmented MP4, without its HTTP framing. Times of samples are ticks of the track's timescale on the line of
 * the sender. Knows no sockets: whoever has them reports what comes of it.
 */
export class M4sReceiver {
  readonly #demuxer: Fmp4Demuxer;
  #bytes = 0;
  #lastDtsMs: number | undefined;
  #failure: M4sBodyError | undefined;

  constructor(events: TrackEvents) {
    this.#demuxer = new Fmp4Demuxer({
      tracks: (tracks) => events.tracks(tracks),
      sample: (sample) => {
        this.#lastDtsMs = (sample.dts * 1000) / sample.track.timescale;
        events.sample(sample);
      },
    });
  }

  /**
   * Bytes in any portions; samples may be views of them, so they must not be written to afterwards. Throws M4sBodyError, also for all that
   * follows.
   */
  push(bytes: Buffer): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#bytes += bytes.length;
    try {
      this.#demuxer.push(bytes);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      const status = error instanceof Fmp4RefusedError ? STATUS[error.refusal] : 400;
      this.#failure = new M4sBodyError(status, error.message, { cause: error });
      throw this.#failure;
    }
  }

  /** The body is over, in order or not. */
  end(): M4sReceipt {
    if (this.#failure === undefined) this.#demuxer.end();
    const status = this.#demuxer.isLastSegment ? 'ended' : 'interrupted';
    return { status, lastDtsMs: this.#lastDtsMs, bytes: this.#bytes };
  }
}
