// A movie fragment as it is read: where its samples are and when. ISO/IEC 14496-12 §8.8.
import { type Box, findBox, parseBoxes, readFullBox, readTicks, requireBox } from './box.ts';
import { SampleFlags } from './init-segment.ts';
import type { SampleDefaults } from './movie.ts';
import { Fmp4RefusedError } from './refused-error.ts';

/** One sample of a fragment. Times are ticks of its track. */
export interface FragmentEntry {
  readonly trackId: number;
  /** Position of its first byte in the stream. */
  readonly offset: number;
  readonly sizeBytes: number;
  readonly dts: number;
  readonly compositionOffset: number;
  /** The container calls it a sync sample; many writers say so of every sample. */
  readonly isSync: boolean;
  /** The container says that it depends on no other sample: sample_depends_on 2. */
  readonly isIndependent: boolean;
}

/** What fragments of a track may leave out. */
export interface FragmentContext {
  readonly defaults: SampleDefaults;
  /** Where the last fragment of the track ended: counts when the next one does not tell its time. */
  nextTicks: number;
  /** How much earlier than in the container samples are decoded, so that none is presented before its decode time. Grows with negative offsets. */
  leadTicks: number;
}

/** More than any writer puts into a fragment. */
const MAX_SAMPLES = 1 << 16;
const NO_DEFAULTS: SampleDefaults = { durationTicks: 0, sizeBytes: 0, flags: 0 };

const TfhdFlag = {
  baseDataOffset: 0x000001,
  sampleDescriptionIndex: 0x000002,
  defaultDuration: 0x000008,
  defaultSize: 0x000010,
  defaultFlags: 0x000020,
  defaultBaseIsMoof: 0x020000,
} as const;

const TrunFlag = {
  dataOffset: 0x000001,
  firstSampleFlags: 0x000004,
  duration: 0x000100,
  size: 0x000200,
  flags: 0x000400,
  compositionOffset: 0x000800,
} as const;

/** What a run may tell of each sample by itself. */
const PER_SAMPLE = TrunFlag.duration | TrunFlag.size | TrunFlag.flags | TrunFlag.compositionOffset;
const NON_SYNC = 0x00010000; // sample_is_non_sync_sample
const DEPENDS_ON = 0x03000000; // sample_depends_on

/**
 * The samples of a moof in the order of their bytes. `moofOffset` is the position of the box in the stream, from which offsets count;
 * `contextOf` knows the tracks, and samples of others are left out. Moves the contexts on. Throws MalformedError.
 */
export function parseFragment(
  moof: Buffer,
  moofOffset: number,
  contextOf: (trackId: number) => FragmentContext | undefined,
): FragmentEntry[] {
  const parser = new FragmentParser(moofOffset, contextOf);
  for (const { type, payload } of parseBoxes(moof)) if (type === 'traf') parser.trackFragment(parseBoxes(payload));
  return parser.entries.sort((a, b) => a.offset - b.offset);
}

/** tfhd with what it leaves out. */
interface TrackFragmentHeader {
  readonly trackId: number;
  readonly baseOffset: number;
  readonly defaults: SampleDefaults;
}

class FragmentParser {
  readonly entries: FragmentEntry[] = [];
  readonly #moofOffset: number;
  readonly #contextOf: (trackId: number) => FragmentContext | undefined;
  /** Samples so far, those that are left out as well. */
  #count = 0;
  /** Where the data of the next sample begins, and when it is decoded. */
  #offset: number;
  #dts = 0;
  #leadTicks = 0;

  constructor(moofOffset: number, contextOf: (trackId: number) => FragmentContext | undefined) {
    this.#moofOffset = moofOffset;
    this.#contextOf = contextOf;
    this.#offset = moofOffset;
  }

  trackFragment(traf: readonly Box[]): void {
    const header = this.#header(requireBox(traf, 'tfhd', 'traf'));
    const context = this.#contextOf(header.trackId);
    const tfdt = findBox(traf, 'tfdt');
    this.#offset = header.baseOffset;
    this.#leadTicks = 0;
    this.#dts = tfdt === undefined ? (context?.nextTicks ?? 0) : readDecodeTime(tfdt);
    for (const { type, payload } of traf) if (type === 'trun') this.#trackRun(payload, header, context !== undefined);
    if (context === undefined) return;
    context.nextTicks = this.#dts;
    context.leadTicks = Math.max(context.leadTicks, this.#leadTicks);
  }

  /** tfhd, §8.8.7. Without a base, data goes on where that of the track before has ended. */
  #header(tfhd: Buffer): TrackFragmentHeader {
    const { flags, reader } = readFullBox(tfhd);
    const has = (flag: number): boolean => (flags & flag) !== 0;
    const trackId = reader.u32(); // track_ID
    const implied = this.#contextOf(trackId)?.defaults ?? NO_DEFAULTS;
    const impliedBase = has(TfhdFlag.defaultBaseIsMoof) ? this.#moofOffset : this.#offset;
    const baseOffset = has(TfhdFlag.baseDataOffset) ? reader.u64() : impliedBase; // base_data_offset
    if (has(TfhdFlag.sampleDescriptionIndex)) reader.skip(4); // sample_description_index
    const defaults: SampleDefaults = {
      durationTicks: has(TfhdFlag.defaultDuration) ? reader.u32() : implied.durationTicks, // default_sample_duration
      sizeBytes: has(TfhdFlag.defaultSize) ? reader.u32() : implied.sizeBytes, // default_sample_size
      flags: has(TfhdFlag.defaultFlags) ? reader.u32() : implied.flags, // default_sample_flags
    };
    return { trackId, baseOffset, defaults };
  }

  /** trun, §8.8.8. */
  #trackRun(trun: Buffer, { trackId, baseOffset, defaults }: TrackFragmentHeader, isWanted: boolean): void {
    const { flags, reader } = readFullBox(trun);
    const has = (flag: number): boolean => (flags & flag) !== 0;
    const count = reader.u32(); // sample_count
    this.#count += count;
    if (this.#count > MAX_SAMPLES) {
      throw new Fmp4RefusedError('too_large', `fragment of ${this.#count} samples, at most ${MAX_SAMPLES}`);
    }
    if (has(TrunFlag.dataOffset)) this.#offset = baseOffset + reader.i32(); // data_offset
    const firstFlags = has(TrunFlag.firstSampleFlags) ? reader.u32() : undefined; // first_sample_flags
    if ((flags & PER_SAMPLE) === 0 && (!isWanted || defaults.sizeBytes === 0)) {
      this.#offset += count * defaults.sizeBytes; // at once: such a run is a handful of bytes, however many samples it claims
      this.#dts += count * defaults.durationTicks;
      return;
    }
    for (let index = 0; index < count; index++) {
      const durationTicks = has(TrunFlag.duration) ? reader.u32() : defaults.durationTicks; // sample_duration
      const sizeBytes = has(TrunFlag.size) ? reader.u32() : defaults.sizeBytes; // sample_size
      const ownFlags = has(TrunFlag.flags) ? reader.u32() : defaults.flags; // sample_flags
      const sampleFlags = index === 0 ? (firstFlags ?? ownFlags) : ownFlags;
      // sample_composition_time_offset; signed in version 0 as well, because there are writers that do not mind the version
      const compositionOffset = has(TrunFlag.compositionOffset) ? reader.i32() : 0;
      this.#leadTicks = Math.max(this.#leadTicks, -compositionOffset);
      if (isWanted) {
        this.entries.push({
          trackId,
          offset: this.#offset,
          sizeBytes,
          dts: this.#dts,
          compositionOffset,
          isSync: (sampleFlags & NON_SYNC) === 0,
          isIndependent: (sampleFlags & DEPENDS_ON) === (SampleFlags.sync & DEPENDS_ON),
        });
      }
      this.#offset += sizeBytes;
      this.#dts += durationTicks;
    }
  }
}

/** tfdt, §8.8.12. */
function readDecodeTime(tfdt: Buffer): number {
  const { version, reader } = readFullBox(tfdt);
  return readTicks(reader, version); // baseMediaDecodeTime
}
