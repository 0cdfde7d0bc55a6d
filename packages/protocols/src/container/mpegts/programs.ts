// Which program of a transport stream is read.
import { Pid } from './packet.ts';
import { type Program, type ProgramMap, parsePat, parsePmt, parseSection, type Section, TableId } from './psi.ts';
import { codecOfStream } from './stream-type.ts';

/** A broadcast multiplex has a few dozen. */
const MAX_PROGRAMS = 256;

export interface ProgramEvents {
  /** PIDs on which program maps are expected. */
  mapPids(pids: readonly number[]): void;
  /** The program to read, when it is known and whenever its map has changed. */
  program(map: ProgramMap): void;
}

/** Reads PAT and PMTs and settles for one program: the one that was asked for, else the first with picture or sound that we can read. */
export class Programs {
  readonly #wanted: number | undefined;
  readonly #events: ProgramEvents;
  #pat: Buffer | undefined;
  #programs: readonly Program[] = [];
  /** By program_number: the map, and its section as it came last. */
  readonly #maps = new Map<number, { readonly map: ProgramMap; readonly section: Buffer }>();
  #chosen: number | undefined;

  constructor(wanted: number | undefined, events: ProgramEvents) {
    this.#wanted = wanted;
    this.#events = events;
  }

  /** A section as it came on `pid`. Throws MalformedError. */
  section(pid: number, bytes: Buffer): void {
    const section = parseSection(bytes);
    if (section?.tableId === TableId.pat && pid === Pid.pat) this.#setPrograms(section, bytes);
    else if (section?.tableId === TableId.pmt) this.#setMap(pid, section, bytes);
  }

  #setPrograms(section: Section, bytes: Buffer): void {
    if (this.#pat?.equals(bytes)) return;
    this.#pat = bytes;
    this.#programs = parsePat(section).slice(0, MAX_PROGRAMS);
    const numbers = new Set(this.#programs.map(({ programNumber }) => programNumber));
    for (const number of this.#maps.keys()) if (!numbers.has(number)) this.#maps.delete(number);
    this.#events.mapPids(this.#programs.map(({ pmtPid }) => pmtPid));
    if (this.#chosen === undefined || numbers.has(this.#chosen)) return;
    this.#chosen = undefined;
    this.#choose(false);
  }

  #setMap(pid: number, section: Section, bytes: Buffer): void {
    const programNumber = section.tableIdExtension;
    if (!this.#programs.some((program) => program.programNumber === programNumber && program.pmtPid === pid)) return;
    const known = this.#maps.get(programNumber);
    const isRepeated = known?.section.equals(bytes) === true;
    if (!isRepeated) this.#maps.set(programNumber, { map: parsePmt(section), section: bytes });
    if (this.#chosen === undefined) this.#choose(isRepeated);
    else if (this.#chosen === programNumber && !isRepeated) this.#events.program(this.#maps.get(programNumber)!.map);
  }

  /** `isRound`: a map has come for the second time, so every program has had its turn. */
  #choose(isRound: boolean): void {
    for (const { programNumber } of this.#programs) {
      if (this.#wanted !== undefined && programNumber !== this.#wanted) continue;
      const map = this.#maps.get(programNumber)?.map;
      if (map === undefined && !isRound) return;
      if (map === undefined || !hasMedia(map)) continue;
      this.#chosen = programNumber;
      this.#events.program(map);
      return;
    }
  }
}

function hasMedia({ streams }: ProgramMap): boolean {
  return streams.some(({ streamType, descriptors }) => codecOfStream(streamType, descriptors) !== undefined);
}
