// The 90 kHz clock of PTS, DTS and PCR, which has 33 bits and so starts again every 26.5 hours. ISO/IEC 13818-1 §2.4.2, §2.4.3.5.

/** Ticks per second of all times of a transport stream. */
export const TS_TIMESCALE = 90_000;

const MODULUS = 2 ** 33;
export const PCR_BYTES = 6;

/** A time as it is on the wire. Times before 0 are the end of the round before. */
export function wrap(time: number): number {
  const wrapped = time % MODULUS;
  return wrapped < 0 ? wrapped + MODULUS : wrapped;
}

/** The time with this value on the wire that is nearest to `near`. */
export function unwrap(wireTime: number, near: number): number {
  const step = wrap(wireTime - near);
  return near + (step >= MODULUS / 2 ? step - MODULUS : step);
}

/** program_clock_reference in six bytes; the 27 MHz extension is 0, as nothing we send is timed any finer. */
export function writePcr(into: Buffer, offset: number, time: number): void {
  const base = wrap(time);
  into.writeUInt32BE(Math.floor(base / 2), offset); // program_clock_reference_base
  into[offset + 4] = ((base & 1) << 7) | 0x7e; // program_clock_reference_base, reserved 111111, program_clock_reference_extension
  into[offset + 5] = 0; // program_clock_reference_extension
}

/** Times of one program, unwrapped onto one line. Where the sender starts again they jump. */
export class ProgramClock {
  #last: number | undefined;

  /** The time that was told last; undefined before the first. */
  get now(): number | undefined {
    return this.#last;
  }

  /** `wireTime` as it is on the wire. */
  unwrap(wireTime: number): number {
    this.#last = unwrap(wireTime, this.#last ?? wireTime);
    return this.#last;
  }
}
