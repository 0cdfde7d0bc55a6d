// FLV files with the extended headers of Enhanced RTMP, which ffmpeg 5 and 6.0 cannot read: taken apart, and turned into what they can. Written apart
// from packages/protocols on purpose: it judges what that sends.
import { readFile } from 'node:fs/promises';

export interface EnhancedFrame {
  /** Decode time. */
  readonly timeMs: number;
  readonly isKey: boolean;
  /** Without tag header and composition time. */
  readonly data: Buffer;
}

export interface EnhancedTrack {
  readonly fourCc: string;
  /** Of every sequence start, in its order. */
  readonly configs: Buffer[];
  readonly frames: EnhancedFrame[];
}

export interface EnhancedFlv {
  readonly video: EnhancedTrack;
  readonly audio: EnhancedTrack;
}

const AUDIO = 8;
const VIDEO = 9;
const FILE_HEADER_BYTES = 9 + 4;
const TAG_HEADER_BYTES = 11;
const SEQUENCE_START = 0;
const CODED_FRAMES = 1;
const CODED_FRAMES_X = 3;

/** The legacy tags of AAC count as `mp4a`. The last tag may be cut off, as in a file that was being written. */
export async function readEnhancedFlv(file: string): Promise<EnhancedFlv> {
  const bytes = await readFile(file);
  const video = new TrackReader();
  const audio = new TrackReader();
  let offset = FILE_HEADER_BYTES;
  while (offset + TAG_HEADER_BYTES <= bytes.length) {
    const start = offset + TAG_HEADER_BYTES;
    const end = start + bytes.readUIntBE(offset + 1, 3); // DataSize
    if (end > bytes.length) break;
    const timeMs = bytes.readUIntBE(offset + 4, 3) + bytes[offset + 7]! * 2 ** 24; // Timestamp, TimestampExtended
    if (bytes[offset] === VIDEO) video.read(timeMs, bytes.subarray(start, end), false);
    if (bytes[offset] === AUDIO) audio.read(timeMs, bytes.subarray(start, end), true);
    offset = end + 4; // PreviousTagSize
  }
  return { video, audio };
}

class TrackReader implements EnhancedTrack {
  fourCc = '';
  readonly configs: Buffer[] = [];
  readonly frames: EnhancedFrame[] = [];

  read(timeMs: number, body: Buffer, isAudio: boolean): void {
    if (isAudio && body[0] === 0xaf) {
      this.#take('mp4a', body[1]!, timeMs, true, body.subarray(2));
      return;
    }
    const first = body[0]!;
    if (isAudio ? first >> 4 !== 9 : first < 0x80) throw new Error(`tag of legacy format ${first.toString(16)}`);
    const isKey = isAudio || ((first >> 4) & 7) === 1;
    const fourCc = body.toString('latin1', 1, 5);
    const hasCompositionTime = fourCc === 'hvc1' && (first & 0xf) === CODED_FRAMES;
    this.#take(fourCc, first & 0xf, timeMs, isKey, body.subarray(hasCompositionTime ? 8 : 5));
  }

  #take(fourCc: string, packetType: number, timeMs: number, isKey: boolean, data: Buffer): void {
    this.fourCc = fourCc;
    if (packetType === SEQUENCE_START) this.configs.push(data);
    else if (packetType === CODED_FRAMES || packetType === CODED_FRAMES_X) this.frames.push({ timeMs, isKey, data });
  }
}

/** The picture as a byte stream for ffmpeg: Annex B for HEVC, temporal units with delimiters for AV1. */
export function elementaryStream({ fourCc, configs, frames }: EnhancedTrack): Buffer {
  const pictures = frames.map(({ data }) => data);
  if (fourCc === 'av01') return Buffer.concat(pictures.flatMap((unit) => [TEMPORAL_DELIMITER, unit]));
  if (fourCc !== 'hvc1') throw new Error(`no elementary stream of ${fourCc}`);
  return Buffer.concat(
    [...parameterSets(configs.at(-1)!), ...pictures.flatMap(nalUnits)].flatMap((nal) => [START_CODE, nal]),
  );
}

const TEMPORAL_DELIMITER = Buffer.of(0x12, 0x00);
const START_CODE = Buffer.of(0, 0, 0, 1);

/** NAL units of an hvcC, ISO/IEC 14496-15 §8.3.3.1. */
function parameterSets(record: Buffer): Buffer[] {
  const sets: Buffer[] = [];
  let offset = 23;
  for (let array = 0; array < record[22]!; array++) {
    const count = record.readUInt16BE(offset + 1);
    offset += 3;
    for (let index = 0; index < count; index++) {
      const end = offset + 2 + record.readUInt16BE(offset);
      sets.push(record.subarray(offset + 2, end));
      offset = end;
    }
  }
  return sets;
}

function nalUnits(accessUnit: Buffer): Buffer[] {
  const units: Buffer[] = [];
  for (let offset = 0; offset < accessUnit.length; ) {
    const end = offset + 4 + accessUnit.readUInt32BE(offset);
    units.push(accessUnit.subarray(offset + 4, end));
    offset = end;
  }
  return units;
}

/** How received payloads lie in a file that was sent round and round: without a gap, a repetition or anything else, or an error. */
export function runThrough(
  sent: readonly Buffer[],
  received: readonly EnhancedFrame[],
): { first: number; count: number } {
  const first = sent.findIndex((payload) => received[0]?.data.equals(payload));
  if (first === -1) throw new Error('the first payload was never sent');
  for (const [index, { data, timeMs }] of received.entries()) {
    if (!sent[(first + index) % sent.length]!.equals(data))
      throw new Error(`payload ${index} of ${received.length}, at ${timeMs} ms, is not the next one`);
  }
  return { first, count: received.length };
}
