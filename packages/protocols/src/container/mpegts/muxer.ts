import { MalformedError } from '../../bytes/malformed-error.ts';
import type { Sample } from '../../media/sample.ts';
import { rescale } from '../../media/timestamp.ts';
import type { Track } from '../../media/track.ts';
import { AudioWriter } from './audio-writer.ts';
import { TS_TIMESCALE } from './clock.ts';
import { FieldFlag, newPidState, PACKET_BYTES, Pid, type PidState } from './packet.ts';
import { PacketWriter, type Room } from './packet-writer.ts';
import { buildPat, buildPmt, type ProgramStream, sectionPayload } from './psi.ts';
import { describeStream } from './stream-type.ts';
import { type SampleTimes, VideoWriter } from './video-writer.ts';

export interface TsMuxerOptions {
  /** How long before its decode time a sample is sent on the clock of the stream: what a receiver may use for its buffer. */
  readonly delayMs: number;
  /**
   * Audio frames wait for each other up to this long and share a PES packet. By default they go ahead of the next picture, and no more than two
   * together.
   */
  readonly maxAudioPesMs: number;
  /** Bytes that `take` leaves unwritten around the packets, for the framing of whoever sends them. */
  readonly room: Room;
}

const DEFAULTS: TsMuxerOptions = { delayMs: 200, maxAudioPesMs: 0, room: { before: 0, behind: 0 } };

const TICKS_PER_MS = TS_TIMESCALE / 1000;
/** The longest way from one PCR to the next: monitors after ETSI TR 101 290 complain beyond. */
const PCR_INTERVAL = 40 * TICKS_PER_MS;
/** Tables are repeated at the first sample or PCR after this, and so within the 100 ms that DVB advises. */
const TABLES_INTERVAL = 60 * TICKS_PER_MS;
/** A greater step of time is not filled with PCRs but announced as a new time base. */
const MAX_STEP = 10_000 * TICKS_PER_MS;
/** Sound that waits for a picture in vain. Without video each frame goes at once and carries a PCR. */
const AUDIO_PES = 40 * TICKS_PER_MS;
const LONE_AUDIO_PES = 20 * TICKS_PER_MS;

const TRANSPORT_STREAM_ID = 1;
const PROGRAM = { programNumber: 1, pmtPid: Pid.pmt } as const;
const PAT_PAYLOAD = sectionPayload(buildPat(TRANSPORT_STREAM_ID, PROGRAM));

/** Continuity counters at a place between two packets of a stream; opaque. */
export type Continuity = readonly PidState[];

/** Whether MPEG-TS can carry a track so that players understand it. */
export function tsSupports(track: Track): boolean {
  try {
    return createWriter(track, newPidState(Pid.firstStream)) !== undefined;
  } catch (error) {
    if (error instanceof MalformedError) return false;
    throw error;
  }
}

function createWriter(track: Track, pid: PidState): VideoWriter | AudioWriter | undefined {
  const description = describeStream(track);
  if (description === undefined) return undefined;
  return track.kind === 'video' ? new VideoWriter(track, pid) : new AudioWriter(track, pid, description.streamId);
}

/**
 * Samples of one stream -> a transport stream with one program, ISO/IEC 13818-1. Samples come ordered by decode time over all tracks. Its bit rate is
 * that of the samples: there are no null packets.
 */
export class TsMuxer {
  readonly #packets: PacketWriter;
  readonly #delay: number;
  readonly #maxAudioPes: number;
  readonly #pids = new Map<number, PidState>();
  readonly #pat = this.#pidState(Pid.pat);
  readonly #pmt = this.#pidState(Pid.pmt);
  #writers = new Map<Track, VideoWriter | AudioWriter>();
  #audio: readonly AudioWriter[] = [];
  #pcrPid: PidState | undefined;
  #isPcrVideo = false;
  #pmtVersion = 0;
  #pmtSection: Buffer | undefined;
  #pmtPayload = PAT_PAYLOAD;
  #tablesDue = true;
  #tablesAt = 0;
  /** Added to all times, so that the first PCR is not negative. */
  #offset: number | undefined;
  /** What the clock of the stream shows; never goes back. */
  #clock = 0;
  /** The last PCR; undefined when none has been sent on this time base. */
  #pcr: number | undefined;
  /** For the next PCR. */
  #pcrFlags = 0;

  constructor(options: Partial<TsMuxerOptions> = {}) {
    const { delayMs, maxAudioPesMs, room } = { ...DEFAULTS, ...options };
    this.#packets = new PacketWriter(room);
    this.#delay = Math.round(delayMs * TICKS_PER_MS);
    this.#maxAudioPes = Math.round(maxAudioPesMs * TICKS_PER_MS);
  }

  /** Names the tracks that the next samples belong to. Those that MPEG-TS cannot carry are left out, and their samples too. */
  setTracks(tracks: readonly Track[]): void {
    this.#flushAudio();
    const carried = tracks.filter(tsSupports);
    const streams = carried.map((track) => this.#streamOf(track, carried));
    this.#writers = new Map(
      carried.map((track, index) => [track, createWriter(track, this.#pidState(streams[index]!.pid))!]),
    );
    this.#audio = [...this.#writers.values()].filter((writer) => writer instanceof AudioWriter);
    const clockTrack = carried.find(({ kind }) => kind === 'video') ?? carried[0];
    this.#pcrPid = clockTrack && this.#writers.get(clockTrack)!.pid;
    this.#isPcrVideo = clockTrack?.kind === 'video';
    this.#setProgramMap(streams);
  }

  /** A sample that belongs to none of the tracks is left out. */
  append(sample: Sample): void {
    const writer = this.#writers.get(sample.track);
    if (writer === undefined || sample.data.length === 0) return;
    const { timescale } = sample.track;
    const dts = this.#placed(rescale(sample.dts, timescale, TS_TIMESCALE));
    const isVideo = writer instanceof VideoWriter;
    this.#advance(dts - this.#delay, isVideo && writer.pid === this.#pcrPid);
    if (isVideo) {
      const pts = Math.max(dts, this.#placed(rescale(sample.pts, timescale, TS_TIMESCALE)));
      this.#appendVideo(writer, sample, { pts, dts });
    } else {
      this.#appendAudio(writer, sample.data, dts);
    }
  }

  /** Puts the tables before the next sample, so that what follows can be understood without what went before. */
  startSegment(): void {
    this.#tablesDue = true;
  }

  /** All packets since the last call, with the room around them; audio that waits is among them. Empty, without room, when there are none. */
  take(): Buffer {
    this.#flushAudio();
    return this.#packets.take();
  }

  /** Does sound that waits for its PES packet lie in this memory? */
  holds(memory: ArrayBufferLike): boolean {
    return this.#audio.some((writer) => writer.holds(memory));
  }

  /** Where the continuity counters stand now: before the next packet. */
  continuity(): Continuity {
    return [...this.#pids.values()].map(({ pid, counter }) => ({ pid, counter }));
  }

  /**
   * For a receiver that has missed the packets before this place: tells it for every PID that a gap is no fault of the line, and that the clock
   * jumps. §2.4.3.5, discontinuity_indicator.
   */
  discontinuityPackets(continuity: Continuity): Buffer {
    const packets = new PacketWriter(DEFAULTS.room, continuity.length * PACKET_BYTES);
    for (const state of continuity) packets.writeField(state, FieldFlag.discontinuity);
    return packets.take();
  }

  #pidState(pid: number): PidState {
    const state = this.#pids.get(pid) ?? newPidState(pid);
    this.#pids.set(pid, state);
    return state;
  }

  #streamOf(track: Track, carried: readonly Track[]): ProgramStream {
    const index = carried.filter(({ kind }) => kind === track.kind).indexOf(track);
    const pid = Pid.firstStream + 2 * index + (track.kind === 'video' ? 0 : 1);
    const { streamType, descriptors } = describeStream(track)!;
    return { pid, streamType, descriptors };
  }

  #setProgramMap(streams: readonly ProgramStream[]): void {
    const map = { programNumber: PROGRAM.programNumber, pcrPid: this.#pcrPid?.pid ?? Pid.null, streams };
    this.#tablesDue = true;
    if (this.#pmtSection?.equals(buildPmt(map, this.#pmtVersion))) return;
    if (this.#pmtSection !== undefined) this.#pmtVersion = (this.#pmtVersion + 1) & 0x1f;
    this.#pmtSection = buildPmt(map, this.#pmtVersion);
    this.#pmtPayload = sectionPayload(this.#pmtSection);
  }

  #placed(time: number): number {
    this.#offset ??= Math.max(0, this.#delay - time);
    return time + this.#offset;
  }

  /** Moves the clock on, with the PCRs and tables that are due on the way. `carriesPcr`: the sample to come brings one itself. */
  #advance(target: number, carriesPcr: boolean): void {
    if (this.#pcr !== undefined && Math.abs(target - this.#clock) > MAX_STEP) this.#startTimeBase();
    if (this.#pcr === undefined) {
      this.#clock = target;
      this.#writeTables();
      if (!carriesPcr) this.#writePcr();
    }
    while (this.#pcr !== undefined && target - this.#pcr > PCR_INTERVAL) {
      this.#clock = Math.max(this.#clock, this.#pcr + PCR_INTERVAL);
      this.#writeTablesIfDue();
      this.#writePcr();
    }
    this.#clock = Math.max(this.#clock, target);
    this.#writeTablesIfDue();
  }

  #startTimeBase(): void {
    this.#flushAudio();
    this.#pcr = undefined;
    this.#pcrFlags = FieldFlag.discontinuity;
  }

  #appendVideo(writer: VideoWriter, sample: Sample, times: SampleTimes): void {
    for (const audio of this.#audio) this.#flushWaitingSince(audio, times.dts - this.#maxAudioPes);
    if (sample.isSync && this.#tablesAt !== this.#clock) this.#writeTables();
    const isPcrPid = writer.pid === this.#pcrPid;
    const flags = isPcrPid ? this.#pcrFlags : 0;
    writer.write(this.#packets, sample, times, isPcrPid ? this.#nextPcr() : undefined, flags);
  }

  #appendAudio(writer: AudioWriter, data: Buffer, dts: number): void {
    const together = Math.max(this.#maxAudioPes, this.#isPcrVideo ? AUDIO_PES : LONE_AUDIO_PES);
    this.#flushWaitingSince(writer, writer.hasRoomFor(data) ? dts - together : dts);
    writer.add(data, dts);
  }

  #flushAudio(): void {
    for (const audio of this.#audio) this.#flushWaitingSince(audio, Number.POSITIVE_INFINITY);
  }

  #flushWaitingSince(audio: AudioWriter, time: number): void {
    if (audio.waitingSince === undefined || audio.waitingSince > time) return;
    const isClock = audio.pid === this.#pcrPid;
    const bringsPcr = isClock && this.#clock > this.#pcr!;
    audio.write(this.#packets, isClock ? FieldFlag.randomAccess : 0, bringsPcr ? this.#nextPcr() : undefined);
  }

  #writePcr(): void {
    const flags = this.#pcrFlags;
    this.#packets.writeField(this.#pcrPid!, flags, this.#nextPcr());
  }

  /** The PCR of the packet that comes next: what the clock shows, and always more than the last one. */
  #nextPcr(): number {
    this.#pcr = Math.max(this.#clock, (this.#pcr ?? Number.NEGATIVE_INFINITY) + 1);
    this.#pcrFlags = 0;
    return this.#pcr;
  }

  #writeTablesIfDue(): void {
    if (this.#tablesDue || this.#clock - this.#tablesAt >= TABLES_INTERVAL) this.#writeTables();
  }

  #writeTables(): void {
    this.#writePayload(this.#pat, PAT_PAYLOAD);
    this.#writePayload(this.#pmt, this.#pmtPayload);
    this.#tablesAt = this.#clock;
    this.#tablesDue = false;
  }

  #writePayload(pid: PidState, payload: Buffer): void {
    this.#packets.begin(pid, payload.length);
    this.#packets.write(payload, 0, payload.length);
  }
}
