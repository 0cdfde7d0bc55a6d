// Transport packets: 4 bytes of header, an adaptation field on demand, payload. ISO/IEC 13818-1 §2.4.3.2, §2.4.3.4.

export const PACKET_BYTES = 188;
export const HEADER_BYTES = 4;
export const SYNC_BYTE = 0x47;

/** PID, Table 2-3, and those that we give away. */
export const Pid = {
  pat: 0x0000,
  pmt: 0x1000,
  /** Video has this and every second one behind it, audio those between, so that none moves when a track comes or goes. */
  firstStream: 0x0100,
  null: 0x1fff,
} as const;

/** Flags of an adaptation field. */
export const FieldFlag = { discontinuity: 0x80, randomAccess: 0x40, pcr: 0x10 } as const;

/** A PID and its continuity_counter: that of the last packet. */
export interface PidState {
  readonly pid: number;
  counter: number;
}

/** So that the first packet with payload has counter 0. */
export function newPidState(pid: number): PidState {
  return { pid, counter: 15 };
}

/** Writes the first four bytes. `control` is adaptation_field_control: 1 payload, 2 adaptation field, 3 both. */
export function writePacketHeader(
  into: Buffer,
  offset: number,
  { pid, counter }: PidState,
  isUnitStart: boolean,
  control: 1 | 2 | 3,
): void {
  into[offset] = SYNC_BYTE; // sync_byte
  into[offset + 1] = (isUnitStart ? 0x40 : 0) | (pid >> 8); // transport_error_indicator 0, payload_unit_start_indicator, transport_priority 0, PID
  into[offset + 2] = pid & 0xff; // PID
  into[offset + 3] = (control << 4) | counter; // transport_scrambling_control 00, adaptation_field_control, continuity_counter
}
