// ES descriptor of MPEG-4 audio. ISO/IEC 14496-1 §7.2.6.5, in the box of ISO/IEC 14496-14 §6.7.
import { ByteReader } from '../../bytes/byte-reader.ts';
import { ByteWriter } from '../../bytes/byte-writer.ts';
import { MalformedError } from '../../bytes/malformed-error.ts';
import { fullBox, readFullBox } from './box.ts';

/** objectTypeIndication, registered at mp4ra.org: those that we write or read. */
export const ObjectType = { aac: 0x40, aacMpeg2Main: 0x66, aacMpeg2Ssr: 0x68, mp3Mpeg2: 0x69, mp3: 0x6b } as const;

const DescriptorTag = { es: 3, decoderConfig: 4, decoderSpecificInfo: 5, slConfig: 6 } as const;

export interface ElementaryStream {
  readonly objectType: number;
  readonly bitrateBps: number;
  /** AudioSpecificConfig; empty when the codec has none. */
  readonly config: Buffer;
}

export function esds({ objectType, bitrateBps, config }: ElementaryStream): Buffer {
  const decoderConfig = new ByteWriter(64)
    .u8(objectType) // objectTypeIndication
    .u8((5 << 2) | 1) // streamType 5 (audio), upStream 0, reserved 1
    .u24(0) // bufferSizeDB
    .u32(bitrateBps) // maxBitrate
    .u32(bitrateBps) // avgBitrate
    .bytes(config.length > 0 ? descriptor(DescriptorTag.decoderSpecificInfo, config) : config)
    .finish();
  const es = new ByteWriter(64)
    .u16(0) // ES_ID: 0 in a file
    .u8(0) // streamDependenceFlag, URL_Flag, OCRstreamFlag, streamPriority
    .bytes(descriptor(DescriptorTag.decoderConfig, decoderConfig))
    .bytes(descriptor(DescriptorTag.slConfig, Buffer.from([2]))) // predefined 2: MP4 file
    .finish();
  return fullBox('esds', 0, 0, descriptor(DescriptorTag.es, es));
}

function descriptor(tag: number, payload: Buffer): Buffer {
  const writer = new ByteWriter(payload.length + 5).u8(tag);
  for (let shift = 21; shift > 0; shift -= 7) {
    if (payload.length >>> shift > 0) writer.u8(0x80 | ((payload.length >>> shift) & 0x7f)); // nextByte 1, sizeOfInstance
  }
  return writer
    .u8(payload.length & 0x7f) // nextByte 0, sizeOfInstance
    .bytes(payload)
    .finish();
}

/** `payload` of an esds box. Throws MalformedError. */
export function parseEsds(payload: Buffer): ElementaryStream {
  const es = readDescriptor(readFullBox(payload).reader, DescriptorTag.es);
  es.skip(2); // ES_ID
  const flags = es.u8(); // streamDependenceFlag, URL_Flag, OCRstreamFlag, streamPriority
  if ((flags & 0x80) !== 0) es.skip(2); // dependsOn_ES_ID
  if ((flags & 0x40) !== 0) es.skip(es.u8()); // URLlength, URLstring
  if ((flags & 0x20) !== 0) es.skip(2); // OCR_ES_Id
  const decoderConfig = readDescriptor(es, DescriptorTag.decoderConfig);
  const objectType = decoderConfig.u8(); // objectTypeIndication
  decoderConfig.skip(1 + 3 + 4); // streamType, bufferSizeDB, maxBitrate
  const bitrateBps = decoderConfig.u32(); // avgBitrate
  const hasConfig = decoderConfig.remaining > 0;
  const config = hasConfig ? readDescriptor(decoderConfig, DescriptorTag.decoderSpecificInfo).rest() : Buffer.alloc(0);
  return { objectType, bitrateBps, config };
}

function readDescriptor(reader: ByteReader, tag: number): ByteReader {
  const found = reader.u8();
  if (found !== tag) throw new MalformedError(`descriptor ${found} in esds, expected ${tag}`, reader.offset);
  let sizeBytes = 0;
  for (let count = 0; count < 4; count++) {
    const byte = reader.u8(); // nextByte 1, sizeOfInstance 7
    sizeBytes = (sizeBytes << 7) | (byte & 0x7f);
    if ((byte & 0x80) === 0) break;
  }
  return new ByteReader(reader.take(sizeBytes));
}
