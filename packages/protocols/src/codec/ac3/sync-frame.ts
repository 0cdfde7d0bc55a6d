// Sync frame header of AC-3 and E-AC-3. ETSI TS 102 366 §4.3, §4.4 and Annex E.1.2, E.1.3.
import { BitReader } from '../../bytes/bit-reader.ts';
import { MalformedError } from '../../bytes/malformed-error.ts';

export interface Ac3Header {
  readonly codec: 'ac3' | 'eac3';
  readonly sampleRate: number;
  /** Of this sync frame alone, LFE included. */
  readonly channels: number;
  /** Size of the sync frame with its header. */
  readonly frameBytes: number;
  /** 1536 in AC-3; 256 for each audio block in E-AC-3. */
  readonly samplesPerFrame: number;
  /** Sampling rate code: 3 for the halved rates of E-AC-3. */
  readonly fscod: number;
  /** Bit stream identification: up to 10 is AC-3, 11 to 16 E-AC-3. */
  readonly bsid: number;
  /** Bit stream mode; 0, the complete main service, where E-AC-3 tells it only far behind the header. */
  readonly bsmod: number;
  /** Audio coding mode: the speakers without LFE. */
  readonly acmod: number;
  readonly lfeOn: boolean;
  /** Half of frmsizecod, as in dac3; 0 in E-AC-3. */
  readonly bitRateCode: number;
  /** E-AC-3: extends the independent substream before it. */
  readonly isDependent: boolean;
  readonly substreamId: number;
  /** Custom channel map of a dependent substream, the left speaker in its highest bit; 0 when there is none. */
  readonly channelMap: number;
}

/** Bytes that `parseAc3Header` wants to see at most. */
export const AC3_HEADER_BYTES = 13;

const SYNC_WORD = 0x0b77;
const SAMPLES_PER_BLOCK = 256;
const BLOCKS_PER_FRAME = 6;
const SAMPLE_RATES = [48_000, 44_100, 32_000] as const;
const CHANNELS = [2, 1, 2, 3, 3, 4, 4, 5] as const;
/** kbit/s of frmsizecod / 2, Table 4.13. */
const BIT_RATES = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640] as const;
/** Audio blocks of numblkscod. */
const BLOCKS = [1, 2, 3, 6] as const;

/** The header at `offset`. The frame itself may end behind `bytes`. Throws MalformedError. */
export function parseAc3Header(bytes: Buffer, offset = 0): Ac3Header {
  if (bytes.length - offset < 6) throw new MalformedError('AC-3 header is cut off', offset);
  const sync = bytes.readUInt16BE(offset); // syncword
  if (sync !== SYNC_WORD) throw new MalformedError(`AC-3 syncword 0x${sync.toString(16)}`, offset);
  const bsid = bytes[offset + 5]! >> 3; // bsid, at the same place in both
  if (bsid > 16) throw new MalformedError(`bsid ${bsid} of AC-3`, offset);
  const reader = new BitReader(bytes.subarray(offset + 2, offset + AC3_HEADER_BYTES));
  return bsid <= 10 ? readAc3(reader, bsid) : readEac3(reader, bsid);
}

function readAc3(reader: BitReader, bsid: number): Ac3Header {
  reader.skip(16); // crc1
  const fscod = reader.bits(2); // fscod
  const frameSizeCode = reader.bits(6); // frmsizecod
  const bitRateCode = frameSizeCode >> 1;
  const fullSampleRate = SAMPLE_RATES[fscod];
  const bitRate = BIT_RATES[bitRateCode];
  if (fullSampleRate === undefined || bitRate === undefined)
    throw new MalformedError(`fscod ${fscod}, frmsizecod ${frameSizeCode} of AC-3`, 4);
  reader.skip(5); // bsid
  const bsmod = reader.bits(3); // bsmod
  const acmod = reader.bits(3); // acmod
  if ((acmod & 1) === 1 && acmod !== 1) reader.skip(2); // cmixlev
  if ((acmod & 4) === 4) reader.skip(2); // surmixlev
  if (acmod === 2) reader.skip(2); // dsurmod
  const lfeOn = reader.flag(); // lfeon
  return {
    codec: 'ac3',
    sampleRate: fullSampleRate >> Math.max(0, bsid - 8), // bsid 9 and 10 halve and quarter the rate
    channels: CHANNELS[acmod]! + (lfeOn ? 1 : 0),
    frameBytes: 2 * ac3FrameWords(fullSampleRate, bitRate, frameSizeCode),
    samplesPerFrame: BLOCKS_PER_FRAME * SAMPLES_PER_BLOCK,
    fscod,
    bsid,
    bsmod,
    acmod,
    lfeOn,
    bitRateCode,
    isDependent: false,
    substreamId: 0,
    channelMap: 0,
  };
}

/** Table 4.13: 1536 samples of this bit rate in words of 16 bits; at 44.1 kHz every other frame has a word more. */
function ac3FrameWords(sampleRate: number, bitRate: number, frameSizeCode: number): number {
  const words = Math.floor((bitRate * 96_000) / sampleRate);
  return sampleRate === 44_100 ? words + (frameSizeCode & 1) : words;
}

function readEac3(reader: BitReader, bsid: number): Ac3Header {
  const streamType = reader.bits(2); // strmtyp: 0 independent, 1 dependent, 2 independent and once AC-3
  if (streamType === 3) throw new MalformedError('strmtyp 3 of E-AC-3 is reserved', 2);
  const substreamId = reader.bits(3); // substreamid
  const frameBytes = 2 * (reader.bits(11) + 1); // frmsiz
  const fscod = reader.bits(2); // fscod
  const rateOrBlocks = reader.bits(2); // fscod2, numblkscod
  const sampleRate = fscod === 3 ? (SAMPLE_RATES[rateOrBlocks] ?? 0) / 2 : SAMPLE_RATES[fscod]!;
  if (sampleRate === 0) throw new MalformedError('fscod2 3 of E-AC-3 is reserved', 4);
  const acmod = reader.bits(3); // acmod
  const lfeOn = reader.flag(); // lfeon
  reader.skip(5); // bsid
  for (let program = acmod === 0 ? 2 : 1; program > 0; program--) {
    reader.skip(5); // dialnorm
    if (reader.flag()) reader.skip(8); // compre, compr
  }
  const isDependent = streamType === 1;
  return {
    codec: 'eac3',
    sampleRate,
    channels: CHANNELS[acmod]! + (lfeOn ? 1 : 0),
    frameBytes,
    samplesPerFrame: (fscod === 3 ? BLOCKS_PER_FRAME : BLOCKS[rateOrBlocks]!) * SAMPLES_PER_BLOCK,
    fscod,
    bsid,
    bsmod: 0,
    acmod,
    lfeOn,
    bitRateCode: 0,
    isDependent,
    substreamId,
    channelMap: isDependent && reader.flag() ? reader.bits(16) : 0, // chanmape, chanmap
  };
}
