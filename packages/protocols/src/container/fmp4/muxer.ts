// Samples -> CMAF-like fragments: one picture or up to three audio frames each. ISO/IEC 14496-12 §8.8.
import { MalformedError } from '../../bytes/malformed-error.ts';
import { SlabWriter } from '../../bytes/slab-writer.ts';
import { audioFrameSamples } from '../../codec/duration.ts';
import type { Sample } from '../../media/sample.ts';
import { rescale } from '../../media/timestamp.ts';
import type { AudioTrack, Track } from '../../media/track.ts';
import { type FragmentSample, writeFragment, writeProducerReferenceTime } from './fragment-writer.ts';
import { inBandParameterSets } from './in-band-parameter-sets.ts';
import { buildInitSegment, fmp4Supports, mediaTimescale, trackIdAt } from './init-segment.ts';
import { sampleEntry } from './sample-entry.ts';

export interface Fmp4MuxerOptions {
  /** Left free before and behind what `take` returns, for a frame around it. */
  readonly headRoomBytes: number;
  readonly tailRoomBytes: number;
  /** Wall clock, Unix ms. */
  readonly now: () => number;
}

const DEFAULTS: Fmp4MuxerOptions = { headRoomBytes: 0, tailRoomBytes: 0, now: Date.now };

/** Sound that travels in one fragment at most: 64 ms of AAC at 48 kHz. */
const MAX_GROUP = 3;
/** Used until a video track without a frame rate has shown the distance of its pictures. */
const ASSUMED_FRAME_RATE = 25;
/** What the fields hold. Sources that count in 33 bits, or describe their codec wrongly, can say more. */
const MAX_COMPOSITION_OFFSET = 0x7fffffff;
const MAX_DURATION = 0xffffffff;
const NOTHING = Buffer.alloc(0);

/** A track on its way into the container. Times are ticks of its media timescale, on the wall-clock line. */
interface Lane {
  readonly track: Track;
  readonly trackId: number;
  readonly timescale: number;
  /** A header with it has gone out, or begins every connection. */
  isTold: boolean;
  /** The next sync picture says once more what the header says: readers of files look at the first header only. */
  needsParameterSets: boolean;
  /** Added to rescaled times. */
  originTicks: number;
  /** Time of the last sample; -1 before it. */
  lastTicks: number;
  /** Where the last sound ends. */
  endTicks: number;
  /** Distance of the last two pictures, or length of the last sound. */
  stepTicks: number;
  /** Time of the last ProducerReferenceTimeBox. */
  referenceTicks: number;
}

/**
 * The fragments of one stream. Decode times are media time on a line that is anchored once, at the first sample, to the wall clock: they
 * rise with the media and never with the clock, and a stream that goes on in another process, which has another time line inside, goes on
 * at nearly the same place. They need 64 bits and never end. Samples of tracks that were not named are left out.
 */
export class Fmp4Muxer {
  readonly #options: Fmp4MuxerOptions;
  readonly #writer = new SlabWriter();
  #lanes: readonly Lane[] = [];
  #hasVideo = false;
  /** The header of the tracks in force has to go out before a sample needs it. */
  #headerIsDue = false;
  /** Stream time 0 on the wall clock, Unix ms. */
  #anchorMs: number | undefined;
  #sequenceNumber = 0;
  /** Sound that waits for its fragment, of one track and without gaps. */
  readonly #group: readonly FragmentSample[] = Array.from({ length: MAX_GROUP }, emptySample);
  #groupLane: Lane | undefined;
  #groupTicks = 0;
  #groupCount = 0;
  /** Reused for every fragment, so that none allocates. */
  readonly #picture: readonly FragmentSample[] = [emptySample()];
  readonly #fragment = {
    sequenceNumber: 0,
    trackId: 0,
    timeTicks: 0,
    isVideo: false,
    samples: this.#picture,
    count: 0,
  };

  constructor(options: Partial<Fmp4MuxerOptions> = {}) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /** Names the tracks that the next samples belong to. Those that fragmented MP4 cannot carry, or whose configuration is broken, are left out. */
  setTracks(tracks: readonly Track[]): void {
    this.#closeGroup();
    const before = this.#lanes;
    const supported = tracks.filter((track) => fmp4Supports(track) && isDescribable(track));
    if (supported.length === before.length && supported.every((track, index) => track === before[index]!.track)) return;
    this.#lanes = supported.map((track, index) => this.#lane(track, index, before));
    this.#hasVideo = supported.some(({ kind }) => kind === 'video');
    this.#headerIsDue = this.#anchorMs !== undefined;
  }

  /** One of the tracks in force is video. */
  get hasVideo(): boolean {
    return this.#hasVideo;
  }

  /** ftyp and moov of the tracks in force. */
  header(): Buffer {
    return buildInitSegment(this.#lanes.map(({ track }) => track));
  }

  /** Whether the sample was taken. The data is copied before `take` returns. */
  append(sample: Sample): boolean {
    const lane = this.#laneOf(sample.track);
    if (lane === undefined) return false;
    this.#anchorMs ??= this.#anchor(sample);
    const opensGroup = sample.isSync && (!this.#hasVideo || sample.track.kind === 'video');
    if (this.#headerIsDue && (opensGroup || !lane.isTold)) this.#writeHeader();
    const timeTicks = timeOf(lane, sample);
    if (sample.track.kind === 'video') this.#appendPicture(lane, sample, timeTicks);
    else this.#appendSound(lane, sample, timeTicks, soundTicks(lane, sample));
    lane.lastTicks = timeTicks;
    return true;
  }

  /**
   * Everything appended since the last call, with the free room around it; undefined when there is nothing. Immutable but for the room,
   * which is the caller's.
   */
  take(): Buffer | undefined {
    const { tailRoomBytes } = this.#options;
    this.#closeGroup();
    if (this.#writer.length === 0) return undefined;
    this.#writer.reserve(tailRoomBytes);
    this.#writer.leave(tailRoomBytes);
    return this.#writer.take();
  }

  /** Does sound that waits for its fragment lie in this memory? */
  holds(memory: ArrayBufferLike): boolean {
    return this.#group.some(({ data }) => data.buffer === memory);
  }

  #laneOf(track: Track): Lane | undefined {
    for (const lane of this.#lanes) if (lane.track === track) return lane;
    return undefined;
  }

  /** A track that takes the place of another goes on behind it. */
  #lane(track: Track, index: number, before: readonly Lane[]): Lane {
    const trackId = trackIdAt(index);
    const timescale = mediaTimescale(track);
    const previous = before.find((lane) => lane.trackId === trackId);
    const isKept = previous?.track === track;
    const isFirst = this.#anchorMs === undefined;
    const lastTicks = previous === undefined ? -1 : rescale(previous.lastTicks, previous.timescale, timescale);
    const originTicks = this.#anchorMs === undefined ? 0 : rescale(this.#anchorMs, 1000, timescale);
    return {
      track,
      trackId,
      timescale,
      isTold: isFirst || (isKept && previous.isTold),
      needsParameterSets: isKept ? previous.needsParameterSets : !isFirst,
      originTicks,
      lastTicks,
      endTicks: Number.NEGATIVE_INFINITY,
      stepTicks: Math.min(Math.round(timescale / nominalRate(track)), timescale), // of a picture a second at most
      referenceTicks: Number.NEGATIVE_INFINITY,
    };
  }

  #anchor({ dts, track }: Sample): number {
    const anchorMs = Math.round(this.#options.now() - (dts * 1000) / track.timescale);
    for (const lane of this.#lanes) lane.originTicks = rescale(anchorMs, 1000, lane.timescale);
    return anchorMs;
  }

  #appendPicture(lane: Lane, sample: Sample, timeTicks: number): void {
    this.#closeGroup();
    const stepTicks = timeTicks - lane.lastTicks;
    if (lane.lastTicks >= 0 && stepTicks < lane.timescale) lane.stepTicks = stepTicks;
    const picture = this.#picture[0]!;
    const shownTicks = lane.originTicks + rescale(sample.pts, sample.track.timescale, lane.timescale);
    picture.durationTicks = lane.stepTicks;
    picture.compositionOffsetTicks = Math.min(Math.max(0, shownTicks - timeTicks), MAX_COMPOSITION_OFFSET);
    picture.isSync = sample.isSync;
    picture.data = sample.data;
    if (sample.isSync && lane.needsParameterSets) {
      picture.data = Buffer.concat([inBandParameterSets(lane.track), sample.data]);
      lane.needsParameterSets = false;
    }
    this.#writeReferenceTime(lane, timeTicks, sample.isSync);
    this.#writeFragment(lane, timeTicks, this.#picture, 1);
    picture.data = NOTHING;
  }

  #appendSound(lane: Lane, sample: Sample, timeTicks: number, durationTicks: number): void {
    const continues = lane === this.#groupLane && timeTicks === lane.endTicks && this.#groupCount < MAX_GROUP;
    if (!continues) {
      this.#closeGroup();
      this.#groupLane = lane;
      this.#groupTicks = timeTicks;
    }
    const slot = this.#group[this.#groupCount++]!;
    slot.durationTicks = durationTicks;
    slot.data = sample.data;
    lane.endTicks = timeTicks + durationTicks;
  }

  #closeGroup(): void {
    const lane = this.#groupLane;
    if (lane === undefined) return;
    if (!this.#hasVideo) this.#writeReferenceTime(lane, this.#groupTicks, false);
    this.#writeFragment(lane, this.#groupTicks, this.#group, this.#groupCount);
    for (let index = 0; index < this.#groupCount; index++) this.#group[index]!.data = NOTHING;
    this.#groupLane = undefined;
    this.#groupCount = 0;
  }

  #writeHeader(): void {
    this.#closeGroup();
    const header = this.header();
    this.#begin();
    this.#writer.reserve(header.length);
    this.#writer.bytes(header);
    this.#headerIsDue = false;
    for (const lane of this.#lanes) lane.isTold = true;
  }

  /** Before each sync picture, and each second: receivers can tell from it how old a sample is. */
  #writeReferenceTime(lane: Lane, timeTicks: number, isDue: boolean): void {
    if (!isDue && timeTicks - lane.referenceTicks < lane.timescale) return;
    lane.referenceTicks = timeTicks;
    this.#begin();
    writeProducerReferenceTime(this.#writer, lane.trackId, this.#options.now(), timeTicks);
  }

  #writeFragment(lane: Lane, timeTicks: number, samples: readonly FragmentSample[], count: number): void {
    const fragment = this.#fragment;
    fragment.sequenceNumber = ++this.#sequenceNumber;
    fragment.trackId = lane.trackId;
    fragment.timeTicks = timeTicks;
    fragment.isVideo = lane.track.kind === 'video';
    fragment.samples = samples;
    fragment.count = count;
    this.#begin();
    writeFragment(this.#writer, fragment);
  }

  /** The room before the first bytes. */
  #begin(): void {
    if (this.#writer.length > 0) return;
    this.#writer.reserve(this.#options.headRoomBytes);
    this.#writer.leave(this.#options.headRoomBytes);
  }
}

function isDescribable(track: Track): boolean {
  try {
    sampleEntry(track);
    return true;
  } catch (error) {
    if (error instanceof MalformedError) return false;
    throw error;
  }
}

/** A frame that does not tell how long it sounds is taken for as long as the one before. */
function soundTicks(lane: Lane, { track, data }: Sample): number {
  try {
    lane.stepTicks = Math.min(Math.round(audioFrameSamples(track as AudioTrack, data)), MAX_DURATION);
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
  }
  return lane.stepTicks;
}

function emptySample(): FragmentSample {
  return { durationTicks: 0, compositionOffsetTicks: 0, isSync: true, data: NOTHING };
}

function nominalRate(track: Track): number {
  return track.kind === 'video' && track.frameRate > 0 ? track.frameRate : ASSUMED_FRAME_RATE;
}

/**
 * Decode time of a sample, later than that of the one before. Sound that is off its place by no more than the source's clock can tell is put
 * there: sources that count in milliseconds would otherwise make holes and overlaps between all frames.
 */
function timeOf(lane: Lane, { dts, track }: Sample): number {
  const ticks = lane.originTicks + rescale(dts, track.timescale, lane.timescale);
  const isRounded = track.kind === 'audio' && Math.abs(ticks - lane.endTicks) * track.timescale <= lane.timescale;
  return isRounded ? lane.endTicks : Math.max(ticks, lane.lastTicks + 1);
}
