// The parameter sets in force, as in-band sets replace those of the configuration record.
import { BitReader } from '../../bytes/bit-reader.ts';
import { checkedId, replaceById } from '../nal/parameter-sets.ts';
import { rbspOf } from '../nal/rbsp.ts';
import { buildHevcConfiguration, type HevcConfiguration, parseHevcConfiguration } from './hvcc.ts';
import { HEVC_NAL_HEADER_BYTES, HevcNalType, hevcNalUnitType } from './nal-unit.ts';
import { parseHevcSps } from './sps.ts';

const NOTHING: Omit<HevcConfiguration, 'lengthBytes'> = { vps: [], sps: [], pps: [] };

/**
 * The configuration record once these in-band VPS, SPS and PPS are in force: a set replaces the one with its id, others are added.
 * Undefined when all of them are known already. `record` may be undefined when no configuration is known yet; the result is undefined
 * until there is one of each kind.
 */
export function mergeHevcParameterSets(
  record: Buffer | undefined,
  parameterSets: readonly Buffer[],
): Buffer | undefined {
  const known = record === undefined ? NOTHING : parseHevcConfiguration(record);
  const ofType = (type: number) => parameterSets.filter((set) => hevcNalUnitType(set[0]!) === type);
  const vps = replaceById(known.vps, ofType(HevcNalType.vps), vpsId);
  const sps = replaceById(known.sps, ofType(HevcNalType.sps), spsId);
  const pps = replaceById(known.pps, ofType(HevcNalType.pps), ppsId);
  if (vps === known.vps && sps === known.sps && pps === known.pps) return undefined;
  if (vps.length === 0 || sps.length === 0 || pps.length === 0) return undefined;
  return buildHevcConfiguration(vps, sps, pps);
}

function vpsId(set: Buffer): number {
  return new BitReader(rbspOf(set, HEVC_NAL_HEADER_BYTES)).bits(4); // vps_video_parameter_set_id
}

function spsId(set: Buffer): number {
  return checkedId(parseHevcSps(set).id, 15); // sps_seq_parameter_set_id
}

function ppsId(set: Buffer): number {
  return checkedId(new BitReader(rbspOf(set, HEVC_NAL_HEADER_BYTES)).ue(), 63); // pps_pic_parameter_set_id
}
