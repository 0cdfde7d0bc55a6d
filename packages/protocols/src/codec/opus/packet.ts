// The first bytes of an Opus packet. RFC 6716 §3.1, §3.2.
import { MalformedError } from '../../bytes/malformed-error.ts';

/** Samples of a frame at 48 kHz, by the low two bits of its configuration. */
const SILK_SAMPLES = [480, 960, 1920, 2880] as const;
const HYBRID_SAMPLES = [480, 960, 480, 960] as const;
const CELT_SAMPLES = [120, 240, 480, 960] as const;

/** 120 ms: the longest packet. */
const MAX_SAMPLES = 5760;

/** 48 frames of 1275 bytes with their sizes, §3.4. */
export const MAX_OPUS_PACKET_BYTES = 61_440;

/** How long a packet sounds, in samples at 48 kHz. Throws MalformedError. */
export function opusPacketSamples(packet: Buffer): number {
  if (packet.length === 0) throw new MalformedError('Opus packet without a byte');
  const toc = packet[0]!; // config 5, s 1, c 2
  const samples = frameSamples(toc >> 3) * frameCount(toc & 3, packet);
  if (samples === 0 || samples > MAX_SAMPLES) throw new MalformedError(`Opus packet of ${samples} samples`);
  return samples;
}

function frameSamples(config: number): number {
  if (config < 12) return SILK_SAMPLES[config & 3]!;
  return config < 16 ? HYBRID_SAMPLES[config & 3]! : CELT_SAMPLES[config & 3]!;
}

function frameCount(code: number, packet: Buffer): number {
  if (code === 0) return 1;
  if (code < 3) return 2;
  if (packet.length < 2) throw new MalformedError('Opus packet without its frame count', 1);
  return packet[1]! & 0x3f; // v 1, p 1, M 6
}
