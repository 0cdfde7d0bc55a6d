import { describe, expect, it } from 'vitest';
import { encodeAmf0 } from '../../bytes/amf0.ts';
import { MalformedError } from '../../bytes/malformed-error.ts';
import {
  abort,
  acknowledgement,
  BandwidthLimit,
  commandMessage,
  dataMessage,
  MessageType,
  parseCommand,
  parseControlValue,
  parseData,
  parseUserControl,
  type RtmpMessage,
  setChunkSize,
  setPeerBandwidth,
  splitAggregate,
  UserControlEvent,
  userControl,
  windowAckSize,
} from './message.ts';

const withPayload = (type: number, payload: Buffer, timestamp = 0): RtmpMessage => ({
  type,
  timestamp,
  streamId: 1,
  payload,
});

describe('control messages', () => {
  it.each<[string, RtmpMessage, number, string]>([
    ['SetChunkSize', setChunkSize(65_536), 1, '00010000'],
    ['Abort', abort(6), 2, '00000006'],
    ['Acknowledgement', acknowledgement(2 ** 32 + 5), 3, '00000005'],
    ['WindowAckSize', windowAckSize(2_500_000), 5, '002625a0'],
    ['SetPeerBandwidth', setPeerBandwidth(2_500_000, BandwidthLimit.dynamic), 6, '002625a002'],
    ['StreamBegin', userControl(UserControlEvent.streamBegin, 1), 4, '000000000001'],
    ['SetBufferLength', userControl(UserControlEvent.setBufferLength, 1, 3000), 4, '00030000000100000bb8'],
  ])('%s has its fields where they belong', (_name, message, type, hex) => {
    expect(message).toEqual({ type, timestamp: 0, streamId: 0, payload: Buffer.from(hex, 'hex') });
  });

  it('are read back', () => {
    expect(parseControlValue(windowAckSize(2_500_000))).toBe(2_500_000);
    expect(parseUserControl(userControl(UserControlEvent.setBufferLength, 1, 3000))).toEqual({
      event: 3,
      values: [1, 3000],
    });
    expect(() => parseControlValue(withPayload(5, Buffer.alloc(3)))).toThrow(MalformedError);
    expect(() => parseUserControl(withPayload(4, Buffer.alloc(1)))).toThrow(MalformedError);
  });
});

describe('commands', () => {
  it('are written and read', () => {
    const message = commandMessage('createStream', 4, 0, null);
    expect(message).toMatchObject({ type: MessageType.command, timestamp: 0, streamId: 0 });
    expect(parseCommand(message)).toEqual({ name: 'createStream', transactionId: 4, args: [null] });
  });

  it('are read in their AMF3 form, with and without the format byte', () => {
    const body = encodeAmf0('play', 4, null, 'x');
    const expected = { name: 'play', transactionId: 4, args: [null, 'x'] };
    expect(parseCommand(withPayload(MessageType.amf3Command, Buffer.concat([Buffer.of(0), body])))).toEqual(expected);
    expect(parseCommand(withPayload(MessageType.amf3Command, body))).toEqual(expected);
  });

  it('count as transaction 0 when the id is missing', () => {
    expect(parseCommand(withPayload(20, encodeAmf0('close')))).toEqual({ name: 'close', transactionId: 0, args: [] });
  });

  it('need a name', () => {
    expect(() => parseCommand(withPayload(20, Buffer.alloc(0)))).toThrow(MalformedError);
    expect(() => parseCommand(withPayload(20, encodeAmf0(1, 2)))).toThrow(MalformedError);
  });
});

describe('data messages', () => {
  it('are written and read', () => {
    expect(parseData(dataMessage(0, 1, '|RtmpSampleAccess', true, true))).toEqual(['|RtmpSampleAccess', true, true]);
    expect(
      parseData(withPayload(MessageType.amf3Data, Buffer.concat([Buffer.of(0), encodeAmf0('onMetaData')]))),
    ).toEqual(['onMetaData']);
  });
});

describe('splitAggregate', () => {
  const part = (type: number, timestamp: number, payload: string): Buffer => {
    const header = Buffer.alloc(11);
    header.writeUInt8(type, 0);
    header.writeUIntBE(payload.length, 1, 3);
    header.writeUIntBE(timestamp & 0xffffff, 4, 3);
    header.writeUInt8(timestamp >>> 24, 7);
    const backPointer = Buffer.alloc(4);
    backPointer.writeUInt32BE(11 + payload.length);
    return Buffer.concat([header, Buffer.from(payload), backPointer]);
  };

  it('moves the times of its messages to its own', () => {
    const payload = Buffer.concat([part(8, 0x01fffffe, 'a'), part(9, 0x02000003, 'vv')]);
    expect(splitAggregate(withPayload(22, payload, 1000))).toEqual([
      { type: 8, timestamp: 1000, streamId: 1, payload: Buffer.from('a') },
      { type: 9, timestamp: 1005, streamId: 1, payload: Buffer.from('vv') },
    ]);
  });

  it('leaves out what is cut off and forgives a missing last back pointer', () => {
    const whole = Buffer.concat([part(8, 0, 'aa'), part(9, 5, 'vv')]);
    expect(splitAggregate(withPayload(22, whole.subarray(0, -4)))).toHaveLength(2);
    expect(splitAggregate(withPayload(22, whole.subarray(0, -5)))).toHaveLength(1);
    expect(splitAggregate(withPayload(22, Buffer.alloc(5)))).toEqual([]);
  });
});
