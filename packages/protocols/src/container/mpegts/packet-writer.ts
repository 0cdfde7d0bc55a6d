import { PCR_BYTES, writePcr } from './clock.ts';
import { FieldFlag, HEADER_BYTES, PACKET_BYTES, type PidState, writePacketHeader } from './packet.ts';

/** Memory is allocated in blocks of at least this size: one allocation for many batches. */
const SLAB_BYTES = 256 * 1024;
const PAYLOAD_BYTES = PACKET_BYTES - HEADER_BYTES;
/** adaptation_field_length and the flags. */
const FIELD_FLAGS_BYTES = 2;

/** Bytes to leave free around what is handed out. */
export interface Room {
  readonly before: number;
  readonly behind: number;
}

/**
 * Cuts payload units (PES packets, sections) into transport packets and writes these one after the other into large blocks of memory. What
 * was handed out is never touched again.
 */
export class PacketWriter {
  readonly #room: Room;
  #slab: Buffer;
  /** Where the packets begin that have not been handed out. */
  #start: number;
  #end: number;
  /** The unit that is being written. */
  #pid: PidState | undefined;
  #unitBytes = 0;
  /** Free payload of the packet that is being written. */
  #packetBytes = 0;

  /** `slabBytes`: less than by default for a writer that is used once. */
  constructor(room: Room, slabBytes = SLAB_BYTES) {
    this.#room = room;
    this.#slab = Buffer.allocUnsafeSlow(slabBytes);
    this.#start = room.before;
    this.#end = room.before;
  }

  /** Everything since the last call, with the room around it; empty when there was nothing. */
  take(): Buffer {
    const { before, behind } = this.#room;
    if (this.#end === this.#start) return this.#slab.subarray(0, 0);
    const taken = this.#slab.subarray(this.#start - before, this.#end + behind);
    this.#start = this.#end + behind + before;
    this.#end = this.#start;
    return taken;
  }

  /**
   * Begins a unit of `unitBytes`, which `write` must then fill exactly. `flags` and `pcr` go into the adaptation field of its first packet; a
   * pcr is a time of 90 kHz.
   */
  begin(pid: PidState, unitBytes: number, flags = 0, pcr?: number): void {
    this.#pid = pid;
    this.#unitBytes = unitBytes;
    this.#reserve((Math.ceil(unitBytes / PAYLOAD_BYTES) + 1) * PACKET_BYTES);
    this.#openPacket(true, flags, pcr);
  }

  /** Copies bytes `from` to `to` of `source` into the unit. */
  write(source: Buffer, from: number, to: number): void {
    let offset = from;
    while (offset < to) {
      if (this.#packetBytes === 0) this.#openPacket(false, 0, undefined);
      const pieceEnd = Math.min(to, offset + this.#packetBytes);
      source.copy(this.#slab, this.#end, offset, pieceEnd);
      this.#end += pieceEnd - offset;
      this.#packetBytes -= pieceEnd - offset;
      offset = pieceEnd;
    }
  }

  /** A packet without payload. */
  writeField(pid: PidState, flags: number, pcr?: number): void {
    this.#reserve(PACKET_BYTES);
    writePacketHeader(this.#slab, this.#end, pid, false, 2);
    this.#writeField(this.#end + HEADER_BYTES, PAYLOAD_BYTES, flags, pcr);
    this.#end += PACKET_BYTES;
  }

  #openPacket(isUnitStart: boolean, flags: number, pcr: number | undefined): void {
    const pid = this.#pid!;
    const markBytes = pcr !== undefined ? FIELD_FLAGS_BYTES + PCR_BYTES : flags !== 0 ? FIELD_FLAGS_BYTES : 0;
    this.#packetBytes = Math.min(this.#unitBytes, PAYLOAD_BYTES - markBytes);
    this.#unitBytes -= this.#packetBytes;
    const fieldBytes = PAYLOAD_BYTES - this.#packetBytes;
    pid.counter = (pid.counter + 1) & 0xf;
    writePacketHeader(this.#slab, this.#end, pid, isUnitStart, fieldBytes > 0 ? 3 : 1);
    this.#end += HEADER_BYTES;
    if (fieldBytes > 0) this.#writeField(this.#end, fieldBytes, flags, pcr);
    this.#end += fieldBytes;
  }

  /** adaptation_field() of `fieldBytes`, its length field included. */
  #writeField(start: number, fieldBytes: number, flags: number, pcr: number | undefined): void {
    const slab = this.#slab;
    slab[start] = fieldBytes - 1; // adaptation_field_length
    if (fieldBytes === 1) return;
    slab[start + 1] = flags | (pcr === undefined ? 0 : FieldFlag.pcr); // discontinuity 1, random_access 1, ES priority 1, PCR 1, ...
    let offset = start + FIELD_FLAGS_BYTES;
    if (pcr !== undefined) {
      writePcr(slab, offset, pcr); // program_clock_reference
      offset += PCR_BYTES;
    }
    slab.fill(0xff, offset, start + fieldBytes); // stuffing_byte
  }

  /** Makes room; what has begun moves along to the new block, which leaves it space to grow. */
  #reserve(sizeBytes: number): void {
    const { before, behind } = this.#room;
    if (this.#end + sizeBytes + behind <= this.#slab.length) return;
    const begun = this.#slab.subarray(this.#start, this.#end);
    const slab = Buffer.allocUnsafeSlow(before + Math.max(SLAB_BYTES, 2 * begun.length + sizeBytes) + behind);
    begun.copy(slab, before);
    this.#slab = slab;
    this.#start = before;
    this.#end = before + begun.length;
  }
}
