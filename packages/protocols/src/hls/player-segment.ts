import { Fmp4Demuxer } from '../container/fmp4/demuxer.ts';
import { TsDemuxer } from '../container/mpegts/demuxer.ts';
import type { TrackEvents } from '../container/track-gate.ts';
import { PublishError } from '../publisher/errors.ts';
import { PackedAudioDemuxer } from './player-packed-audio.ts';

/** A whole segment may be one fragment. */
export const MAX_SEGMENT_BYTES = 64 << 20;
const TS_SYNC_BYTE = 0x47;
const TS_PACKET_BYTES = 188;
/** Boxes that a segment of fragmented MP4 may begin with. */
const FIRST_BOXES: ReadonlySet<string> = new Set(['ftyp', 'styp', 'moof', 'sidx', 'prft', 'emsg', 'moov', 'free']);

type Format = 'mpegts' | 'fmp4' | 'packed-audio';

interface Demuxer {
  /** Where the container counts positions: each segment is a file of its own, also after one that was cut off. */
  startFile?(): void;
  push(bytes: Buffer): void;
  end(): void;
}

const demuxers: Readonly<Record<Format, (events: TrackEvents) => Demuxer>> = {
  mpegts: (events) => new TsDemuxer(events),
  fmp4: (events) => new Fmp4Demuxer(events, { maxMdatBytes: MAX_SEGMENT_BYTES, maxMoofBytes: 4 << 20 }),
  'packed-audio': (events) => new PackedAudioDemuxer(events),
};

/** Segments of one rendition -> tracks and samples, whatever their container. */
export class SegmentDemuxer {
  readonly #events: TrackEvents;
  #format: Format | undefined;
  #demuxer: Demuxer | undefined;
  #init: Buffer | undefined;

  constructor(events: TrackEvents) {
    this.#events = events;
  }

  /** One segment; `init` is its EXT-X-MAP, the same object as long as that stays. Throws MalformedError or PublishError. */
  push(bytes: Buffer, init: Buffer | undefined): void {
    if (bytes.length === 0) return;
    const format = formatOf(bytes);
    if (this.#demuxer === undefined || format !== this.#format) {
      this.reset();
      this.#format = format;
      this.#demuxer = demuxers[format](this.#events);
    }
    if (init !== undefined && init !== this.#init) this.#demuxer.push(init);
    this.#init = init;
    this.#demuxer.startFile?.();
    this.#demuxer.push(bytes);
  }

  /** What comes next has nothing to do with what came before: its times start anew, or something is missing between them. */
  reset(): void {
    this.#demuxer?.end();
    this.#demuxer = undefined;
    this.#init = undefined;
  }
}

/** RFC 8216 §3: the container shows in the first bytes. */
function formatOf(bytes: Buffer): Format {
  if (bytes[0] === TS_SYNC_BYTE && (bytes.length < 2 * TS_PACKET_BYTES || bytes[TS_PACKET_BYTES] === TS_SYNC_BYTE)) {
    return 'mpegts';
  }
  if (FIRST_BOXES.has(bytes.toString('latin1', 4, 8))) return 'fmp4';
  if (PackedAudioDemuxer.recognises(bytes)) return 'packed-audio';
  const text = bytes.toString('latin1', 0, 6);
  const what = text === 'WEBVTT' ? 'subtitles' : 'neither MPEG-TS nor fragmented MP4 nor packed AAC';
  throw new PublishError('protocol_violation', `its segments are ${what}`);
}
