import { MalformedError } from '../../bytes/malformed-error.ts';
import { parseAnnexB } from '../../codec/h264/access-unit.ts';
import { parseAvcConfiguration } from '../../codec/h264/avcc.ts';
import { mergeParameterSets } from '../../codec/h264/parameter-sets.ts';
import { parseSps } from '../../codec/h264/sps.ts';
import { parseHevcAnnexB } from '../../codec/hevc/access-unit.ts';
import { parseHevcConfiguration } from '../../codec/hevc/hvcc.ts';
import { mergeHevcParameterSets } from '../../codec/hevc/parameter-sets.ts';
import { parseHevcSps } from '../../codec/hevc/sps.ts';
import type { VideoTrack } from '../../media/track.ts';
import { AccessUnitScanner, type AccessUnitSpan, type ByteStreamCodec, startsAccessUnit } from './access-units.ts';
import { TS_TIMESCALE } from './clock.ts';
import type { ElementaryStream, PesStart } from './pes-reader.ts';
import type { StreamEvents } from './stream-events.ts';

/** An intra picture of 8K at the highest bit rates stays below. */
const MAX_ACCESS_UNIT_BYTES = 16 << 20;
/** A stream that has split no access unit in so many PES packets will not start to. */
const TRUSTED_PACKETS = 25;
/** More than any encoder makes of one picture. Whoever sends more wants to cost us memory and time. */
const MAX_NAL_UNITS = 10_000;
const MAX_MARKS = 1000;
const FIRST_BYTES = 64 * 1024;
const ASSUMED_STEP = TS_TIMESCALE / 25;

/** Where a PES packet began in the bytes that wait, and what its header said; taken by the first access unit that begins there. */
interface Mark {
  readonly offset: number;
  start: PesStart | undefined;
}

/** Ticks of 90 kHz. */
interface Times {
  readonly pts: number;
  readonly dts: number;
}

/**
 * The byte stream of one video PID -> samples. An access unit is over when the next one begins, which is nearly always with the next PES packet;
 * one whose bytes are not all there is left out.
 */
export class VideoStream implements ElementaryStream {
  readonly codec: ByteStreamCodec;
  readonly #events: StreamEvents<VideoTrack>;
  readonly #scanner: AccessUnitScanner;
  #track: VideoTrack | undefined;
  /** Two pictures in one PES packet are the fields of one frame. */
  #hasFields = false;
  #needsSync = true;
  /** Bytes that wait, and where PES packets began in them. */
  #bytes = Buffer.alloc(0);
  #length = 0;
  #marks: Mark[] = [];
  /** Of a PES packet whose first bytes have not come. */
  #start: PesStart | undefined;
  /** Inside a PES packet. */
  #isOpen = false;
  /** Bytes are of no use until the next PES packet. */
  #isSkipping = true;
  /** PES packets in a row that began with an access unit. */
  #alignedPackets = 0;
  /** Of the last access unit. */
  #last: Times | undefined;
  #step = ASSUMED_STEP;
  /** The last decode time that a PES packet told, and the access units since. */
  #told: number | undefined;
  #unitsSinceTold = 1;

  constructor(codec: ByteStreamCodec, events: StreamEvents<VideoTrack>) {
    this.codec = codec;
    this.#scanner = new AccessUnitScanner(codec);
    this.#events = events;
  }

  get track(): VideoTrack | undefined {
    return this.#track;
  }

  begin(start: PesStart): void {
    this.#start = start;
    this.#isOpen = true;
    this.#isSkipping = false;
  }

  data(bytes: Buffer): void {
    if (this.#isSkipping) return;
    if (this.#start !== undefined) this.#place(this.#start, bytes);
    if (this.#length + bytes.length > MAX_ACCESS_UNIT_BYTES || this.#marks.length > MAX_MARKS) {
      this.#drop();
      return;
    }
    this.#reserve(bytes.length);
    bytes.copy(this.#bytes, this.#length);
    this.#length += bytes.length;
  }

  finish(): void {
    this.#isOpen = false;
    if (this.#alignedPackets >= TRUSTED_PACKETS) this.#release(true);
  }

  lost(): void {
    if (this.#isOpen) this.#drop();
    else this.#release(true);
    this.#start = undefined;
    this.#isOpen = false;
    this.#isSkipping = true;
  }

  end(): void {
    this.#release(true);
  }

  /** Puts the PES packet that begins with `bytes` behind what waits, and releases what that completes. */
  #place(start: PesStart, bytes: Buffer): void {
    this.#start = undefined;
    const isAligned = startsAccessUnit(bytes, this.codec);
    this.#alignedPackets = isAligned ? this.#alignedPackets + 1 : 0;
    if (this.#length > 0) this.#release(isAligned);
    this.#marks.push({ offset: this.#length, start });
  }

  /** Hands out the access units that wait: all of them when they are `complete`, else all but the last. */
  #release(complete: boolean): void {
    const waiting = this.#bytes.subarray(0, this.#length);
    const units = this.#unitsIn(waiting, complete);
    const last = units.at(-1);
    const kept = last !== undefined && complete && last.hasPicture ? undefined : last;
    for (const [index, unit] of units.entries()) {
      if (unit === kept) break;
      const mark = this.#markOf(unit);
      if (unit.nalUnits > MAX_NAL_UNITS) this.#events.damaged();
      else this.#read(waiting.subarray(unit.start, units[index + 1]?.start ?? this.#length), mark?.start);
      if (mark !== undefined) mark.start = undefined;
    }
    this.#forget(kept?.start ?? this.#length);
  }

  #unitsIn(waiting: Buffer, complete: boolean): readonly AccessUnitSpan[] {
    const units = this.#scanner.scan(waiting, complete);
    if (!this.#hasFields) return units;
    return units.filter((unit, index) => index === 0 || this.#markOf(unit) !== this.#markOf(units[index - 1]!));
  }

  /** The PES packet in which an access unit begins. */
  #markOf({ nalStart }: AccessUnitSpan): Mark | undefined {
    return this.#marks.findLast(({ offset }) => offset <= nalStart);
  }

  /** Makes away with the bytes before `end`. */
  #forget(end: number): void {
    this.#scanner.forget(end);
    this.#bytes.copyWithin(0, end, this.#length);
    this.#length -= end;
    const first = this.#marks.findLastIndex(({ offset }) => offset <= end);
    const marks = this.#length === 0 ? [] : this.#marks.slice(Math.max(first, 0));
    this.#marks = marks.map(({ offset, start }) => ({ offset: offset - end, start }));
  }

  #drop(): void {
    if (this.#length > 0) this.#events.damaged();
    this.#forget(this.#length);
    this.#isSkipping = true;
  }

  /** `start` only for the first access unit that begins in a PES packet. */
  #read(bytes: Buffer, start: PesStart | undefined): void {
    const times = this.#timesOf(start);
    try {
      const unit = this.#parse(bytes);
      if (unit.parameterSets.length > 0) this.#configure(unit.parameterSets);
      if (times === undefined || this.#track === undefined || unit.data.length === 0) return;
      const isSync =
        unit.isSync || (this.codec === 'h264' && unit.parameterSets.length > 0 && start?.isRandomAccess === true);
      if (this.#needsSync && !isSync) return;
      this.#needsSync = false;
      this.#events.sample({ track: this.#track, ...times, isSync, data: unit.data });
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this.#events.damaged();
    }
  }

  #parse(bytes: Buffer): {
    readonly data: Buffer;
    readonly isSync: boolean;
    readonly parameterSets: readonly Buffer[];
  } {
    if (this.codec === 'hevc') {
      const { data, isIrap, parameterSets } = parseHevcAnnexB(bytes);
      return { data, isSync: isIrap, parameterSets };
    }
    const { data, isIdr, parameterSets } = parseAnnexB(bytes);
    return { data, isSync: isIdr, parameterSets };
  }

  /** Undefined as long as no time has come. Where PES packets do not tell, access units follow at the distance seen before. */
  #timesOf(start: PesStart | undefined): Times | undefined {
    if (start?.pts === undefined) {
      if (this.#last === undefined) return undefined;
      this.#last = { pts: this.#last.pts + this.#step, dts: this.#last.dts + this.#step };
      this.#unitsSinceTold += 1;
      return this.#last;
    }
    const dts = start.dts ?? start.pts;
    const step = Math.round((dts - (this.#told ?? dts)) / this.#unitsSinceTold);
    if (step > 0 && step < TS_TIMESCALE) this.#step = step;
    this.#told = dts;
    this.#unitsSinceTold = 1;
    this.#last = { pts: Math.max(start.pts, dts), dts };
    return this.#last;
  }

  #configure(parameterSets: readonly Buffer[]): void {
    const merge = this.codec === 'hevc' ? mergeHevcParameterSets : mergeParameterSets;
    const config = merge(this.#track?.config, parameterSets);
    if (config === undefined) return;
    const { width, height, frameRate, hasFields } = this.codec === 'hevc' ? describeHevc(config) : describeAvc(config);
    const common = { kind: 'video', timescale: TS_TIMESCALE, bitrateBps: 0 } as const;
    this.#track = { ...common, codec: this.codec, config, width, height, frameRate };
    this.#hasFields = hasFields;
    this.#needsSync = true;
    if (frameRate > 0) this.#step = Math.round(TS_TIMESCALE / frameRate);
    this.#events.track(this.#track);
  }

  #reserve(sizeBytes: number): void {
    if (this.#length + sizeBytes <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(FIRST_BYTES, 2 * this.#bytes.length, this.#length + sizeBytes));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

interface Picture {
  readonly width: number;
  readonly height: number;
  readonly frameRate: number;
  readonly hasFields: boolean;
}

function describeAvc(config: Buffer): Picture {
  const { width, height, frameRate, framesOnly } = parseSps(parseAvcConfiguration(config).sps[0]!);
  return { width, height, frameRate, hasFields: !framesOnly };
}

/** In HEVC a field is a picture with an access unit and a time of its own. */
function describeHevc(config: Buffer): Picture {
  const { width, height, frameRate } = parseHevcSps(parseHevcConfiguration(config).sps[0]!);
  return { width, height, frameRate, hasFields: false };
}
