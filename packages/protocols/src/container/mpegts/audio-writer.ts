import { MalformedError } from '../../bytes/malformed-error.ts';
import { buildAdtsHeader, MAX_ADTS_PAYLOAD_BYTES, setAdtsPayloadBytes } from '../../codec/aac/adts.ts';
import { parseAudioSpecificConfig } from '../../codec/aac/audio-specific-config.ts';
import { MAX_OPUS_PACKET_BYTES } from '../../codec/opus/packet.ts';
import type { AudioTrack } from '../../media/track.ts';
import type { PidState } from './packet.ts';
import type { PacketWriter } from './packet-writer.ts';
import { MAX_PES_HEADER_BYTES, MAX_PES_PAYLOAD_BYTES, writePesHeader } from './pes.ts';

/** What stands before each audio frame. */
interface Framing {
  /** Largest frame that it can announce. */
  readonly maxPayloadBytes: number;
  headerBytes(payloadBytes: number): number;
  /** The header in memory that the next call uses again. */
  header(payloadBytes: number): Buffer;
}

const NO_HEADER = Buffer.alloc(0);
const SELF_FRAMED: Framing = {
  maxPayloadBytes: MAX_PES_PAYLOAD_BYTES,
  headerBytes: () => 0,
  header: () => NO_HEADER,
};

/** The frames of one track, a few in a PES packet. */
export class AudioWriter {
  readonly pid: PidState;
  readonly #streamId: number;
  readonly #framing: Framing;
  readonly #header = Buffer.alloc(MAX_PES_HEADER_BYTES);
  readonly #frames: Buffer[] = [];
  #waitingBytes = 0;
  #pts = 0;

  /** Throws MalformedError when the configuration of the track cannot be put into frame headers. */
  constructor(track: AudioTrack, pid: PidState, streamId: number) {
    this.pid = pid;
    this.#streamId = streamId;
    this.#framing = framingOf(track);
  }

  /** Time of the first frame that waits, in ticks of 90 kHz; undefined when none does. */
  get waitingSince(): number | undefined {
    return this.#frames.length > 0 ? this.#pts : undefined;
  }

  /** Does a frame that waits lie in this memory? */
  holds(memory: ArrayBufferLike): boolean {
    return this.#frames.some(({ buffer }) => buffer === memory);
  }

  /** Whether a frame can still travel with those that wait. */
  hasRoomFor(data: Buffer): boolean {
    return this.#waitingBytes + this.#framing.headerBytes(data.length) + data.length <= MAX_PES_PAYLOAD_BYTES;
  }

  /** A frame that is too large for its header is left out: no decoder would take it. */
  add(data: Buffer, pts: number): void {
    if (data.length > this.#framing.maxPayloadBytes) return;
    if (this.#frames.length === 0) this.#pts = pts;
    this.#frames.push(data);
    this.#waitingBytes += this.#framing.headerBytes(data.length) + data.length;
  }

  /** Sends the frames that wait; there must be some. */
  write(packets: PacketWriter, flags: number, pcr: number | undefined): void {
    const headerBytes = writePesHeader(this.#header, this.#streamId, this.#waitingBytes, this.#pts, this.#pts);
    packets.begin(this.pid, headerBytes + this.#waitingBytes, flags, pcr);
    packets.write(this.#header, 0, headerBytes);
    for (const data of this.#frames) {
      const header = this.#framing.header(data.length);
      packets.write(header, 0, header.length);
      packets.write(data, 0, data.length);
    }
    this.#frames.length = 0;
    this.#waitingBytes = 0;
  }
}

function framingOf(track: AudioTrack): Framing {
  if (track.codec === 'aac') return adtsFraming(track.config);
  return track.codec === 'opus' ? opusFraming() : SELF_FRAMED;
}

function adtsFraming(config: Buffer): Framing {
  const parsed = parseAudioSpecificConfig(config);
  if (parsed.channelConfiguration === 0)
    throw new MalformedError('ADTS has no room for the program config element of AAC');
  const header = buildAdtsHeader(parsed, 0);
  return {
    maxPayloadBytes: MAX_ADTS_PAYLOAD_BYTES,
    headerBytes: () => header.length,
    header: (payloadBytes) => {
      setAdtsPayloadBytes(header, payloadBytes);
      return header;
    },
  };
}

/** opus_control_header: prefix and flags, then the size as a row of bytes of which all but the last are 255. */
function opusFraming(): Framing {
  const maxPayloadBytes = MAX_OPUS_PACKET_BYTES;
  const headerBytes = (payloadBytes: number) => 2 + Math.floor(payloadBytes / 255) + 1;
  const header = Buffer.alloc(headerBytes(maxPayloadBytes), 0xff); // au_size
  header.writeUInt16BE(0x7fe0, 0); // control_header_prefix 11, start_trim_flag 0, end_trim_flag 0, control_extension_flag 0, reserved 00
  let lastByte = 2;
  return {
    maxPayloadBytes,
    headerBytes,
    header: (payloadBytes) => {
      header[lastByte] = 0xff;
      lastByte = headerBytes(payloadBytes) - 1;
      header[lastByte] = payloadBytes % 255; // au_size
      return header.subarray(0, lastByte + 1);
    },
  };
}
