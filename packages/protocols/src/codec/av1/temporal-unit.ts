// What this package keeps of a temporal unit: everything but temporal delimiters and padding, with size fields. AV1 in ISOBMFF §2.4.
import { ObuType, obus, withSizeField } from './obu.ts';
import { parseSequenceHeader } from './sequence-header.ts';

export interface TemporalUnit {
  /** OBUs with size fields; empty when the unit held nothing to decode. */
  readonly data: Buffer;
  /** Begins with a key frame that is shown: decoding may start here, with this sequence header or the one of av1C. */
  readonly isKey: boolean;
  /** The OBU of the sequence header that came in band: a view. */
  readonly sequenceHeader: Buffer | undefined;
}

/** `data` is `bytes` itself when nothing had to be changed. Throws MalformedError. */
export function parseTemporalUnit(bytes: Buffer): TemporalUnit {
  const kept: Buffer[] = [];
  let isChanged = false;
  let isKey: boolean | undefined;
  let isReduced = false;
  let sequenceHeader: Buffer | undefined;
  for (const obu of obus(bytes)) {
    const { type, payload } = obu;
    if (type === ObuType.temporalDelimiter || type === ObuType.padding) {
      isChanged = true;
      continue;
    }
    if (type === ObuType.sequenceHeader) {
      sequenceHeader ??= withSizeField(obu);
      isReduced = parseSequenceHeader(obu.bytes).isReducedStillPicture;
    }
    if (type === ObuType.frame || type === ObuType.frameHeader) isKey ??= isReduced || opensWithKey(payload);
    isChanged ||= !obu.hasSizeField;
    kept.push(withSizeField(obu));
  }
  return { data: isChanged ? Buffer.concat(kept) : bytes, isKey: isKey ?? false, sequenceHeader };
}

/** uncompressed_header(), §5.9.2: show_existing_frame 0, frame_type 00 (KEY_FRAME), show_frame 1. */
function opensWithKey(payload: Buffer): boolean {
  return payload.length > 0 && payload[0]! >> 4 === 0b0001;
}
