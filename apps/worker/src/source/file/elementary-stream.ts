// One track of a file that mediabunny demultiplexes: where a pass starts, and its samples with decode times.
import { parseAvcConfiguration, parseSps, type Sample, type Track } from '@pushfleet/protocols';
import {
  type EncodedPacket,
  EncodedPacketSink,
  type InputAudioTrack,
  type InputTrack,
  type InputVideoTrack,
} from 'mediabunny';
import { DecodeTimes, reorderDepth } from './decode-times.ts';
import { audioFraming, type Framing, videoFraming } from './framing.ts';

export interface ElementaryStream {
  readonly track: Track;
  /** Presentation time at which a pass starts, in seconds, when it leaves out what the file has before; else undefined. */
  readonly fromSeconds: number | undefined;
  /** One pass, from a sync sample to the end of the track, with rising dts. */
  samples(): AsyncGenerator<Sample>;
}

/** Pictures that are looked at to learn frame rate and reordering: 40 s at 25 a second. */
const PROBED_PICTURES = 1000;

/**
 * Encoders begin with up to 5058 samples (HE-AAC) that fill their filters, and MP4 gives them negative times. Decoders need them to be
 * right from the start, so they are sent.
 */
const PRIMING_SECONDS = 0.2;

/**
 * Undefined when the codec cannot be pushed, or there is no sync sample. `hasEdits`: an edit list may have given negative times to
 * what is not to be presented.
 */
export async function openVideo(input: InputVideoTrack, hasEdits: boolean): Promise<ElementaryStream | undefined> {
  const sink = new EncodedPacketSink(input);
  const first = await sink.getFirstPacket();
  if (first === null) return undefined;
  const isTrimmed = hasEdits && first.timestamp < 0;
  const start = await syncSampleFrom(sink, (isTrimmed && (await sink.getKeyPacket(0))) || first);
  if (start === null) return undefined;
  const fromSeconds = isTrimmed || start.timestamp > first.timestamp ? start.timestamp : undefined;
  const timescale = await timescaleOf(input);
  const times = await probe(sink, start, timescale);
  const base = { timescale, bitrateBps: await bitrateOf(input), frameRate: frameRateOf(times, timescale) };
  const framing = await videoFraming(input, copyOf(start), base);
  return framing && { ...elementaryStream(sink, framing, start, depthOf(framing.track, times)), fromSeconds };
}

/** As `openVideo`. `video` is the track that it belongs to, if any. */
export async function openAudio(
  input: InputAudioTrack,
  video: ElementaryStream | undefined,
  hasEdits: boolean,
): Promise<ElementaryStream | undefined> {
  const sink = new EncodedPacketSink(input);
  const first = await sink.getFirstPacket();
  if (first === null) return undefined;
  const fromSeconds = video?.fromSeconds ?? (hasEdits ? 0 : undefined);
  const start = (fromSeconds !== undefined && (await sink.getPacket(fromSeconds - PRIMING_SECONDS))) || first;
  const base = { timescale: await timescaleOf(input), bitrateBps: await bitrateOf(input) };
  const framing = await audioFraming(input, copyOf(start), base);
  return framing && { ...elementaryStream(sink, framing, start, 0), fromSeconds };
}

async function syncSampleFrom(sink: EncodedPacketSink, start: EncodedPacket): Promise<EncodedPacket | null> {
  return start.type === 'key' ? start : sink.getNextKeyPacket(start);
}

/** The ticks of the container; 90,000 when it does not count in whole parts of a second. */
async function timescaleOf(input: InputTrack): Promise<number> {
  const resolution = await input.getTimeResolution();
  return Number.isInteger(resolution) ? resolution : 90_000;
}

async function bitrateOf(input: InputTrack): Promise<number> {
  return (await input.getAverageBitrate()) ?? (await input.getBitrate()) ?? 0;
}

/** Presentation times of the first pictures, in order of decoding. */
async function probe(sink: EncodedPacketSink, start: EncodedPacket, timescale: number): Promise<number[]> {
  const times: number[] = [];
  let packet: EncodedPacket | null = start;
  while (packet !== null && times.length < PROBED_PICTURES) {
    if (packet.timestamp >= start.timestamp) times.push(ticksOf(packet, timescale));
    packet = await sink.getNextPacket(packet, { metadataOnly: true });
  }
  return times;
}

/** Mean of the probed pictures to a thousandth, such as 29.97. */
function frameRateOf(times: readonly number[], timescale: number): number {
  const span = Math.max(...times) - Math.min(...times);
  return span > 0 ? Math.round(((times.length - 1) * timescale * 1000) / span) / 1000 : 0;
}

/**
 * Encoders lag by as many frames as the SPS allows, also where the file does not use them all: so the times come out as in the
 * encoder. A file without any reordering needs no lag, whatever its SPS allows.
 */
function depthOf({ codec, config }: Track, times: readonly number[]): number {
  const depth = reorderDepth(times);
  if (depth === 0 || codec !== 'h264') return depth;
  return Math.max(depth, parseSps(parseAvcConfiguration(config).sps[0]!).maxReorderFrames ?? 0);
}

/** Exact where `timescale` is the container's: the seconds are its ticks, divided by that. */
function ticksOf(packet: EncodedPacket, timescale: number): number {
  return Math.round(packet.timestamp * timescale);
}

/** A view of the packet would keep a whole block of the file in memory for as long as the sample lives. */
function copyOf(packet: EncodedPacket): Buffer {
  return Buffer.from(packet.data);
}

function elementaryStream(
  sink: EncodedPacketSink,
  framing: Framing,
  start: EncodedPacket,
  depth: number,
): Omit<ElementaryStream, 'fromSeconds'> {
  const { track } = framing;
  async function* samples(): AsyncGenerator<Sample> {
    const unpack = framing.unpack();
    const decodeTimes = new DecodeTimes<Omit<Sample, 'dts'>>(depth);
    for (let packet: EncodedPacket | null = start; packet !== null; packet = await sink.getNextPacket(packet)) {
      if (packet.timestamp < start.timestamp) continue; // refers to a picture before the first sync sample
      const unit = unpack(copyOf(packet));
      if (unit.data.length === 0) continue;
      const pts = ticksOf(packet, track.timescale);
      const sample = decodeTimes.push({ ...unit, pts, isSync: track.kind === 'audio' || packet.type === 'key' });
      if (sample !== undefined) yield sample;
    }
    yield* decodeTimes.flush();
  }
  return { track, samples };
}
