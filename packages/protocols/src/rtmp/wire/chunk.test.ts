import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedError } from '../../bytes/malformed-error.ts';
import { describeMessage, readCapture } from '../testing/capture.ts';
import { ChunkReader, messageSize, serializeMessage, writeMessage } from './chunk.ts';
import { abort, MessageType, type RtmpMessage, setChunkSize } from './message.ts';

const MIB = 1 << 20;

function collect(slices: Iterable<Buffer>, maxMessageBytes = 16 * MIB): RtmpMessage[] {
  const messages: RtmpMessage[] = [];
  const reader = new ChunkReader({ maxMessageBytes, onMessage: (message) => messages.push(message) });
  for (const slice of slices) reader.push(slice);
  return messages;
}

const read = (...hex: string[]): RtmpMessage[] => collect([Buffer.from(hex.join('').replaceAll(' ', ''), 'hex')]);

function* slices(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  for (let offset = 0, i = 0; offset < bytes.length; i += 1) {
    const size = sizes[i % sizes.length]!;
    yield bytes.subarray(offset, offset + size);
    offset += size;
  }
}

const video = (payload: Buffer, timestamp = 0): RtmpMessage => ({
  type: MessageType.video,
  timestamp,
  streamId: 1,
  payload,
});

const patterned = (size: number): Buffer =>
  Buffer.from(Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8)) & 0xff));

describe('ChunkReader', () => {
  const captures = [
    'ffpub.c2s',
    'gst1.c2s',
    'gst2.c2s',
    'nms.c2s',
    'ffplay.c2s',
    'rtmpdump.c2s',
    'noapp.c2s',
    'ffpub.s2c',
    'nms.s2c',
    'badname.s2c',
    'denied.s2c',
    'nplay.s2c',
    'rtmpdump.s2c',
    'wrap32.s2c',
  ];

  it.each(captures)('reads %s as another decoder does', (name) => {
    const { chunks, verdict } = readCapture(name);
    const messages = collect([chunks]).map(describeMessage);
    expect(messages).toEqual(verdict.map((line) => line.replaceAll(/\{"__ecma":(\{.*?\})\}/g, '$1')));
    expect(messages.length).toBeGreaterThan(0);
  });

  it.each(['gst2.c2s', 'ffpub.c2s', 'rtmpdump.s2c'])('gives the same messages when %s comes byte by byte', (name) => {
    const { chunks } = readCapture(name);
    expect(collect(slices(chunks, [1]))).toEqual(collect([chunks]));
  });

  it('gives the same messages however the bytes are cut', () => {
    const whole = readCapture('gst2.c2s').chunks;
    const expected = collect([whole]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 40 }), (sizes) => {
        expect(collect(slices(whole, sizes))).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });

  describe('with memory that is used again', () => {
    /** Holds the newest `keep` messages, and overwrites what it has pushed. */
    function collectHeld(parts: Iterable<Buffer>, keep: number) {
      const held: { payload: Buffer; copy: Buffer }[] = [];
      const seen: RtmpMessage[] = [];
      const slabs = new Set<ArrayBufferLike>();
      const reader = new ChunkReader({
        maxMessageBytes: MIB,
        onMessage: (message) => {
          const copy = Buffer.from(message.payload);
          slabs.add(message.payload.buffer);
          seen.push({ ...message, payload: copy });
          held.push({ payload: message.payload, copy });
          if (held.length > keep) held.shift();
        },
        isHeld: (memory) => held.some(({ payload }) => payload.buffer === memory),
      });
      for (const part of parts) {
        const bytes = Buffer.from(part);
        reader.push(bytes);
        bytes.fill(0xee);
        expect(held.every(({ payload, copy }) => payload.equals(copy))).toBe(true);
      }
      return { seen, slabs };
    }

    it('gives the same messages though the pushed bytes are overwritten', () => {
      const whole = readCapture('gst2.c2s').chunks;
      const expected = collect([whole]);
      for (const size of [1, 700, 1e6]) expect(collectHeld(slices(whole, [size]), 3).seen).toEqual(expected);
    });

    it('uses memory again, and none that a message is held in', () => {
      const messages = Array.from({ length: 400 }, (_, index) => video(patterned(5_000 + 7 * index), index));
      const bytes = Buffer.concat(messages.map((message) => serializeMessage(message, 6, 128)));
      const { seen, slabs } = collectHeld(slices(bytes, [1400]), 8);
      expect(seen).toEqual(messages);
      expect(slabs.size).toBeLessThan(12);
    });

    it('uses none again in which a message is still being put together', () => {
      const long = patterned(10_000);
      const start = serializeMessage(video(long), 6, 20_000).subarray(0, 12);
      const others = Array.from({ length: 60 }, (_, index) =>
        serializeMessage(
          { type: MessageType.audio, timestamp: index, streamId: 1, payload: patterned(3_000) },
          4,
          5_000,
        ),
      );
      const bytes = Buffer.concat([
        serializeMessage(setChunkSize(5_000), 2, 128),
        start,
        long.subarray(0, 5_000),
        ...others,
        Buffer.of(0xc6),
        long.subarray(5_000),
      ]);
      const { seen } = collectHeld([bytes], 0);
      expect(seen.at(-1)!.payload.equals(long)).toBe(true);
      expect(seen).toHaveLength(62);
    });
  });

  it.each([
    ['one byte', '03', 3],
    ['two bytes, 64 and up', '00 05', 69],
    ['three bytes', '01 05 01', 325],
  ])('reads a basic header of %s', (_title, header) => {
    const [message] = read(header, '00000a 000002 09 01000000', 'aabb');
    expect(message).toEqual({ type: 9, timestamp: 10, streamId: 1, payload: Buffer.from('aabb', 'hex') });
  });

  it('keeps chunk streams with equal ids of different forms together', () => {
    const messages = read('00 05 00000a 000001 09 01000000 aa', '41 05 00 000005 000001 08 bb');
    expect(messages.map((m) => [m.type, m.timestamp])).toEqual([
      [9, 10],
      [8, 15],
    ]);
  });

  it('adds deltas for fmt 1, 2 and a new message with fmt 3', () => {
    const messages = read(
      '06 000064 000001 09 01000000 01', // 100
      '46 000014 000002 09 0202', // fmt 1: + 20, two bytes
      '86 000015 0303', // fmt 2: + 21
      'c6 0404', // fmt 3: + 21 again
    );
    expect(messages.map((m) => [m.timestamp, m.payload.length, m.streamId])).toEqual([
      [100, 1, 1],
      [120, 2, 1],
      [141, 2, 1],
      [162, 2, 1],
    ]);
  });

  it('takes the time of fmt 0 as the delta of a following message with fmt 3, as the specification says', () => {
    expect(read('06 000014 000001 09 01000000 01', 'c6 02').map((m) => m.timestamp)).toEqual([20, 40]);
  });

  it('wraps time at 2^32', () => {
    const messages = read('06 ffffff 000001 09 01000000 fffffff0 01', '46 000020 000001 09 02');
    expect(messages.map((m) => m.timestamp)).toEqual([0xfffffff0, 0x10]);
  });

  it('puts interleaved messages together', () => {
    const a = patterned(200);
    const b = patterned(150);
    const bytes = Buffer.concat([
      Buffer.from('060000000000c80901000000', 'hex'),
      a.subarray(0, 128),
      Buffer.from('040000070000960801000000', 'hex'),
      b.subarray(0, 128),
      Buffer.from('c6', 'hex'),
      a.subarray(128),
      Buffer.from('c4', 'hex'),
      b.subarray(128),
    ]);
    expect(collect([bytes])).toEqual([
      { type: 9, timestamp: 0, streamId: 1, payload: a },
      { type: 8, timestamp: 7, streamId: 1, payload: b },
    ]);
  });

  it('applies a new chunk size inside a running message', () => {
    const a = patterned(400);
    const bytes = Buffer.concat([
      Buffer.from('060000000001900901000000', 'hex'),
      a.subarray(0, 128),
      serializeMessage(setChunkSize(1000), 2, 128),
      Buffer.from('c6', 'hex'),
      a.subarray(128),
    ]);
    expect(collect([bytes])).toEqual([setChunkSize(1000), video(a)]);
  });

  it('drops the unfinished message that Abort names', () => {
    const bytes = Buffer.concat([
      Buffer.from('060000000001900901000000', 'hex'),
      patterned(128),
      serializeMessage(abort(6), 2, 128),
      serializeMessage(video(Buffer.from('new')), 6, 128),
    ]);
    expect(collect([bytes])).toEqual([abort(6), video(Buffer.from('new'))]);
  });

  it('reads an empty message', () => {
    expect(read('04 000001 000000 08 01000000')).toEqual([
      { type: 8, timestamp: 1, streamId: 1, payload: Buffer.alloc(0) },
    ]);
  });

  describe('extended timestamp', () => {
    const timestamp = 0x01020304;
    const payload = patterned(400);
    const withRepeats = serializeMessage(video(payload, timestamp), 6, 128);
    /** What ffmpeg before 2012 and librtmp send. */
    const withoutRepeats = Buffer.concat([
      Buffer.from('06ffffff000190090100000001020304', 'hex'),
      payload.subarray(0, 128),
      Buffer.from('c6', 'hex'),
      payload.subarray(128, 256),
      Buffer.from('c6', 'hex'),
      payload.subarray(256, 384),
      Buffer.from('c6', 'hex'),
      payload.subarray(384),
    ]);

    it.each([
      ['repeated in continuation chunks', withRepeats],
      ['left out of continuation chunks', withoutRepeats],
    ])('is read when %s, however the bytes are cut', (_title, bytes) => {
      const expected = [video(payload, timestamp), video(payload, timestamp)];
      for (const size of [1, 2, 3, 5, 130, 10_000]) {
        expect(collect(slices(Buffer.concat([bytes, bytes]), [size]))).toEqual(expected);
      }
    });

    it('is told from data that begins like it, even when the data ends there', () => {
      const data = Buffer.concat([patterned(128), Buffer.from('010203', 'hex')]);
      const bytes = Buffer.concat([
        Buffer.from('06ffffff000083090100000001020304', 'hex'),
        data.subarray(0, 128),
        Buffer.from('c6', 'hex'),
        data.subarray(128),
        Buffer.from('44 000002 000001 08 55'.replaceAll(' ', ''), 'hex'),
      ]);
      for (const size of [1, 2, 1000]) {
        expect(collect(slices(bytes, [size])).map((m) => m.payload)).toEqual([data, Buffer.of(0x55)]);
      }
    });

    it('is a delta for fmt 1', () => {
      const messages = read('06 000001 000001 09 01000000 aa', '46 ffffff 000001 09 01000000 bb');
      expect(messages.map((m) => m.timestamp)).toEqual([1, 0x01000001]);
    });
  });

  it('hands out a view when a message lies in one chunk and one push', () => {
    const bytes = serializeMessage(video(patterned(100)), 6, 128);
    const [message] = collect([bytes]);
    expect(message!.payload.buffer).toBe(bytes.buffer);
  });

  it.each([
    ['a message over the limit', '06 000000 200001 09 01000000'],
    ['chunk size 0', '02 000000 000004 01 00000000 00000000'],
    ['a SetChunkSize that is too short', '02 000000 000001 01 00000000 00'],
    ['fmt 3 on an unused chunk stream', 'c6'],
    ['fmt 2 on an unused chunk stream', '86 000001'],
    [
      'a new header inside an unfinished message',
      `06 000000 0000ff 09 01000000 ${'00'.repeat(128)} 46 000000 000001 09`,
    ],
  ])('refuses %s', (_title, hex) => {
    expect(() => collect([Buffer.from(hex.replaceAll(' ', ''), 'hex')], 2 * MIB)).toThrow(MalformedError);
  });

  it('refuses more than 64 chunk streams', () => {
    const message = (csid: number): Buffer => Buffer.from([0, csid - 64, 0, 0, 0, 0, 0, 0, 9, 1, 0, 0, 0]);
    const bytes = Array.from({ length: 64 }, (_, i) => message(64 + i));
    expect(collect(bytes)).toHaveLength(64);
    expect(() => collect([...bytes, message(128)])).toThrow(/chunk streams/);
  });

  it('refuses many long unfinished messages', () => {
    const start = (csid: number): Buffer =>
      Buffer.concat([Buffer.from([csid, 0, 0, 0, 0x0f, 0xff, 0xff, 9, 1, 0, 0, 0]), Buffer.alloc(128)]);
    expect(() => collect([start(3), start(4)], MIB)).not.toThrow();
    expect(() => collect([start(3), start(4), start(5)], MIB)).toThrow(/unfinished/);
  });

  it('throws nothing but MalformedError, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 10 }), (pushes) => {
        try {
          collect(
            pushes.map((push) => Buffer.from(push)),
            10_000,
          );
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('survives damage in a real stream', () => {
    const whole = readCapture('gst2.c2s').chunks.subarray(0, 9000);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.integer({ min: 1, max: 999 }), (at, value, size) => {
        const damaged = Buffer.from(whole);
        damaged[at] = value;
        try {
          collect(slices(damaged, [size]), MIB);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('writeMessage', () => {
  const messages = fc.record({
    type: fc.constantFrom(8, 9, 18, 20),
    timestamp: fc.oneof(fc.nat(0xfffffe), fc.integer({ min: 0xffffff, max: 0xffffffff })),
    streamId: fc.constantFrom(0, 1, 0x01020304),
    payload: fc.uint8Array({ maxLength: 700 }).map((bytes) => Buffer.from(bytes)),
  });

  it('writes what the reader reads, and as many bytes as announced', () => {
    fc.assert(
      fc.property(fc.array(messages, { minLength: 1 }), fc.integer({ min: 1, max: 800 }), (sent, chunkSize) => {
        const bytes = sent.map((message, i) => serializeMessage(message, 3 + (i % 3), chunkSize));
        for (const [i, { payload, timestamp }] of sent.entries()) {
          expect(bytes[i]).toHaveLength(messageSize(payload.length, timestamp, chunkSize));
        }
        const control = serializeMessage(setChunkSize(chunkSize), 2, 128);
        expect(collect([control, ...bytes]).slice(1)).toEqual(sent);
      }),
    );
  });

  it('cuts payloads of several parts as if they were one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }),
        fc.integer({ min: 1, max: 200 }),
        (arrays, chunkSize) => {
          const parts = arrays.map((bytes) => Buffer.from(bytes));
          const message = video(Buffer.concat(parts), 0x01000000);
          const into = Buffer.alloc(3 + messageSize(message.payload.length, message.timestamp, chunkSize));
          const end = writeMessage(into, 3, { csid: 6, type: 9, timestamp: 0x01000000, streamId: 1 }, parts, chunkSize);
          expect(end).toBe(into.length);
          expect(into.subarray(3)).toEqual(serializeMessage(message, 6, chunkSize));
        },
      ),
    );
  });

  it('has fmt 0 with absolute time first, then fmt 3 with the extended timestamp repeated', () => {
    const bytes = serializeMessage(video(Buffer.from('aabbcc', 'hex'), 0x01000002), 6, 2);
    expect(bytes.toString('hex')).toBe('06ffffff0000030901000000' + '01000002' + 'aabb' + 'c6' + '01000002' + 'cc');
  });

  it('writes times up to 0xFFFFFE into the short field', () => {
    expect(serializeMessage(video(Buffer.of(1), 0xfffffe), 6, 128).toString('hex')).toBe('06fffffe000001090100000001');
  });

  it('refuses memory that is too small', () => {
    const header = { csid: 6, type: 9, timestamp: 0, streamId: 1 };
    expect(() => writeMessage(Buffer.alloc(20), 0, header, [Buffer.alloc(9)], 128)).toThrow(RangeError);
  });
});
