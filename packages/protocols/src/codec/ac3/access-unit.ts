// Access units of E-AC-3: the sync frames that give six blocks of every substream. ETSI TS 102 366 Annex E.1.1, F.2.
import { MalformedError } from '../../bytes/malformed-error.ts';
import { AC3_HEADER_BYTES, type Ac3Header, parseAc3Header } from './sync-frame.ts';

const SAMPLES_PER_ACCESS_UNIT = 1536;

/** Headers of the sync frames of one access unit, in their order. Throws MalformedError when the frames do not fill `accessUnit`. */
export function parseAc3AccessUnit(accessUnit: Buffer): Ac3Header[] {
  const headers: Ac3Header[] = [];
  let offset = 0;
  while (offset < accessUnit.length) {
    const header = parseAc3Header(accessUnit, offset);
    headers.push(header);
    offset += header.frameBytes;
  }
  if (offset !== accessUnit.length || headers.length === 0)
    throw new MalformedError(`sync frame ends at ${offset}, access unit at ${accessUnit.length}`, offset);
  return headers;
}

/**
 * Size of the access unit that begins at `offset`; undefined when more bytes are needed to tell. `atEnd`: nothing of this access unit
 * follows behind `bytes`, as at the end of a PES packet. Throws MalformedError when no sync frame stands where one should.
 */
export function ac3AccessUnitBytes(bytes: Buffer, offset: number, atEnd: boolean): number | undefined {
  let end = offset;
  let samples = 0;
  let header: Ac3Header;
  do {
    if (bytes.length - end < AC3_HEADER_BYTES) return undefined;
    header = parseAc3Header(bytes, end);
    if (isMain(header)) samples += header.samplesPerFrame;
    end += header.frameBytes;
    if (end > bytes.length) return undefined;
    if (header.codec === 'ac3') return end - offset;
    if (end === bytes.length && atEnd) return end - offset;
    if (bytes.length - end < AC3_HEADER_BYTES) return undefined;
  } while (belongsToUnit(parseAc3Header(bytes, end), samples));
  return end - offset;
}

/** Samples of an access unit at its own sampling rate: those of the first independent substream. Throws MalformedError. */
export function ac3AccessUnitSamples(accessUnit: Buffer): number {
  let samples = 0;
  for (let offset = 0; offset < accessUnit.length; ) {
    const header = parseAc3Header(accessUnit, offset);
    if (isMain(header)) samples += header.samplesPerFrame;
    offset += header.frameBytes;
  }
  return samples;
}

function belongsToUnit(header: Ac3Header, samples: number): boolean {
  return header.codec === 'eac3' && (!isMain(header) || samples < SAMPLES_PER_ACCESS_UNIT);
}

/** Of the first independent substream, with which an access unit begins. */
function isMain(header: Ac3Header): boolean {
  return !header.isDependent && header.substreamId === 0;
}
