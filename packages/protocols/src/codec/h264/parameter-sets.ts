// The parameter sets in force, as in-band sets replace those of the configuration record.
import { BitReader } from '../../bytes/bit-reader.ts';
import { checkedId, replaceById } from '../nal/parameter-sets.ts';
import { rbspOf } from '../nal/rbsp.ts';
import { buildAvcConfiguration, parseAvcConfiguration } from './avcc.ts';
import { NalType, nalUnitType } from './nal-unit.ts';

/**
 * The configuration record once these in-band SPS and PPS are in force: a set replaces the one with its id, others are added.
 * Undefined when all of them are known already. `record` may be undefined when no configuration is known yet; the result is undefined
 * until there is an SPS and a PPS.
 */
export function mergeParameterSets(record: Buffer | undefined, parameterSets: readonly Buffer[]): Buffer | undefined {
  const known = record === undefined ? { sps: [], pps: [] } : parseAvcConfiguration(record);
  const sps = replaceById(
    known.sps,
    parameterSets.filter((set) => nalUnitType(set[0]!) === NalType.sps),
    spsId,
  );
  const pps = replaceById(
    known.pps,
    parameterSets.filter((set) => nalUnitType(set[0]!) === NalType.pps),
    ppsId,
  );
  if (sps === known.sps && pps === known.pps) return undefined;
  return sps.length > 0 && pps.length > 0 ? buildAvcConfiguration(sps, pps) : undefined;
}

function spsId(set: Buffer): number {
  const reader = new BitReader(rbspOf(set, 1));
  reader.skip(24); // profile_idc, constraint flags, level_idc
  return checkedId(reader.ue(), 31); // seq_parameter_set_id
}

function ppsId(set: Buffer): number {
  return checkedId(new BitReader(rbspOf(set, 1)).ue(), 255); // pic_parameter_set_id
}
