// Program specific information: which PIDs make a program. ISO/IEC 13818-1 §2.4.4.
import { ByteReader } from '../../bytes/byte-reader.ts';
import { ByteWriter } from '../../bytes/byte-writer.ts';
import { crc32 } from './crc32.ts';
import { HEADER_BYTES, PACKET_BYTES } from './packet.ts';

/** table_id, Table 2-31. */
export const TableId = { pat: 0x00, pmt: 0x02 } as const;

const SECTION_HEADER_BYTES = 8;
const CRC_BYTES = 4;

export interface Program {
  readonly programNumber: number;
  readonly pmtPid: number;
}

export interface ProgramStream {
  readonly pid: number;
  readonly streamType: number;
  /** Loop of descriptors, byte for byte. */
  readonly descriptors: Buffer;
}

export interface ProgramMap {
  readonly programNumber: number;
  readonly pcrPid: number;
  readonly streams: readonly ProgramStream[];
}

/** program_association_section of a stream with one program, §2.4.4.3. */
export function buildPat(transportStreamId: number, { programNumber, pmtPid }: Program): Buffer {
  const body = new ByteWriter(4)
    .u16(programNumber) // program_number
    .u16(0xe000 | pmtPid); // reserved 111, program_map_PID
  return buildSection(TableId.pat, transportStreamId, 0, body.finish());
}

/** TS_program_map_section, §2.4.4.8. `version` is 0 to 31. */
export function buildPmt({ programNumber, pcrPid, streams }: ProgramMap, version: number): Buffer {
  const body = new ByteWriter()
    .u16(0xe000 | pcrPid) // reserved 111, PCR_PID
    .u16(0xf000); // reserved 1111, program_info_length 0
  for (const { streamType, pid, descriptors } of streams) {
    body
      .u8(streamType) // stream_type
      .u16(0xe000 | pid) // reserved 111, elementary_PID
      .u16(0xf000 | descriptors.length) // reserved 1111, ES_info_length
      .bytes(descriptors);
  }
  return buildSection(TableId.pmt, programNumber, version, body.finish());
}

function buildSection(tableId: number, tableIdExtension: number, version: number, body: Buffer): Buffer {
  const section = new ByteWriter(SECTION_HEADER_BYTES + body.length + CRC_BYTES)
    .u8(tableId) // table_id
    .u16(0xb000 | (SECTION_HEADER_BYTES - 3 + body.length + CRC_BYTES)) // section_syntax_indicator 1, '0', reserved 11, section_length
    .u16(tableIdExtension) // transport_stream_id or program_number
    .u8(0xc1 | (version << 1)) // reserved 11, version_number, current_next_indicator 1
    .u8(0) // section_number
    .u8(0) // last_section_number
    .bytes(body)
    .u32(0)
    .finish();
  section.writeUInt32BE(crc32(section.subarray(0, -CRC_BYTES)), section.length - CRC_BYTES); // CRC_32
  return section;
}

/** The section as payload of whole packets, filled up with stuffing. */
export function sectionPayload(section: Buffer): Buffer {
  const room = PACKET_BYTES - HEADER_BYTES;
  const payload = Buffer.alloc(Math.ceil((1 + section.length) / room) * room, 0xff); // stuffing
  payload[0] = 0; // pointer_field
  section.copy(payload, 1);
  return payload;
}

export interface Section {
  readonly tableId: number;
  /** transport_stream_id or program_number. */
  readonly tableIdExtension: number;
  /** What stands between the header and CRC_32. */
  readonly body: Buffer;
}

/** `section` is whole and its CRC_32 right. Undefined for a table that will only count later. */
export function parseSection(section: Buffer): Section | undefined {
  const isCurrent = (section[5]! & 1) !== 0; // reserved 11, version_number, current_next_indicator
  if (!isCurrent) return undefined;
  return {
    tableId: section[0]!, // table_id
    tableIdExtension: section.readUInt16BE(3),
    body: section.subarray(SECTION_HEADER_BYTES, -CRC_BYTES), // behind section_number, last_section_number
  };
}

/** The programs of one section of the PAT. The network PID is not one. */
export function parsePat({ body }: Section): Program[] {
  const programs: Program[] = [];
  for (let offset = 0; offset + 4 <= body.length; offset += 4) {
    const programNumber = body.readUInt16BE(offset); // program_number
    const pmtPid = body.readUInt16BE(offset + 2) & 0x1fff; // reserved 111, program_map_PID
    if (programNumber !== 0) programs.push({ programNumber, pmtPid });
  }
  return programs;
}

/** Throws MalformedError. */
export function parsePmt({ tableIdExtension, body }: Section): ProgramMap {
  const reader = new ByteReader(body);
  const pcrPid = reader.u16() & 0x1fff; // reserved 111, PCR_PID
  reader.skip(reader.u16() & 0x0fff); // reserved 1111, program_info_length
  const streams: ProgramStream[] = [];
  while (reader.remaining > 0) {
    const streamType = reader.u8(); // stream_type
    const pid = reader.u16() & 0x1fff; // reserved 111, elementary_PID
    const descriptors = reader.take(reader.u16() & 0x0fff); // reserved 1111, ES_info_length
    streams.push({ pid, streamType, descriptors });
  }
  return { programNumber: tableIdExtension, pcrPid, streams };
}
