// RTMP messages and their payloads. RTMP 1.0 §5.4 (protocol control), §7.1 (types), §7.2 (commands).

import { type AmfValue, decodeAmf0, type EcmaArray, encodeAmf0 } from '../../bytes/amf0.ts';
import { ByteReader } from '../../bytes/byte-reader.ts';
import { ByteWriter } from '../../bytes/byte-writer.ts';
import { MalformedError } from '../../bytes/malformed-error.ts';

/** One RTMP message, whole. */
export interface RtmpMessage {
  /** One of `MessageType`, or a number that we do not know. */
  readonly type: number;
  /** Milliseconds modulo 2^32, as on the wire. */
  readonly timestamp: number;
  /** Message stream id; 0 for control and connection commands. */
  readonly streamId: number;
  /** Shared, never written to. */
  readonly payload: Buffer;
}

/** Message type ids. */
export const MessageType = {
  setChunkSize: 1,
  abort: 2,
  acknowledgement: 3,
  userControl: 4,
  windowAckSize: 5,
  setPeerBandwidth: 6,
  audio: 8,
  video: 9,
  amf3Data: 15,
  amf3Command: 17,
  data: 18,
  command: 20,
  aggregate: 22,
} as const;

/** Event types of user control messages. */
export const UserControlEvent = {
  streamBegin: 0,
  streamEof: 1,
  streamDry: 2,
  setBufferLength: 3,
  streamIsRecorded: 4,
  pingRequest: 6,
  pingResponse: 7,
} as const;

/** Limit types of SetPeerBandwidth. */
export const BandwidthLimit = { hard: 0, soft: 1, dynamic: 2 } as const;

export function setChunkSize(sizeBytes: number): RtmpMessage {
  return controlMessage(MessageType.setChunkSize, new ByteWriter(4).u32(sizeBytes));
}

/** Drops the unfinished message of a chunk stream. */
export function abort(csid: number): RtmpMessage {
  return controlMessage(MessageType.abort, new ByteWriter(4).u32(csid));
}

/** `receivedBytes` since the start of the connection; goes out modulo 2^32. */
export function acknowledgement(receivedBytes: number): RtmpMessage {
  return controlMessage(MessageType.acknowledgement, new ByteWriter(4).u32(receivedBytes % 2 ** 32));
}

export function windowAckSize(sizeBytes: number): RtmpMessage {
  return controlMessage(MessageType.windowAckSize, new ByteWriter(4).u32(sizeBytes));
}

/** `limit` is one of `BandwidthLimit`. */
export function setPeerBandwidth(sizeBytes: number, limit: number): RtmpMessage {
  return controlMessage(MessageType.setPeerBandwidth, new ByteWriter(5).u32(sizeBytes).u8(limit));
}

/** `event` is one of `UserControlEvent`; `values` its 32-bit fields: stream id, time of a ping, length of a buffer. */
export function userControl(event: number, ...values: readonly number[]): RtmpMessage {
  const writer = new ByteWriter(2 + 4 * values.length).u16(event);
  for (const value of values) writer.u32(value);
  return controlMessage(MessageType.userControl, writer);
}

function controlMessage(type: number, payload: ByteWriter): RtmpMessage {
  return { type, timestamp: 0, streamId: 0, payload: payload.finish() };
}

/** The single u32 of SetChunkSize, Abort, Acknowledgement, WindowAckSize and the first one of SetPeerBandwidth. */
export function parseControlValue(message: RtmpMessage): number {
  return new ByteReader(message.payload).u32();
}

export interface UserControl {
  readonly event: number;
  readonly values: readonly number[];
}

export function parseUserControl(message: RtmpMessage): UserControl {
  const reader = new ByteReader(message.payload);
  const event = reader.u16();
  const values: number[] = [];
  while (reader.remaining >= 4) values.push(reader.u32());
  return { event, values };
}

/** A command in AMF0 (type 20). The first of `args` is the command object, null for most commands. */
export function commandMessage(
  name: string,
  transactionId: number,
  streamId: number,
  ...args: readonly AmfValue[]
): RtmpMessage {
  return { type: MessageType.command, timestamp: 0, streamId, payload: encodeAmf0(name, transactionId, ...args) };
}

/** A data message in AMF0 (type 18), for instance `@setDataFrame`, `onMetaData`, properties. */
export function dataMessage(
  timestamp: number,
  streamId: number,
  ...values: readonly (AmfValue | EcmaArray)[]
): RtmpMessage {
  return { type: MessageType.data, timestamp, streamId, payload: encodeAmf0(...values) };
}

export interface Command {
  readonly name: string;
  /** 0 when the sender expects no answer, or left it out. */
  readonly transactionId: number;
  /** Everything after the transaction id; the first is the command object. */
  readonly args: readonly AmfValue[];
}

/** A command message of type 20 or 17. */
export function parseCommand(message: RtmpMessage): Command {
  const [name, transactionId, ...args] = decodeAmf0(amf0Body(message));
  if (typeof name !== 'string') throw new MalformedError('command without a name');
  return { name, transactionId: typeof transactionId === 'number' ? transactionId : 0, args };
}

/** The values of a data message of type 18 or 15. */
export function parseData(message: RtmpMessage): AmfValue[] {
  return decodeAmf0(amf0Body(message));
}

/** AMF3 messages (types 15 and 17) carry AMF0 values behind a format byte, which is 0. */
export function amf0Body({ type, payload }: RtmpMessage): Buffer {
  const isAmf3 = type === MessageType.amf3Command || type === MessageType.amf3Data;
  return isAmf3 && payload[0] === 0 ? payload.subarray(1) : payload;
}

/**
 * The messages inside an aggregate message (type 22, §7.1.6). Their times are relative to the first of them; payloads are views. A cut
 * off end is left out.
 */
export function splitAggregate(aggregate: RtmpMessage): RtmpMessage[] {
  const reader = new ByteReader(aggregate.payload);
  const messages: RtmpMessage[] = [];
  let firstTimestamp: number | undefined;
  while (reader.remaining >= AGGREGATE_HEADER_BYTES) {
    const type = reader.u8();
    const size = reader.u24();
    const timestamp = reader.u24() + reader.u8() * 2 ** 24; // TimestampExtended holds the upper 8 bits, as in FLV
    reader.skip(3); // stream id
    if (reader.remaining < size) break;
    firstTimestamp ??= timestamp;
    messages.push({
      type,
      timestamp: (aggregate.timestamp + timestamp - firstTimestamp) >>> 0,
      streamId: aggregate.streamId,
      payload: reader.take(size),
    });
    reader.skip(Math.min(reader.remaining, 4)); // back pointer
  }
  return messages;
}

const AGGREGATE_HEADER_BYTES = 11;
