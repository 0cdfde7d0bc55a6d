// Whether a transport stream keeps the rules: ISO/IEC 13818-1, the alarms of ETSI TR 101 290, and what Apple's players insist on. None of our own
// code has a say here.

export interface TsVerdict {
  readonly packets: number;
  /** Packets that do not begin with 0x47, and bytes behind the last one. */
  readonly syncErrors: number;
  /** continuity_counter that does not go on, without discontinuity_indicator. */
  readonly continuityErrors: number;
  readonly discontinuities: number;
  readonly nullPackets: number;
  readonly pcrPid: number;
  /** stream_type by PID, `0x1b`. */
  readonly streamTypes: Readonly<Record<number, string>>;
  /** Versions of the PMT, in their order. */
  readonly pmtVersions: readonly number[];
  readonly maxPcrGapMs: number;
  /** PCRs that are not later than the one before. */
  readonly pcrErrors: number;
  readonly maxPatGapMs: number;
  readonly maxPmtGapMs: number;
  /** How long before its decode time the first byte of a PES packet is sent. */
  readonly minLeadMs: number;
  readonly maxLeadMs: number;
  /** PES packets that came later than their decode time, their last byte included. */
  readonly latePes: number;
  /** PES packets whose PES_packet_length is wrong, or 0 where it must not be. */
  readonly pesLengthErrors: number;
  readonly pictures: number;
  /** Access units that do not begin with a delimiter, or hold two. */
  readonly delimiterErrors: number;
  /** Pictures at which decoding may start, by their NAL units. */
  readonly syncPictures: number;
  /** Those without random_access_indicator, parameter sets (each once) or PAT and PMT between them and the picture before; and marks on others. */
  readonly syncErrorsOfPictures: number;
}

const MODULUS = 2 ** 33;

interface PesUnit {
  readonly pid: number;
  readonly isMarked: boolean;
  readonly hasTables: boolean;
  readonly parts: Buffer[];
  /** Bytes to come; without an end when PES_packet_length does not tell. */
  missingBytes: number;
}

/** Reads a stream packet by packet and keeps its faults. */
export class TsJudge {
  readonly #counters = new Map<number, number>();
  readonly #units = new Map<number, PesUnit>();
  readonly #streamTypes: Record<number, string> = {};
  readonly #pmtVersions: number[] = [];
  readonly #faults = { sync: 0, continuity: 0, pcr: 0, late: 0, length: 0, delimiter: 0, picture: 0 };
  readonly #counts = { packets: 0, nulls: 0, discontinuities: 0, pictures: 0, syncPictures: 0 };
  readonly #gaps = { pcr: 0, pat: 0, pmt: 0 };
  /** Unwrapped clock in ticks of 90 kHz, at the last PCR; and when tables were seen on it. */
  #clock: number | undefined;
  readonly #seenAt: { pat: number | undefined; pmt: number | undefined } = { pat: undefined, pmt: undefined };
  #patSincePicture = false;
  #pmtSincePicture = false;
  #pmtPid = -1;
  #pcrPid = -1;
  #minLead = Number.POSITIVE_INFINITY;
  #maxLead = Number.NEGATIVE_INFINITY;

  constructor(bytes: Buffer) {
    for (let offset = 0; offset + 188 <= bytes.length; offset += 188)
      this.#packet(bytes.subarray(offset, offset + 188));
    if (bytes.length % 188 !== 0) this.#faults.sync += 1;
    for (const pid of [...this.#units.keys()]) this.#closeUnit(pid);
  }

  get verdict(): TsVerdict {
    const ms = (ticks: number) => Math.round(ticks / 9) / 10;
    return {
      packets: this.#counts.packets,
      syncErrors: this.#faults.sync,
      continuityErrors: this.#faults.continuity,
      discontinuities: this.#counts.discontinuities,
      nullPackets: this.#counts.nulls,
      pcrPid: this.#pcrPid,
      streamTypes: this.#streamTypes,
      pmtVersions: this.#pmtVersions,
      maxPcrGapMs: ms(this.#gaps.pcr),
      pcrErrors: this.#faults.pcr,
      maxPatGapMs: ms(this.#gaps.pat),
      maxPmtGapMs: ms(this.#gaps.pmt),
      minLeadMs: ms(this.#minLead),
      maxLeadMs: ms(this.#maxLead),
      latePes: this.#faults.late,
      pesLengthErrors: this.#faults.length,
      pictures: this.#counts.pictures,
      delimiterErrors: this.#faults.delimiter,
      syncPictures: this.#counts.syncPictures,
      syncErrorsOfPictures: this.#faults.picture,
    };
  }

  #packet(bytes: Buffer): void {
    this.#counts.packets += 1;
    if (bytes[0] !== 0x47) {
      this.#faults.sync += 1;
      return;
    }
    const pid = bytes.readUInt16BE(1) & 0x1fff;
    if (pid === 0x1fff) {
      this.#counts.nulls += 1;
      return;
    }
    const hasField = (bytes[3]! & 0x20) !== 0;
    const hasPayload = (bytes[3]! & 0x10) !== 0;
    const flags = hasField && bytes[4]! > 0 ? bytes[5]! : 0;
    this.#count(pid, bytes[3]! & 0xf, hasPayload, (flags & 0x80) !== 0);
    if ((flags & 0x10) !== 0) this.#pcr(bytes.readUInt32BE(6) * 2 + (bytes[10]! >> 7), (flags & 0x80) !== 0);
    if (!hasPayload) return;
    const payload = bytes.subarray(hasField ? 5 + bytes[4]! : 4);
    const isStart = (bytes[1]! & 0x40) !== 0;
    if (pid === 0 && isStart) this.#pat(payload);
    else if (pid === this.#pmtPid && isStart) this.#pmt(payload);
    else if (isStart) this.#openUnit(pid, payload, (flags & 0x40) !== 0);
    else this.#continueUnit(this.#units.get(pid), payload);
  }

  #count(pid: number, counter: number, hasPayload: boolean, isAnnounced: boolean): void {
    const last = this.#counters.get(pid);
    if (isAnnounced) this.#counts.discontinuities += 1;
    if (last !== undefined && !isAnnounced && counter !== (hasPayload ? (last + 1) & 0xf : last))
      this.#faults.continuity += 1;
    this.#counters.set(pid, counter);
  }

  #pcr(base: number, isAnnounced: boolean): void {
    if (this.#clock === undefined || isAnnounced) {
      this.#clock = base;
      this.#seenAt.pat = undefined;
      this.#seenAt.pmt = undefined;
      return;
    }
    const step = signedStep(base, this.#clock);
    if (step <= 0) this.#faults.pcr += 1;
    this.#gaps.pcr = Math.max(this.#gaps.pcr, step);
    this.#clock += step;
  }

  #see(table: 'pat' | 'pmt'): void {
    if (this.#clock === undefined) return;
    this.#gaps[table] = Math.max(this.#gaps[table], this.#clock - (this.#seenAt[table] ?? this.#clock));
    this.#seenAt[table] = this.#clock;
  }

  #pat(payload: Buffer): void {
    const start = 1 + payload[0]!;
    this.#pmtPid = payload.readUInt16BE(start + 10) & 0x1fff;
    this.#patSincePicture = true;
    this.#see('pat');
  }

  #pmt(payload: Buffer): void {
    const start = 1 + payload[0]!;
    const end = start + 3 + (payload.readUInt16BE(start + 1) & 0xfff) - 4;
    const version = (payload[start + 5]! >> 1) & 0x1f;
    if (this.#pmtVersions.at(-1) !== version) this.#pmtVersions.push(version);
    this.#pcrPid = payload.readUInt16BE(start + 8) & 0x1fff;
    let offset = start + 12 + (payload.readUInt16BE(start + 10) & 0xfff);
    while (offset < end) {
      this.#streamTypes[payload.readUInt16BE(offset + 1) & 0x1fff] = `0x${payload[offset]!.toString(16)}`;
      offset += 5 + (payload.readUInt16BE(offset + 3) & 0xfff);
    }
    this.#pmtSincePicture = true;
    this.#see('pmt');
  }

  #openUnit(pid: number, payload: Buffer, isMarked: boolean): void {
    this.#closeUnit(pid);
    const hasTables = this.#patSincePicture && this.#pmtSincePicture;
    const unit: PesUnit = { pid, isMarked, hasTables, parts: [], missingBytes: payload.readUInt16BE(4) + 6 };
    if (unit.missingBytes === 6) unit.missingBytes = Number.POSITIVE_INFINITY;
    this.#units.set(pid, unit);
    this.#continueUnit(unit, payload);
    if (isVideo(this.#streamTypes[pid])) {
      this.#patSincePicture = false;
      this.#pmtSincePicture = false;
    }
    const lead = this.#leadOf(payload);
    this.#minLead = Math.min(this.#minLead, lead);
    this.#maxLead = Math.max(this.#maxLead, lead);
  }

  #continueUnit(unit: PesUnit | undefined, payload: Buffer): void {
    if (unit === undefined) return;
    unit.parts.push(payload);
    unit.missingBytes -= payload.length;
    if (unit.missingBytes === 0 && this.#leadOf(unit.parts[0]!) < 0) this.#faults.late += 1;
  }

  #leadOf(header: Buffer): number {
    const isDouble = header[7]! >> 6 === 3;
    return this.#clock === undefined ? 0 : signedStep(timeAt(header, isDouble ? 14 : 9), this.#clock);
  }

  #closeUnit(pid: number): void {
    const unit = this.#units.get(pid);
    this.#units.delete(pid);
    if (unit === undefined) return;
    const bytes = Buffer.concat(unit.parts);
    const announced = bytes.readUInt16BE(4);
    const isOpenEnded = announced === 0 && isVideo(this.#streamTypes[pid]);
    if (!isOpenEnded && announced !== bytes.length - 6) this.#faults.length += 1;
    if (isVideo(this.#streamTypes[pid])) this.#picture(unit, bytes.subarray(9 + bytes[8]!));
  }

  #picture({ pid, isMarked, hasTables }: PesUnit, data: Buffer): void {
    const isHevc = this.#streamTypes[pid] === '0x24';
    const types = nalTypes(data, isHevc);
    const count = (type: number) => types.filter((candidate) => candidate === type).length;
    const [delimiter, ...sets] = isHevc ? [35, 32, 33, 34] : [9, 7, 8];
    this.#counts.pictures += 1;
    if (types[0] !== delimiter || count(delimiter!) !== 1) this.#faults.delimiter += 1;
    const isSync = types.some((type) => (isHevc ? type >= 16 && type <= 21 : type === 5));
    if (!isSync) {
      if (isMarked) this.#faults.picture += 1;
      return;
    }
    this.#counts.syncPictures += 1;
    if (!isMarked || !hasTables || sets.some((type) => count(type) !== 1)) this.#faults.picture += 1;
  }
}

/** All that a stream is judged by. */
export function judgeTs(bytes: Buffer): TsVerdict {
  return new TsJudge(bytes).verdict;
}

/** A verdict without a fault, for `toMatchObject`. */
export const FAULTLESS: Partial<TsVerdict> = {
  syncErrors: 0,
  continuityErrors: 0,
  pcrErrors: 0,
  latePes: 0,
  pesLengthErrors: 0,
  delimiterErrors: 0,
  syncErrorsOfPictures: 0,
};

function isVideo(streamType: string | undefined): boolean {
  return streamType === '0x1b' || streamType === '0x24';
}

function nalTypes(data: Buffer, isHevc: boolean): number[] {
  const types: number[] = [];
  for (let at = data.indexOf('000001', 0, 'hex'); at !== -1; at = data.indexOf('000001', at + 3, 'hex')) {
    const header = data[at + 3] ?? 0;
    types.push(isHevc ? (header >> 1) & 0x3f : header & 0x1f);
  }
  return types;
}

function timeAt(bytes: Buffer, offset: number): number {
  const high = (bytes[offset]! >> 1) & 7;
  return high * 2 ** 30 + (bytes.readUInt16BE(offset + 1) >> 1) * 2 ** 15 + (bytes.readUInt16BE(offset + 3) >> 1);
}

/** From `clock`, whatever its wraps, to a time of 33 bits. */
function signedStep(time: number, clock: number): number {
  const step = (((time - clock) % MODULUS) + MODULUS) % MODULUS;
  return step >= MODULUS / 2 ? step - MODULUS : step;
}
