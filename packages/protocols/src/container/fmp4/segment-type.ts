// Boxes between fragments that carry no media. ISO/IEC 14496-12 §8.16.2 and §8.1.2.
import { ByteWriter } from '../../bytes/byte-writer.ts';
import { box, fourCc } from './box.ts';

/** Brand of the last segment of a presentation, ISO/IEC 23009-1 §7.3.1. */
export const LAST_SEGMENT = 'lmsg';

/** styp, with the first brand as the major one. */
export function segmentType(...brands: readonly [string, ...string[]]): Buffer {
  const writer = new ByteWriter(24)
    .u32(fourCc(brands[0])) // major_brand
    .u32(0); // minor_version
  for (const brand of brands) writer.u32(fourCc(brand)); // compatible_brands
  return box('styp', writer.finish());
}

/** A box without meaning. */
export function freeBox(): Buffer {
  return box('free');
}
