// Packed audio: ADTS frames behind an ID3 tag that tells their time. RFC 8216 §3.4.
import { MalformedError } from '../bytes/malformed-error.ts';
import { ADTS_HEADER_BYTES, configOfAdts, parseAdtsHeader } from '../codec/aac/adts.ts';
import { parseAudioSpecificConfig } from '../codec/aac/audio-specific-config.ts';
import type { TrackEvents } from '../container/track-gate.ts';
import { rescale } from '../media/timestamp.ts';
import type { AudioTrack } from '../media/track.ts';

const MPEG_CLOCK_HZ = 90_000;
const SAMPLES_PER_FRAME = 1024;
const ID3_HEADER_BYTES = 10;
const TIMESTAMP_OWNER = 'com.apple.streaming.transportStreamTimestamp\0';

/** Segments of AAC. Its timescale is the sampling rate. */
export class PackedAudioDemuxer {
  readonly #events: TrackEvents;
  #track: AudioTrack | undefined;
  /** Decode time of the next frame, where no tag says another. */
  #dts = 0;

  constructor(events: TrackEvents) {
    this.#events = events;
  }

  static recognises(bytes: Buffer): boolean {
    const start = tagBytes(bytes);
    return start > 0 || (bytes.length >= 2 && (bytes.readUInt16BE(0) & 0xfff6) === 0xfff0);
  }

  /** One segment. Throws MalformedError. */
  push(segment: Buffer): void {
    const timestamp = timestampOf(segment);
    let isFirst = true;
    for (let offset = endOfTags(segment); offset + ADTS_HEADER_BYTES <= segment.length; ) {
      const header = parseAdtsHeader(segment, offset);
      const data = segment.subarray(offset + header.headerBytes, offset + header.frameBytes);
      if (offset + header.frameBytes > segment.length) throw new MalformedError('ADTS frame is cut off', offset);
      offset += header.frameBytes;
      const track = this.#describe(configOfAdts(header));
      if (isFirst && timestamp !== undefined) this.#dts = rescale(timestamp, MPEG_CLOCK_HZ, track.timescale);
      isFirst = false;
      this.#events.sample({ track, dts: this.#dts, pts: this.#dts, isSync: true, data });
      this.#dts += SAMPLES_PER_FRAME * (track.timescale / parseAudioSpecificConfig(track.config).coreSampleRate);
    }
  }

  end(): void {}

  #describe(config: Buffer): AudioTrack {
    if (this.#track?.config.equals(config)) return this.#track;
    const { sampleRate, channels } = parseAudioSpecificConfig(config);
    this.#track = { kind: 'audio', codec: 'aac', timescale: sampleRate, config, bitrateBps: 0, sampleRate, channels };
    this.#events.tracks([this.#track]);
    return this.#track;
  }
}

/** Size of the ID3 tag that the bytes begin with; 0 when there is none. ID3v2.4 §3.1. */
function tagBytes(bytes: Buffer): number {
  if (bytes.length < ID3_HEADER_BYTES || bytes.toString('latin1', 0, 3) !== 'ID3') return 0;
  const size = bytes.subarray(6, 10).reduce((sum, byte) => (sum << 7) | (byte & 0x7f), 0); // synchsafe
  return ID3_HEADER_BYTES + size;
}

function endOfTags(segment: Buffer): number {
  let offset = 0;
  for (let size = tagBytes(segment); size > 0; size = tagBytes(segment.subarray(offset))) offset += size;
  return offset;
}

/** MPEG-2 program time of the first frame, 33 bits. */
function timestampOf(segment: Buffer): number | undefined {
  const tags = segment.subarray(0, endOfTags(segment));
  const owner = tags.indexOf(TIMESTAMP_OWNER, 0, 'latin1');
  const value = owner + TIMESTAMP_OWNER.length;
  if (owner === -1 || value + 8 > tags.length) return undefined;
  return (tags.readUInt32BE(value) & 1) * 2 ** 32 + tags.readUInt32BE(value + 4);
}
