// Bodies of the boxes dac3 and dec3. ETSI TS 102 366 Annex F.4 and F.6.
import { BitReader } from '../../bytes/bit-reader.ts';
import { ByteWriter } from '../../bytes/byte-writer.ts';
import { MalformedError } from '../../bytes/malformed-error.ts';
import type { Ac3Header } from './sync-frame.ts';

export interface Ac3Configuration {
  readonly codec: 'ac3' | 'eac3';
  /** 0 for the halved rates of E-AC-3, of which dec3 does not tell which. */
  readonly sampleRate: number;
  /** Of the first independent substream with its dependent ones, LFE included. */
  readonly channels: number;
}

const DAC3_BYTES = 3;
const SAMPLE_RATES = [48_000, 44_100, 32_000, 0] as const;
const CHANNELS = [2, 1, 2, 3, 3, 4, 4, 5] as const;
/** Speakers of each bit of chan_loc, the lowest first: Lc/Rc, Lrs/Rrs, Cs, Ts, Lsd/Rsd, Lw/Rw, Lvh/Rvh, Cvh, LFE2. */
const LOCATION_CHANNELS = [2, 2, 1, 1, 2, 2, 2, 1, 1] as const;

/**
 * dac3 of an AC-3 frame, or dec3 of an E-AC-3 access unit: `header` of its first sync frame, `others` of the rest as `parseAc3AccessUnit` gives them.
 */
export function buildAc3Config(header: Ac3Header, others: readonly Ac3Header[] = []): Buffer {
  return header.codec === 'ac3' ? buildDac3(header) : buildDec3([header, ...others]);
}

function buildDac3({ fscod, bsid, bsmod, acmod, lfeOn, bitRateCode }: Ac3Header): Buffer {
  return new ByteWriter(DAC3_BYTES)
    .u24(
      (fscod << 22) | // fscod 2
        (bsid << 17) | // bsid 5
        (bsmod << 14) | // bsmod 3
        (acmod << 11) | // acmod 3
        ((lfeOn ? 1 : 0) << 10) | // lfeon 1
        (bitRateCode << 5), // bit_rate_code 5, reserved 5
    )
    .finish();
}

function buildDec3(headers: readonly Ac3Header[]): Buffer {
  const programs = headers.filter(({ isDependent }) => !isDependent);
  const independent = programs.filter(
    ({ substreamId }, at) => programs.findIndex((p) => p.substreamId === substreamId) === at,
  );
  const writer = new ByteWriter(16).u16((dataRate(headers) << 3) | (independent.length - 1)); // data_rate 13, num_ind_sub 3
  for (const header of independent) {
    const dependents = dependentsOf(header, headers);
    const fields =
      (header.fscod << 14) | // fscod 2
      (header.bsid << 9) | // bsid 5, reserved 1, asvc 1
      (header.bsmod << 4) | // bsmod 3
      (header.acmod << 1) | // acmod 3
      (header.lfeOn ? 1 : 0); // lfeon 1
    writer.u16(fields);
    const location = dependents.reduce((bits, { channelMap }) => bits | locationOf(channelMap), 0);
    if (dependents.length === 0)
      writer.u8(0); // reserved 3, num_dep_sub 4, reserved 1
    else writer.u16((dependents.length << 9) | location); // reserved 3, num_dep_sub 4, chan_loc 9
  }
  return writer.finish();
}

/** kbit/s over all substreams. */
function dataRate(headers: readonly Ac3Header[]): number {
  const bytes = headers.reduce((sum, { frameBytes }) => sum + frameBytes, 0);
  const main = headers.filter(({ isDependent, substreamId }) => !isDependent && substreamId === 0);
  const samples = main.reduce((sum, { samplesPerFrame }) => sum + samplesPerFrame, 0);
  return Math.min(0x1fff, Math.round((bytes * 8 * headers[0]!.sampleRate) / (Math.max(samples, 256) * 1000)));
}

/** The dependent substreams between an independent one and the next, each once. */
function dependentsOf(header: Ac3Header, headers: readonly Ac3Header[]): Ac3Header[] {
  const behind = headers.slice(headers.indexOf(header) + 1);
  const next = behind.findIndex(({ isDependent }) => !isDependent);
  return next === -1 ? behind : behind.slice(0, next);
}

/** chan_loc of a chanmap, whose bit 5 from the left is Lc/Rc and bit 14 LFE2, Table E.1.4. */
function locationOf(channelMap: number): number {
  let location = ((channelMap >> 1) & 1) << 8; // LFE2
  for (let bit = 0; bit < 8; bit++) location |= ((channelMap >> (10 - bit)) & 1) << bit;
  return location;
}

/** `config` is a body of dac3, which has three bytes, or of dec3, which has more. Throws MalformedError. */
export function parseAc3Config(config: Buffer): Ac3Configuration {
  const reader = new BitReader(config);
  const codec = config.length === DAC3_BYTES ? 'ac3' : 'eac3';
  if (codec === 'eac3') reader.skip(13 + 3); // data_rate, num_ind_sub
  const sampleRate = SAMPLE_RATES[reader.bits(2)]!; // fscod
  reader.skip(5 + (codec === 'eac3' ? 2 : 0) + 3); // bsid, reserved, asvc, bsmod
  const coded = CHANNELS[reader.bits(3)]! + reader.bits(1); // acmod, lfeon
  if (codec === 'ac3' && sampleRate === 0) throw new MalformedError('fscod 3 of dac3 is reserved');
  return { codec, sampleRate, channels: codec === 'eac3' ? coded + readLocation(reader) : coded };
}

function readLocation(reader: BitReader): number {
  reader.skip(3); // reserved
  const dependents = reader.bits(4); // num_dep_sub
  if (dependents === 0) return 0;
  const location = reader.bits(9); // chan_loc
  return LOCATION_CHANNELS.reduce((sum, channels, bit) => sum + ((location >> bit) & 1) * channels, 0);
}
