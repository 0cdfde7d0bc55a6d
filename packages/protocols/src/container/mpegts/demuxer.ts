import { MalformedError } from '../../bytes/malformed-error.ts';
import { type TrackEvents, TrackGate } from '../track-gate.ts';
import type { ByteStreamCodec } from './access-units.ts';
import { audioFramingOf } from './audio-framing.ts';
import { AudioStream } from './audio-stream.ts';
import { ProgramClock, TS_TIMESCALE } from './clock.ts';
import { ContinuityCheck } from './continuity.ts';
import { FieldFlag, HEADER_BYTES, PACKET_BYTES, Pid } from './packet.ts';
import { PacketReader } from './packet-reader.ts';
import type { PayloadReader } from './payload-reader.ts';
import { PesReader } from './pes-reader.ts';
import { Programs } from './programs.ts';
import type { ProgramMap, ProgramStream } from './psi.ts';
import { SectionReader } from './section-reader.ts';
import type { StreamEvents } from './stream-events.ts';
import { codecOfStream, opusChannels, type StreamCodec } from './stream-type.ts';
import { VideoStream } from './video-stream.ts';

/** Times of the samples are ticks of 90 kHz, unwrapped, on the line of the sender: where it starts again, they jump. Video comes first of the tracks. */
export type TsDemuxerEvents = TrackEvents;

export interface TsDemuxerOptions {
  /** program_number to read; by default the first with picture or sound. */
  readonly program: number;
  /** The only elementary streams to look at; by default all, of which the first with picture and the first with sound are read. */
  readonly pids: readonly number[];
}

export interface TsDemuxerStats {
  readonly packets: number;
  /** Bytes that belonged to no packet. */
  readonly skippedBytes: number;
  /** Places where packets of a PID are missing. */
  readonly gaps: number;
  /** Packets that the line has marked as broken. */
  readonly errorPackets: number;
  readonly scrambledPackets: number;
  /** Access units, audio frames, PES packets and sections that had to be left out. */
  readonly damagedUnits: number;
}

/** A line that spoils so many units without one sample between them is as good as cut. */
const MAX_DAMAGED_IN_ROW = 1000;
const TICKS_PER_MS = TS_TIMESCALE / 1000;

/** What reads one PID. */
interface PidInput {
  readonly reader: PayloadReader;
  readonly continuity: ContinuityCheck;
}

/** An elementary stream that is read. */
interface StreamInput {
  /** Two streams with equal keys need no new reader. */
  readonly key: string;
  readonly pid: number;
  readonly stream: VideoStream | AudioStream;
  readonly input: PidInput;
}

/** A transport stream -> tracks and samples of one program, ISO/IEC 13818-1. One video and one audio track; samples come out as they are complete. */
export class TsDemuxer {
  readonly #options: Partial<TsDemuxerOptions>;
  readonly #packets = new PacketReader((bytes, offset) => this.#packet(bytes, offset));
  readonly #programs: Programs;
  readonly #gate: TrackGate;
  readonly #clock = new ProgramClock();
  /** Tables by PID. */
  #tables = new Map<number, PidInput>();
  /** Video first. */
  #streams: readonly StreamInput[] = [];
  #inputs = new Map<number, PidInput>();
  #damagedInRow = 0;
  readonly #counts = { packets: 0, gaps: 0, errorPackets: 0, scrambledPackets: 0, damagedUnits: 0 };

  constructor(events: TsDemuxerEvents, options: Partial<TsDemuxerOptions> = {}) {
    this.#options = options;
    this.#gate = new TrackGate(events);
    this.#programs = new Programs(options.program, {
      mapPids: (pids) => this.#readTables(pids),
      program: (map) => this.#readProgram(map),
    });
    this.#readTables([]);
  }

  /** Takes the next bytes, however they are cut; they are not kept. Throws MalformedError when these are no transport stream, or none that can be read. */
  push(bytes: Buffer): void {
    this.#packets.push(bytes);
    if (this.#damagedInRow <= MAX_DAMAGED_IN_ROW) return;
    this.#damagedInRow = 0;
    throw new MalformedError(`${MAX_DAMAGED_IN_ROW} damaged units of MPEG-TS in a row`);
  }

  /** Hands out what was waiting for the next bytes. */
  end(): void {
    this.#packets.end();
    for (const { input } of this.#streams) input.reader.end();
    this.#gate.open();
  }

  stats(): TsDemuxerStats {
    return { ...this.#counts, skippedBytes: this.#packets.skippedBytes };
  }

  /** A transport packet, §2.4.3.2. Damage costs the unit that it is in. */
  #packet(bytes: Buffer, offset: number): void {
    this.#counts.packets += 1;
    const pid = ((bytes[offset + 1]! & 0x1f) << 8) | bytes[offset + 2]!; // PID
    const input = this.#inputs.get(pid) ?? this.#tables.get(pid);
    if (input === undefined) return;
    const control = bytes[offset + 3]!; // transport_scrambling_control 2, adaptation_field_control 2, continuity_counter 4
    if ((bytes[offset + 1]! & 0x80) !== 0) {
      this.#counts.errorPackets += 1; // transport_error_indicator
    } else if ((control & 0xc0) !== 0) {
      this.#counts.scrambledPackets += 1;
    } else {
      this.#readPacket(input, bytes.subarray(offset, offset + PACKET_BYTES), control);
    }
  }

  #readPacket({ reader, continuity }: PidInput, packet: Buffer, control: number): void {
    const hasField = (control & 0x20) !== 0;
    const hasPayload = (control & 0x10) !== 0;
    const payloadStart = HEADER_BYTES + (hasField ? 1 + packet[HEADER_BYTES]! : 0); // adaptation_field_length
    const flags = hasField && payloadStart > HEADER_BYTES + 1 ? packet[HEADER_BYTES + 1]! : 0;
    const succession = continuity.follow(control & 0xf, hasPayload, (flags & FieldFlag.discontinuity) !== 0);
    if (succession === 'gap') this.#counts.gaps += 1;
    if (succession === 'gap' || succession === 'jump') reader.lost();
    if (!hasPayload || payloadStart >= PACKET_BYTES || succession === 'duplicate') return;
    const isUnitStart = (packet[1]! & 0x40) !== 0; // payload_unit_start_indicator
    const isRandomAccess = (flags & FieldFlag.randomAccess) !== 0;
    this.#read(reader, packet.subarray(payloadStart), isUnitStart, isRandomAccess);
    if (this.#clock.now !== undefined) this.#gate.reach(this.#clock.now / TICKS_PER_MS);
  }

  #read(reader: PayloadReader, payload: Buffer, isUnitStart: boolean, isRandomAccess: boolean): void {
    try {
      reader.payload(payload, isUnitStart, isRandomAccess);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this.#damaged();
    }
  }

  #damaged(): void {
    this.#counts.damagedUnits += 1;
    this.#damagedInRow += 1;
  }

  #readTables(mapPids: readonly number[]): void {
    const tables = new Map<number, PidInput>();
    for (const pid of [Pid.pat, ...mapPids]) {
      const reader = new SectionReader({
        section: (section) => this.#programs.section(pid, section),
        damaged: () => this.#damaged(),
      });
      tables.set(pid, this.#tables.get(pid) ?? { reader, continuity: new ContinuityCheck() });
    }
    this.#tables = tables;
  }

  /** Readers of streams that are the same as before go on. */
  #readProgram({ streams }: ProgramMap): void {
    const before = this.#streams;
    const inputs = this.#chosenOf(streams).map((stream) => {
      const key = `${stream.pid} ${stream.streamType} ${stream.descriptors.toString('hex')}`;
      return before.find((candidate) => candidate.key === key) ?? this.#open(stream, key);
    });
    const gone = before.filter((stream) => !inputs.includes(stream));
    for (const { input } of gone) input.reader.end();
    this.#streams = inputs;
    this.#inputs = new Map(inputs.map(({ pid, input }) => [pid, input]));
    if (!this.#isComplete) this.#gate.hold();
    if (!this.#isComplete || gone.length > 0) this.#announce();
  }

  /** Every stream that is read has shown its configuration. */
  get #isComplete(): boolean {
    return this.#streams.every(({ stream }) => stream.track !== undefined);
  }

  #announce(): void {
    const tracks = this.#streams.map(({ stream }) => stream.track).filter((track) => track !== undefined);
    this.#gate.setTracks(tracks, this.#isComplete);
  }

  /** The first stream with picture and the first with sound. */
  #chosenOf(streams: readonly ProgramStream[]): readonly ProgramStream[] {
    const { pids } = this.#options;
    const offered = streams.filter(({ pid }) => pids === undefined || pids.includes(pid));
    const codecs = offered.map(({ streamType, descriptors }) => codecOfStream(streamType, descriptors));
    const video = codecs.findIndex((codec) => codec !== undefined && isVideoCodec(codec));
    const audio = codecs.findIndex((codec) => codec !== undefined && !isVideoCodec(codec));
    return [offered[video], offered[audio]].filter((stream) => stream !== undefined);
  }

  #open({ pid, streamType, descriptors }: ProgramStream, key: string): StreamInput {
    const events: StreamEvents = {
      track: () => this.#announce(),
      sample: (sample) => {
        this.#damagedInRow = 0;
        this.#gate.sample(sample);
      },
      damaged: () => this.#damaged(),
    };
    const codec = codecOfStream(streamType, descriptors)!;
    const stream = isVideoCodec(codec)
      ? new VideoStream(codec, events)
      : new AudioStream(audioFramingOf(codec, opusChannels(descriptors)), events);
    return {
      key,
      pid,
      stream,
      input: { reader: new PesReader(stream, this.#clock), continuity: new ContinuityCheck() },
    };
  }
}

function isVideoCodec(codec: StreamCodec): codec is ByteStreamCodec {
  return codec === 'h264' || codec === 'hevc';
}
