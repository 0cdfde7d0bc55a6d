// Transport packets read by the book, so that the muxer's are not judged by the demuxer.

export interface Packet {
  readonly pid: number;
  readonly isUnitStart: boolean;
  readonly counter: number;
  readonly isDiscontinuity: boolean;
  readonly isRandomAccess: boolean;
  readonly pcr: number | undefined;
  readonly payload: Buffer;
}

export function packetsIn(bytes: Buffer): Packet[] {
  if (bytes.length % 188 !== 0) throw new Error(`${bytes.length} bytes are no whole packets`);
  return Array.from({ length: bytes.length / 188 }, (_, index) =>
    packetAt(bytes.subarray(188 * index, 188 * index + 188)),
  );
}

function packetAt(bytes: Buffer): Packet {
  if (bytes[0] !== 0x47) throw new Error('no sync byte');
  const hasField = (bytes[3]! & 0x20) !== 0;
  const hasPayload = (bytes[3]! & 0x10) !== 0;
  const fieldEnd = hasField ? 5 + bytes[4]! : 4;
  if (fieldEnd > 188 || (!hasPayload && fieldEnd !== 188)) throw new Error(`adaptation field ends at ${fieldEnd}`);
  const flags = hasField && bytes[4]! > 0 ? bytes[5]! : 0;
  const hasPcr = (flags & 0x10) !== 0;
  const stuffing = hasField && bytes[4]! > 0 ? bytes.subarray(hasPcr ? 12 : 6, fieldEnd) : Buffer.alloc(0);
  if (stuffing.some((byte) => byte !== 0xff)) throw new Error('stuffing is not 0xFF');
  return {
    pid: bytes.readUInt16BE(1) & 0x1fff,
    isUnitStart: (bytes[1]! & 0x40) !== 0,
    counter: bytes[3]! & 0xf,
    isDiscontinuity: (flags & 0x80) !== 0,
    isRandomAccess: (flags & 0x40) !== 0,
    pcr: hasPcr ? bytes.readUInt32BE(6) * 2 + (bytes[10]! >> 7) : undefined,
    payload: hasPayload ? bytes.subarray(fieldEnd) : Buffer.alloc(0),
  };
}

export interface Pes {
  readonly streamId: number;
  readonly announcedBytes: number;
  readonly pts: number;
  readonly dts: number;
  readonly isRandomAccess: boolean;
  readonly pcr: number | undefined;
  readonly data: Buffer;
}

/** The PES packets of one PID. */
export function pesOf(packets: readonly Packet[], pid: number): Pes[] {
  const units: Packet[][] = [];
  for (const packet of packets.filter((candidate) => candidate.pid === pid && candidate.payload.length > 0)) {
    if (packet.isUnitStart) units.push([packet]);
    else units.at(-1)!.push(packet);
  }
  return units.map((unit) => pesIn(unit[0]!, Buffer.concat(unit.map(({ payload }) => payload))));
}

function pesIn(first: Packet, bytes: Buffer): Pes {
  if (bytes.readUIntBE(0, 3) !== 1) throw new Error('no packet_start_code_prefix');
  const announcedBytes = bytes.readUInt16BE(4);
  if (announcedBytes !== 0 && announcedBytes !== bytes.length - 6)
    throw new Error(`PES packet of ${bytes.length} bytes says ${announcedBytes}`);
  const { isRandomAccess, pcr } = first;
  const data = bytes.subarray(9 + bytes[8]!);
  return { streamId: bytes[3]!, announcedBytes, ...timesOf(first), isRandomAccess, pcr, data };
}

/** Of the PES packet that begins in this packet. */
export function timesOf({ payload }: Packet): { pts: number; dts: number } {
  const pts = timeAt(payload, 9);
  return { pts, dts: payload[7]! >> 6 === 3 ? timeAt(payload, 14) : pts };
}

function timeAt(bytes: Buffer, offset: number): number {
  const bits = Array.from(bytes.subarray(offset, offset + 5), (byte) => byte.toString(2).padStart(8, '0')).join('');
  return Number.parseInt(bits.slice(4, 7) + bits.slice(8, 23) + bits.slice(24, 39), 2);
}

/** The payload of each PMT, behind the pointer field. */
export function programMaps(packets: readonly Packet[]): Buffer[] {
  return packets.filter(({ pid }) => pid === 0x1000).map(({ payload }) => payload.subarray(1));
}
