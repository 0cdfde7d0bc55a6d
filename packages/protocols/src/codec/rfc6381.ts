// Names of codecs as the CODECS attribute and the codecs parameter want them. RFC 6381 §3.3; ISO/IEC 14496-15 Annex E for HEVC; the
// bindings of AV1 (§5) and VP9 ("Codecs Parameter String") to ISOBMFF.
import { MalformedError } from '../bytes/malformed-error.ts';
import type { Track } from '../media/track.ts';
import { parseAudioSpecificConfig } from './aac/audio-specific-config.ts';
import { parseAv1Configuration } from './av1/av1c.ts';
import { parseVp9Configuration } from './vp9/vpcc.ts';

/** For example `avc1.64001f`. Throws MalformedError when the configuration of the track is not one. */
export function codecString({ codec, config }: Track): string {
  switch (codec) {
    case 'h264':
      return `avc1.${take(config, 1, 3).toString('hex')}`; // AVCProfileIndication, profile_compatibility, AVCLevelIndication
    case 'hevc':
      return hevcString(config);
    case 'av1':
      return av1String(config);
    case 'vp9':
      return vp9String(config);
    case 'aac':
      return `mp4a.40.${signalledObjectType(config)}`;
    case 'mp3':
      return 'mp4a.40.34';
    case 'ac3':
      return 'ac-3';
    case 'eac3':
      return 'ec-3';
    case 'opus':
      return 'opus';
    case 'flac':
      return 'fLaC';
  }
}

function take(config: Buffer, offset: number, sizeBytes: number): Buffer {
  if (config.length < offset + sizeBytes) throw new MalformedError(`configuration of ${config.length} bytes`);
  return config.subarray(offset, offset + sizeBytes);
}

function hevcString(config: Buffer): string {
  const general = take(config, 1, 12);
  const first = general[0]!; // general_profile_space 2, general_tier_flag 1, general_profile_idc 5
  const space = ['', 'A', 'B', 'C'][first >> 6]!;
  const tier = (first & 0x20) === 0 ? 'L' : 'H';
  const compatibility = reverseBits(general.readUInt32BE(1)).toString(16).toUpperCase();
  const constraints = [...general.subarray(5, 11)]; // six bytes, of which trailing zeros are left out
  while (constraints.at(-1) === 0) constraints.pop();
  const parts = constraints.map((byte) => `.${byte.toString(16).toUpperCase()}`).join('');
  return `hvc1.${space}${first & 0x1f}.${compatibility}.${tier}${general[11]}${parts}`;
}

function reverseBits(value: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 32; bit++) reversed = reversed * 2 + ((value >>> bit) & 1);
  return reversed;
}

function av1String(config: Buffer): string {
  const { profile, level, tier, bitDepth } = parseAv1Configuration(config);
  return `av01.${profile}.${twoDigits(level)}${tier === 'high' ? 'H' : 'M'}.${twoDigits(bitDepth)}`;
}

function vp9String(config: Buffer): string {
  const { profile, level, bitDepth } = parseVp9Configuration(config);
  return `vp09.${twoDigits(profile)}.${twoDigits(level || 10)}.${twoDigits(bitDepth)}`;
}

/** The audioObjectType that the configuration begins with: 5 or 29 for HE-AAC that is signalled so, 2 where only the core is. */
function signalledObjectType(config: Buffer): number {
  parseAudioSpecificConfig(config);
  const type = config[0]! >> 3;
  return type === 31 ? 32 + ((config.readUInt16BE(0) >> 5) & 0x3f) : type;
}

function twoDigits(value: number): string {
  return value.toString().padStart(2, '0');
}
