// What a body begins with tells what it is.

/** ISO/IEC 13818-1 §2.4.3.2. 192 bytes: with a time in front, as Blu-ray has it; 204: with parity behind. */
const TS_PACKET_SIZES = [188, 192, 204];
const TS_SYNC_BYTE = 0x47;
/** So many sync bytes in a row are no accident. */
const TS_SYNC_RUN = 4;

/** Undefined while there is no run of packets yet. */
export function looksLikeTs(bytes: Buffer): true | undefined {
  for (let at = bytes.indexOf(TS_SYNC_BYTE); at !== -1; at = bytes.indexOf(TS_SYNC_BYTE, at + 1)) {
    for (const size of TS_PACKET_SIZES) if (hasRun(bytes, at, size)) return true;
  }
  return undefined;
}

function hasRun(bytes: Buffer, start: number, packetBytes: number): boolean {
  for (let packet = 1; packet < TS_SYNC_RUN; packet++) {
    if (bytes[start + packet * packetBytes] !== TS_SYNC_BYTE) return false;
  }
  return true;
}

/** What fragmented MP4 may begin with; `free`, `prft` and `emsg` come in front of fragments. */
const FIRST_BOXES = new Set(['ftyp', 'styp', 'moov', 'moof', 'sidx', 'free', 'skip', 'prft', 'emsg', 'mdat', 'uuid']);

/** Undefined while the head of the first box is not there. */
export function looksLikeFmp4(bytes: Buffer): boolean | undefined {
  return bytes.length < 8 ? undefined : FIRST_BOXES.has(bytes.toString('latin1', 4, 8));
}
