import { parseAvcConfiguration } from '../../codec/h264/avcc.ts';
import { parseHevcConfiguration } from '../../codec/hevc/hvcc.ts';
import { joinAnnexB } from '../../codec/nal/annex-b.ts';
import type { Sample } from '../../media/sample.ts';
import type { VideoTrack } from '../../media/track.ts';
import { FieldFlag, type PidState } from './packet.ts';
import type { PacketWriter } from './packet-writer.ts';
import { MAX_PES_HEADER_BYTES, StreamId, writePesHeader } from './pes.ts';

/** Takes the place of a length field, byte for byte. */
const START_CODE = Buffer.from([0, 0, 0, 1]); // zero_byte, start_code_prefix_one_3bytes
const LENGTH_BYTES = START_CODE.length;
/** Apple's players insist that every access unit begins with one. */
const H264_DELIMITER = Buffer.from([0x09, 0xf0]); // access_unit_delimiter_rbsp: primary_pic_type 7 (any), trailing bits
const HEVC_DELIMITER = Buffer.from([0x46, 0x01, 0x50]); // the same: pic_type 2 (any)

export interface SampleTimes {
  readonly pts: number;
  readonly dts: number;
}

/** The access units of one track as PES packets, one each, in the byte stream format. */
export class VideoWriter {
  readonly pid: PidState;
  /** Stands before an access unit. */
  readonly #delimiter: Buffer;
  /** Stands before one at which decoding may start: the parameter sets too, which samples do not hold. */
  readonly #opening: Buffer;
  readonly #header = Buffer.alloc(MAX_PES_HEADER_BYTES);

  /** Throws MalformedError when the configuration of the track cannot be read. */
  constructor(track: VideoTrack, pid: PidState) {
    this.pid = pid;
    const [delimiter, ...parameterSets] = openingNalUnits(track);
    this.#delimiter = joinAnnexB([delimiter!]);
    this.#opening = joinAnnexB([delimiter!, ...parameterSets]);
  }

  /** `times` and `pcr` in ticks of 90 kHz; `flags` for the adaptation field, besides random access. */
  write(
    packets: PacketWriter,
    { data, isSync }: Sample,
    times: SampleTimes,
    pcr: number | undefined,
    flags: number,
  ): void {
    const opening = isSync ? this.#opening : this.#delimiter;
    const sizeBytes = opening.length + data.length;
    const headerBytes = writePesHeader(this.#header, StreamId.video, sizeBytes, times.pts, times.dts);
    packets.begin(this.pid, headerBytes + sizeBytes, isSync ? flags | FieldFlag.randomAccess : flags, pcr);
    packets.write(this.#header, 0, headerBytes);
    packets.write(opening, 0, opening.length);
    writeByteStream(packets, data);
  }
}

function openingNalUnits({ codec, config }: VideoTrack): readonly Buffer[] {
  if (codec === 'hevc') {
    const { vps, sps, pps } = parseHevcConfiguration(config);
    return [HEVC_DELIMITER, ...vps, ...sps, ...pps];
  }
  const { sps, pps } = parseAvcConfiguration(config);
  return [H264_DELIMITER, ...sps, ...pps];
}

/** Exactly as many bytes as `data` has, also when its lengths do not add up. */
function writeByteStream(packets: PacketWriter, data: Buffer): void {
  let offset = 0;
  while (offset + LENGTH_BYTES <= data.length) {
    const start = offset + LENGTH_BYTES;
    const end = Math.min(start + data.readUInt32BE(offset), data.length);
    packets.write(START_CODE, 0, LENGTH_BYTES);
    packets.write(data, start, end);
    offset = end;
  }
  packets.write(data, offset, data.length);
}
