import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedError } from '../../bytes/malformed-error.ts';
import { joinAnnexB } from '../nal/annex-b.ts';
import { joinLengthPrefixed } from '../nal/length-prefixed.ts';
import { parseHevcAnnexB, parseHevcLengthPrefixed } from './access-unit.ts';
import { HevcNalType, hevcNalUnitType, isIrapType } from './nal-unit.ts';

const nal = (type: number, ...payload: number[]): Buffer => Buffer.from([type << 1, 0x01, ...payload]);
const delimiter = nal(HevcNalType.accessUnitDelimiter, 0x50);
const vps = nal(HevcNalType.vps, 0x0c);
const sps = nal(HevcNalType.sps, 0x01);
const pps = nal(HevcNalType.pps, 0xc1);
const sei = nal(HevcNalType.prefixSei, 0x81);
const idr = nal(HevcNalType.idrWithLeading, 0xaf, 0x10);
const slice = nal(1, 0xe0, 0x20);
const filler = nal(HevcNalType.fillerData, 0xff, 0x80);
const end = nal(HevcNalType.endOfSequence, 0x80);

describe('parseHevcLengthPrefixed', () => {
  it('hands out the same bytes when there is nothing to take out', () => {
    const bytes = joinLengthPrefixed([sei, slice]);
    expect(parseHevcLengthPrefixed(bytes, 4)).toEqual({ data: bytes, isIrap: false, parameterSets: [] });
    expect(parseHevcLengthPrefixed(bytes, 4).data).toBe(bytes);
  });

  it('takes out delimiter, parameter sets, filler and end of sequence, and keeps SEI', () => {
    const unit = parseHevcLengthPrefixed(joinLengthPrefixed([delimiter, vps, sps, pps, sei, idr, filler, end]), 4);
    expect(unit).toEqual({ data: joinLengthPrefixed([sei, idr]), isIrap: true, parameterSets: [vps, sps, pps] });
  });

  it('takes no configuration from the sets of further layers', () => {
    const layered = Buffer.from([HevcNalType.sps << 1, 0x09, 0x01]); // nuh_layer_id 1
    expect(parseHevcLengthPrefixed(joinLengthPrefixed([layered, slice]), 4)).toEqual({
      data: joinLengthPrefixed([slice]),
      isIrap: false,
      parameterSets: [],
    });
  });

  it('widens short length fields', () => {
    const bytes = Buffer.concat([Buffer.from([0, slice.length]), slice]);
    expect(parseHevcLengthPrefixed(bytes, 2).data).toEqual(joinLengthPrefixed([slice]));
  });

  it('throws nothing but MalformedError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.constantFrom(1, 2, 4), (bytes, lengthBytes) => {
        try {
          parseHevcLengthPrefixed(Buffer.from(bytes), lengthBytes);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
    );
  });
});

describe('parseHevcAnnexB', () => {
  it('gives the same samples as the other framing', () => {
    const nalUnits = [delimiter, vps, sps, pps, sei, idr];
    expect(parseHevcAnnexB(joinAnnexB(nalUnits))).toEqual(parseHevcLengthPrefixed(joinLengthPrefixed(nalUnits), 4));
  });
});

describe('NAL unit types', () => {
  it('are access points from 16 to 21', () => {
    const types = Array.from({ length: 64 }, (_, type) => hevcNalUnitType(type << 1)).filter(isIrapType);
    expect(types).toEqual([16, 17, 18, 19, 20, 21]);
  });
});
