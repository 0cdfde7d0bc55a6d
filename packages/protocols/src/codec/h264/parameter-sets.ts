// The parameter sets in force, as in-band sets replace those of the configuration record.
import { BitReader } from '../../bytes/bit-reader.ts';
import { MalformedError } from '../../bytes/malformed-error.ts';
import { buildAvcConfiguration, parseAvcConfiguration } from './avcc.ts';
import { NalType, nalUnitType, rbspOf } from './nal-unit.ts';

/**
 * The configuration record once these in-band SPS and PPS are in force: a set replaces the one with its id, others are added.
 * Undefined when all of them are known already. `record` may be undefined when no configuration is known yet; the result is undefined
 * until there is an SPS and a PPS.
 */
export function mergeParameterSets(record: Buffer | undefined, parameterSets: readonly Buffer[]): Buffer | undefined {
  const known = record === undefined ? { sps: [], pps: [] } : parseAvcConfiguration(record);
  const sps = merge(
    known.sps,
    parameterSets.filter((set) => nalUnitType(set[0]!) === NalType.sps),
    spsId,
  );
  const pps = merge(
    known.pps,
    parameterSets.filter((set) => nalUnitType(set[0]!) === NalType.pps),
    ppsId,
  );
  if (sps === known.sps && pps === known.pps) return undefined;
  return sps.length > 0 && pps.length > 0 ? buildAvcConfiguration(sps, pps) : undefined;
}

function merge(known: readonly Buffer[], sets: readonly Buffer[], idOf: (set: Buffer) => number): readonly Buffer[] {
  const fresh = sets.filter((set) => !known.some((other) => other.equals(set)));
  if (fresh.length === 0) return known;
  const byId = new Map<number, Buffer>();
  for (const set of [...known, ...fresh]) byId.set(idOf(set), set);
  return [...byId.values()];
}

function spsId(set: Buffer): number {
  const reader = new BitReader(rbspOf(set));
  reader.skip(24); // profile_idc, constraint flags, level_idc
  return checkId(reader.ue(), 31); // seq_parameter_set_id
}

function ppsId(set: Buffer): number {
  return checkId(new BitReader(rbspOf(set)).ue(), 255); // pic_parameter_set_id
}

function checkId(id: number, largest: number): number {
  if (id > largest) throw new MalformedError(`parameter set id ${id}, expected 0 to ${largest}`);
  return id;
}
