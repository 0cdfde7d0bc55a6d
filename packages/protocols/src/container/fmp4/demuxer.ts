// Fragmented MP4 as it comes from a socket -> tracks and samples. ISO/IEC 14496-12 §8.8; CMAF, ISO/IEC 23000-19 §7.3.
import { ByteQueue } from '../../bytes/byte-queue.ts';
import { MalformedError } from '../../bytes/malformed-error.ts';
import type { Sample } from '../../media/sample.ts';
import type { Track } from '../../media/track.ts';
import { type TrackEvents, TrackGate } from '../track-gate.ts';
import { BOX_HEADER_BYTES, printable } from './box.ts';
import { type FragmentEntry, parseFragment } from './fragment.ts';
import { parseMovie } from './movie.ts';
import { Fmp4RefusedError } from './refused-error.ts';
import { LAST_SEGMENT } from './segment-type.ts';
import { createTrackReader, type TrackReader } from './track-reader.ts';

/** Video is named first. Times of samples are ticks of the track's timescale on the line of the sender: where it starts again, they jump. */
export interface Fmp4DemuxerEvents extends TrackEvents {
  /** The stream is over because its sender has said so: its last segment was marked `lmsg`, and `end` was called. */
  ended?(): void;
}

export interface Fmp4DemuxerOptions {
  readonly maxMoovBytes: number;
  readonly maxMoofBytes: number;
  /** Of a live stream, where a fragment is a picture or a group of them; a segment of a file may want more. */
  readonly maxMdatBytes: number;
}

const DEFAULTS: Fmp4DemuxerOptions = { maxMoovBytes: 1 << 20, maxMoofBytes: 256 << 10, maxMdatBytes: 16 << 20 };

const LARGE_HEADER_BYTES = 16;
/** What is something else than MP4 shows here. Apple's types begin with a copyright sign. */
const BOX_TYPE = /^[\x20-\x7e\xa9][\x20-\x7e]{3}$/;
/** styp holds a handful of brands. */
const MAX_BRANDS_BYTES = 1024;

/** The box whose payload is coming. Positions count from the start of the stream, or of the file: see `startFile`. */
interface OpenBox {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/**
 * One stream. Takes the first video and the first audio track whose codecs are known. Samples come out as soon as their bytes are there, in
 * the order of the bytes; those of a fragment with several tracks together, in the order of their decode times. After an error it is of no
 * further use.
 */
export class Fmp4Demuxer {
  readonly #events: Fmp4DemuxerEvents;
  readonly #options: Fmp4DemuxerOptions;
  /** The configuration of a track may come in band, with its first sync sample. */
  readonly #gate: TrackGate;
  readonly #queue = new ByteQueue();
  /** Of the first byte in the queue. */
  #position = 0;
  #box: OpenBox | undefined;
  /** The header in force. */
  #movie: Buffer | undefined;
  #readers: readonly TrackReader[] = [];
  /** Samples of the fragment whose bytes have not come, from `#next` on. */
  #entries: readonly FragmentEntry[] = [];
  #next = 0;
  /** Samples of a fragment with several tracks. */
  #gathered: Sample[] | undefined;
  /** Those with a configuration. */
  #tracks: readonly Track[] = [];
  #isLastSegment = false;

  constructor(events: Fmp4DemuxerEvents, options: Partial<Fmp4DemuxerOptions> = {}) {
    this.#events = events;
    this.#gate = new TrackGate(events);
    this.#options = { ...DEFAULTS, ...options };
  }

  /** The newest segment was marked as the last one. */
  get isLastSegment(): boolean {
    return this.#isLastSegment;
  }

  /**
   * Bytes in any portions. Samples may be views of them, so they must not be written to afterwards. Throws MalformedError, of which
   * Fmp4RefusedError tells why bytes in good order are refused.
   */
  push(bytes: Buffer): void {
    this.#queue.push(bytes);
    while (this.#step());
  }

  /** Another file begins: positions inside of it count from here. What is left of the one before is dropped. */
  startFile(): void {
    this.#queue.skip(this.#queue.length);
    this.#position = 0;
    this.#box = undefined;
    this.#entries = [];
    this.#next = 0;
    this.#gathered = undefined;
  }

  /** No more bytes will come. A box that is not complete is dropped. */
  end(): void {
    this.#gate.open();
    if (this.#isLastSegment) this.#events.ended?.();
  }

  /** Does what the bytes in the queue allow; false when they are too few. */
  #step(): boolean {
    if (this.#box === undefined) return this.#openBox();
    switch (this.#box.type) {
      case 'moov':
        return this.#collect(this.#box, this.#options.maxMoovBytes, this.#readMovie);
      case 'moof':
        return this.#collect(this.#box, this.#options.maxMoofBytes, this.#readFragment);
      case 'styp':
        return this.#collect(this.#box, MAX_BRANDS_BYTES, this.#readBrands);
      case 'mdat':
        return this.#readMedia(this.#box);
      default:
        return this.#skipTo(this.#box.end); // sidx, emsg, prft, free, mfra and whatever else there is
    }
  }

  #openBox(): boolean {
    const header = this.#queue.peek(BOX_HEADER_BYTES);
    if (header === undefined) return false;
    const size = header.readUInt32BE(0); // size
    const type = header.toString('latin1', 4, 8); // type
    const isLarge = size === 1;
    const headerBytes = isLarge ? LARGE_HEADER_BYTES : BOX_HEADER_BYTES;
    const whole = this.#queue.take(headerBytes);
    if (whole === undefined) return false;
    const sizeBytes = isLarge ? Number(whole.readBigUInt64BE(8)) : size; // largesize
    if (!BOX_TYPE.test(type)) throw new MalformedError(`no box type: ${printable(type)}`, this.#position);
    // A size of 0 means up to the end of the file, which a stream does not have.
    if (sizeBytes < headerBytes || !Number.isSafeInteger(sizeBytes)) {
      throw new MalformedError(`size ${sizeBytes} of box ${type}`, this.#position);
    }
    this.#box = { type, start: this.#position, end: this.#position + sizeBytes };
    this.#position += headerBytes;
    this.#checkMedia(this.#box);
    return true;
  }

  #checkMedia({ type, start, end }: OpenBox): void {
    if (type === 'mdat' && this.#next < this.#entries.length && end - start > this.#options.maxMdatBytes) {
      throw tooLarge(type, end - start, this.#options.maxMdatBytes);
    }
  }

  /** Waits for a whole box. */
  #collect({ type, end }: OpenBox, maxBytes: number, read: (payload: Buffer, box: OpenBox) => void): boolean {
    const payloadBytes = end - this.#position;
    if (payloadBytes > maxBytes) throw tooLarge(type, payloadBytes, maxBytes);
    const payload = this.#queue.take(payloadBytes);
    if (payload === undefined) return false;
    const box = this.#box!;
    this.#position = end;
    this.#box = undefined;
    read(payload, box);
    return true;
  }

  /** Throws away up to a position, which is the end of the box if it has nothing more to give. */
  #skipTo(position: number): boolean {
    this.#position += this.#queue.skip(position - this.#position);
    if (this.#position < position) return false;
    if (this.#box !== undefined && this.#position === this.#box.end) this.#box = undefined;
    return true;
  }

  #readBrands = (payload: Buffer): void => {
    this.#isLastSegment = false;
    for (let offset = 0; offset + 4 <= payload.length; offset += 4) {
      const isBrand = offset !== 4; // major_brand, minor_version, compatible_brands
      if (isBrand && payload.toString('latin1', offset, offset + 4) === LAST_SEGMENT) this.#isLastSegment = true;
    }
  };

  #readMovie = (payload: Buffer): void => {
    this.#requireMedia();
    if (this.#movie?.equals(payload)) return; // said once more, as before each segment of some writers
    this.#movie = Buffer.from(payload); // a copy: views of it live as long as the tracks
    const movieTracks = parseMovie(this.#movie);
    const chosen = (['video', 'audio'] as const)
      .map((kind) => movieTracks.find(({ description }) => description.kind === kind))
      .filter((movieTrack) => movieTrack !== undefined);
    this.#readers = chosen.map((movieTrack) => createTrackReader(movieTrack, this.#tracks));
    this.#announce();
  };

  #readFragment = (payload: Buffer, { start }: OpenBox): void => {
    this.#requireMedia();
    if (this.#readers.length === 0) throw new Fmp4RefusedError('header_missing', 'moof before moov', start);
    const entries = parseFragment(payload, start, (trackId) => this.#readerOf(trackId));
    this.#entries = entries.filter(({ sizeBytes }) => sizeBytes > 0);
    this.#next = 0;
    const isMixed = this.#entries.some(({ trackId }) => trackId !== this.#entries[0]!.trackId);
    this.#gathered = isMixed ? [] : undefined;
  };

  /** The samples of the fragment before must have had their bytes. */
  #requireMedia(): void {
    const missing = this.#entries.length - this.#next;
    if (missing > 0) throw new MalformedError(`${missing} samples of a fragment without media data`, this.#position);
  }

  #readMedia({ end }: OpenBox): boolean {
    const entry = this.#entries[this.#next];
    if (entry === undefined || entry.offset >= end) return this.#skipTo(end);
    if (entry.offset < this.#position || entry.offset + entry.sizeBytes > end) {
      throw new MalformedError(`sample from ${entry.offset} on is outside of the media data`, this.#position);
    }
    if (entry.offset > this.#position) return this.#skipTo(entry.offset);
    const data = this.#queue.take(entry.sizeBytes);
    if (data === undefined) return false;
    this.#position += entry.sizeBytes;
    this.#next += 1;
    this.#readSample(entry, data);
    return true;
  }

  #readSample(entry: FragmentEntry, data: Buffer): void {
    const reader = this.#readerOf(entry.trackId)!;
    const before = reader.track;
    const sample = reader.read(entry, data);
    if (reader.track !== before) {
      this.#releaseGathered(); // they belong to the tracks before
      this.#announce();
    }
    if (sample !== undefined && this.#gathered !== undefined) this.#gathered.push(sample);
    else if (sample !== undefined) this.#deliver(sample);
    if (this.#next === this.#entries.length) this.#releaseGathered();
  }

  #releaseGathered(): void {
    const gathered = this.#gathered?.splice(0) ?? [];
    for (const sample of gathered.sort((a, b) => decodeTimeMs(a) - decodeTimeMs(b))) this.#deliver(sample);
  }

  #deliver(sample: Sample): void {
    this.#gate.sample(sample);
    this.#gate.reach(decodeTimeMs(sample));
  }

  /** Names the tracks if they have changed. */
  #announce(): void {
    const tracks = this.#readers.map(({ track }) => track).filter((track) => track !== undefined);
    const isSame = tracks.length === this.#tracks.length && tracks.every((track, at) => track === this.#tracks[at]);
    if (isSame) return;
    this.#tracks = tracks;
    this.#gate.setTracks(tracks, tracks.length === this.#readers.length);
  }

  #readerOf(trackId: number): TrackReader | undefined {
    for (const reader of this.#readers) if (reader.trackId === trackId) return reader;
    return undefined;
  }
}

function decodeTimeMs({ dts, track }: Sample): number {
  return (dts * 1000) / track.timescale;
}

function tooLarge(type: string, sizeBytes: number, maxBytes: number): Fmp4RefusedError {
  return new Fmp4RefusedError('too_large', `box ${type} of ${sizeBytes} bytes, at most ${maxBytes}`);
}
