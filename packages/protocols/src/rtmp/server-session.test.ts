import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AmfValue, encodeAmf0 } from '../bytes/amf0.ts';
import { MalformedError } from '../bytes/malformed-error.ts';
import { defaultServerLimits, RtmpServerSession, type StreamRequest } from './server-session.ts';
import { describeMessage, readCapture } from './testing/capture.ts';
import { ChunkReader, ChunkStreamId, serializeMessage } from './wire/chunk.ts';
import {
  commandMessage,
  MessageType,
  parseCommand,
  type RtmpMessage,
  setChunkSize,
  UserControlEvent,
  userControl,
  windowAckSize,
} from './wire/message.ts';

const HANDSHAKE = Buffer.concat([Buffer.of(3), Buffer.alloc(2 * 1536)]);
const HANDSHAKE_BYTES = HANDSHAKE.length;

/** A session, and everything that it says and does. */
class Harness {
  readonly requests: StreamRequest[] = [];
  readonly media: { type: number; timestamp: number; payload: Buffer }[] = [];
  readonly ended: string[] = [];
  readonly closed: number[] = [];
  readonly lowWater: number[] = [];
  /** Messages sent, after the handshake. */
  readonly sent: RtmpMessage[] = [];
  /** What to do with the next request; by default nothing. */
  decide: (session: RtmpServerSession) => void = () => {};
  onMedia: () => void = () => {};
  /** By default all media is held. */
  isHeld = (memory: ArrayBufferLike): boolean => this.media.some(({ payload }) => payload.buffer === memory);
  #handshakeLeft = HANDSHAKE_BYTES;
  readonly #reader = new ChunkReader({ maxMessageBytes: 1e6, onMessage: (message) => this.sent.push(message) });
  readonly session = new RtmpServerSession({
    send: (bytes) => {
      const skipped = Math.min(this.#handshakeLeft, bytes.length);
      this.#handshakeLeft -= skipped;
      this.#reader.push(bytes.subarray(skipped));
    },
    request: (request) => {
      this.requests.push(request);
      this.decide(this.session);
    },
    media: (type, timestamp, payload) => {
      this.media.push({ type, timestamp, payload });
      this.onMedia();
    },
    isHeld: (memory) => this.isHeld(memory),
    lowWater: { segmentBytes: 1448, setLowWater: (bytes) => this.lowWater.push(bytes) },
    ended: (reason) => this.ended.push(reason),
    close: (lingerMs) => this.closed.push(lingerMs),
  });

  message(message: RtmpMessage): this {
    this.session.receive(serializeMessage(message, 3, 128));
    return this;
  }

  command(name: string, transactionId: number, ...args: AmfValue[]): this {
    return this.message(commandMessage(name, transactionId, 0, ...args));
  }

  connect(properties: Record<string, AmfValue> = {}): this {
    this.session.receive(HANDSHAKE);
    return this.command('connect', 1, { app: 'live', flashVer: 'test', tcUrl: 'rtmp://h/live', ...properties });
  }

  /** Names and codes of what was sent since the last look: `onStatus NetStream.Play.Start`. */
  words(): string[] {
    return this.sent.splice(0).map((message) => {
      if (message.type !== MessageType.command) return describeMessage(message).replace(/^.*len=\d+ /, '');
      const { name, transactionId, args } = parseCommand(message);
      const code = (args[1] as { code?: string } | undefined)?.code;
      return [name, transactionId, code].filter((part) => part !== undefined).join(' ');
    });
  }
}

const accept = (session: RtmpServerSession): void => session.accept();
const video = (payload: Buffer, timestamp = 0): RtmpMessage => ({ type: 9, timestamp, streamId: 1, payload });
const audio = (payload: Buffer): RtmpMessage => ({ type: 8, timestamp: 0, streamId: 1, payload });

describe('RtmpServerSession with publishers', () => {
  it.each([
    ['ffmpeg', 'ffpub.c2s', 'ff', 'key=a%2Fb&x=1', 'FMLE/3.0 (compatible; Lavf59.27.100)'],
    ['GStreamer rtmpsink', 'gst1.c2s', 'gst1', '', ''],
    ['GStreamer rtmp2sink', 'gst2.c2s', 'gst2', '', 'LNX 10,0,32,18'],
    ['ffmpeg with big chunks', 'nms.c2s', 'a', '', 'FMLE/3.0 (compatible; Lavf59.27.100)'],
  ])('takes the stream of %s', (_client, name, stream, query, agent) => {
    for (const size of [1, 1000, 1e6]) {
      const { handshake, chunks, verdict } = readCapture(name);
      const harness = new Harness();
      harness.decide = accept;
      const bytes = Buffer.concat([handshake, chunks]);
      for (let at = 0; at < bytes.length; at += size) harness.session.receive(bytes.subarray(at, at + size));
      expect(harness.requests).toEqual([{ kind: 'publish', app: 'live', name: stream, query, agent }]);
      const media = verdict.filter((line) => / (AUDIO|VIDEO|DATA) /.test(line));
      expect(harness.media).toHaveLength(media.length);
      expect(harness.media.map(({ timestamp, payload }) => `ts=${timestamp} len=${payload.length}`)).toEqual(
        media.map((line) => /ts=\d+ len=\d+/.exec(line)![0]),
      );
      expect(harness.session.state).toBe('publishing');
    }
  });

  it('answers as encoders expect, in their order', () => {
    const harness = new Harness().connect();
    expect(harness.words()).toEqual([
      'WindowAckSize 2500000',
      'SetPeerBandwidth 2500000 limit=2',
      'SetChunkSize 65536',
      '_result 1 NetConnection.Connect.Success',
    ]);
    harness.decide = accept;
    harness.command('releaseStream', 2, null, 's').command('FCPublish', 3, null, 's').command('createStream', 4, null);
    expect(harness.words()).toEqual(['_result 2', '_result 3', 'onFCPublish 3 NetStream.Publish.Start', '_result 4']);
    harness.command('publish', 5, null, 's', 'live');
    expect(harness.words()).toEqual(['UserCtl ev=0 00000001', 'onStatus 0 NetStream.Publish.Start']);
    harness.command('FCUnpublish', 6, null, 's');
    expect(harness.words()).toEqual([
      'onFCUnpublish 6 NetStream.Unpublish.Success',
      'onStatus 0 NetStream.Unpublish.Success',
    ]);
    harness.command('deleteStream', 7, null, 1);
    expect(harness.words()).toEqual([]);
    expect(harness.ended).toEqual(['the peer stopped the stream']);
    expect(harness.closed).toEqual([]);
  });

  it('gives no _result to transaction 0', () => {
    const harness = new Harness().connect();
    harness.words();
    harness.command('releaseStream', 0, null, 's').command('FCPublish', 0, null, 's');
    expect(harness.words()).toEqual(['onFCPublish 0 NetStream.Publish.Start']);
  });

  it('takes publish without releaseStream, FCPublish and createStream, and a second stream afterwards', () => {
    const harness = new Harness().connect();
    harness.decide = accept;
    harness.command('publish', 0, null, 'a').message(video(Buffer.of(1)));
    harness.command('closeStream', 0, null).message(video(Buffer.of(2)));
    harness.command('publish', 0, null, 'b').message(video(Buffer.of(3)));
    expect(harness.requests.map((request) => request.name)).toEqual(['a', 'b']);
    expect(harness.media.map(({ payload }) => payload[0])).toEqual([1, 3]);
    harness.command('publish', 0, null, false);
    expect(harness.ended).toHaveLength(2);
    expect(harness.session.state).toBe('connected');
  });

  it('overwrites no media of the publication before, of which nobody can be asked any more', () => {
    const harness = new Harness().connect();
    harness.decide = accept;
    harness.isHeld = () => false;
    const pictures = (fill: number) => Array.from({ length: 10 }, () => video(Buffer.alloc(5_000, fill)));
    harness.command('publish', 0, null, 'a');
    for (const message of pictures(1)) harness.message(message);
    const before = harness.media.at(-1)!.payload;
    harness.command('closeStream', 0, null).command('publish', 0, null, 'b');
    for (const message of pictures(2)) harness.message(message);
    expect(before.every((byte) => byte === 1)).toBe(true);
    expect(new Set(harness.media.map(({ payload }) => payload.buffer)).size).toBeLessThan(harness.media.length);
  });

  it('overwrites no media that waits for the decision', () => {
    const harness = new Harness().connect();
    harness.isHeld = () => false;
    harness.command('publish', 0, null, 'a');
    const messages = Array.from({ length: 60 }, (_, index) => video(Buffer.alloc(5_000, index)));
    for (const message of messages) harness.message(message);
    harness.session.accept();
    expect(harness.media).toHaveLength(60);
    expect(harness.media.every(({ payload }, index) => payload.equals(messages[index]!.payload))).toBe(true);
  });

  it('takes SetChunkSize after publish, AMF3 commands and AMF3 data', () => {
    const harness = new Harness().connect();
    harness.decide = accept;
    const amf3 = (type: number, ...values: AmfValue[]): RtmpMessage => ({
      type,
      timestamp: 0,
      streamId: 1,
      payload: Buffer.concat([Buffer.of(0), encodeAmf0(...values)]),
    });
    harness.message(amf3(MessageType.amf3Command, 'publish', 5, null, 's', 'live')).message(setChunkSize(1000));
    harness.session.receive(serializeMessage(amf3(MessageType.amf3Data, 'onMetaData', { width: 2 }), 3, 1000));
    harness.session.receive(serializeMessage(video(Buffer.alloc(900)), 6, 1000));
    expect(harness.media).toEqual([
      { type: MessageType.data, timestamp: 0, payload: encodeAmf0('onMetaData', { width: 2 }) },
      { type: MessageType.video, timestamp: 0, payload: Buffer.alloc(900) },
    ]);
  });

  it('takes aggregate messages apart', () => {
    const harness = new Harness().connect();
    harness.decide = accept;
    const payload = Buffer.from('0800000100000500000000' + '11' + '0000000c' + '0900000100000a00000000' + '22', 'hex');
    harness.command('publish', 1, null, 's').message({ type: 22, timestamp: 100, streamId: 1, payload });
    expect(harness.media.map(({ type, timestamp }) => [type, timestamp])).toEqual([
      [8, 100],
      [9, 105],
    ]);
  });

  it('keeps media that come before the answer, and hands them out after it', () => {
    const harness = new Harness()
      .connect()
      .command('publish', 5, null, 's')
      .message(video(Buffer.of(1), 40));
    expect(harness.media).toEqual([]);
    harness.session.accept();
    expect(harness.media).toEqual([{ type: 9, timestamp: 40, payload: Buffer.of(1) }]);
  });

  it('does not keep too many of them', () => {
    const harness = new Harness().connect().command('publish', 5, null, 's').message(setChunkSize(1e6));
    for (let i = 0; i < 5; i += 1) harness.session.receive(serializeMessage(video(Buffer.alloc(1e6)), 6, 1e6));
    expect(harness.ended).toEqual(['too much media before the publication was accepted']);
    expect(harness.closed).toEqual([0]);
  });

  it('refuses with a status and lets it arrive', () => {
    const harness = new Harness().connect();
    harness.words();
    harness.command('publish', 5, null, 's');
    harness.session.refuse('NetStream.Publish.BadName', 'The name is in use.');
    expect(harness.words()).toEqual(['onStatus 0 NetStream.Publish.BadName']);
    expect(harness.closed).toEqual([200]);
    expect(harness.ended).toEqual([]);
    harness.message(video(Buffer.of(1))).session.peerClosed('closed');
    expect(harness.media).toEqual([]);
    expect(harness.ended).toEqual([]);
  });

  it('refuses a URL without a name by itself', () => {
    const harness = new Harness().connect({ app: '' }).command('publish', 5, null, '');
    expect(harness.requests).toEqual([]);
    expect(harness.words()).toContain('onStatus 0 NetStream.Publish.BadName');
    expect(harness.closed).toEqual([200]);
  });

  it('says goodbye when it ends a publication', () => {
    const harness = new Harness().connect();
    harness.decide = accept;
    harness.command('publish', 5, null, 's');
    harness.words();
    harness.session.end('replaced by a new publisher');
    harness.session.end('again');
    expect(harness.words()).toEqual(['onStatus 0 NetStream.Unpublish.Success']);
    expect(harness.ended).toEqual(['replaced by a new publisher']);
    expect(harness.closed).toEqual([0]);
  });

  it('ends the publication when the connection is gone, and ignores a late answer', () => {
    const harness = new Harness().connect().command('publish', 5, null, 's');
    harness.words();
    harness.session.peerClosed('reset');
    harness.session.accept();
    harness.session.refuse('NetStream.Publish.Denied', '');
    expect(harness.ended).toEqual(['reset']);
    expect(harness.words()).toEqual([]);
    expect(harness.closed).toEqual([]);
  });

  describe('whose sound comes alone', () => {
    const sound = (mark: number) => audio(Buffer.alloc(20, mark));
    const picture = (mark: number) => video(Buffer.alloc(20, mark));
    const marks = (harness: Harness) => harness.media.map(({ payload }) => payload[0]).join(' ');
    const publishing = () => {
      const harness = new Harness().connect();
      harness.decide = accept;
      return harness.command('publish', 5, null, 's');
    };

    it('lets it wait for the picture that it travels with, and no longer than for one', () => {
      const harness = publishing().message(picture(1)).message(sound(2)).message(sound(3));
      expect(marks(harness)).toBe('1');
      harness.message(picture(4));
      expect(marks(harness)).toBe('1 2 3 4');
      harness.message(sound(5)).message(sound(6)).message(sound(7)).message(sound(8));
      expect(marks(harness)).toBe('1 2 3 4 5 6 7 8');
      expect(harness.media.map(({ payload }) => payload.equals(Buffer.alloc(20, payload[0])))).not.toContain(false);
    });

    it('lets none wait where there are no pictures', () => {
      expect(marks(publishing().message(sound(1)).message(sound(2)))).toBe('1 2');
      const again = publishing()
        .message(picture(1))
        .command('deleteStream', 0, null, 1)
        .command('publish', 6, null, 's');
      expect(marks(again.message(sound(2)).message(sound(3)))).toBe('1 2 3');
    });

    it.each<[string, (session: RtmpServerSession) => void]>([
      ['time passes', (session) => session.tick(0)],
      ['the connection is gone', (session) => session.peerClosed('reset')],
      ['it is sent away', (session) => session.end('replaced')],
    ])('hands out what waits when %s', (_title, act) => {
      const harness = publishing().message(picture(1)).message(sound(2));
      act(harness.session);
      expect(marks(harness)).toBe('1 2');
    });

    it('changes nothing of what comes in which order, however it is cut', () => {
      const media = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 300 })), { maxLength: 30 });
      fc.assert(
        fc.property(media, fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }), (kinds, cuts) => {
          const messages = kinds.map(([isSound, size], i) => (isSound ? audio : video)(Buffer.alloc(size, i)));
          const harness = publishing();
          const whole = messages.map((message) => serializeMessage(message, message.type, 128));
          for (const bytes of whole) harness.session.receive(bytes);
          const stream = Buffer.concat(whole);
          for (let at = 0, i = 0; at < stream.length; at += cuts[i++ % cuts.length]!)
            harness.session.receive(stream.subarray(at, at + cuts[i % cuts.length]!));
          harness.session.tick(0);
          const twice = [...messages, ...messages].map(({ type, payload }) => ({ type, payload }));
          expect(harness.media.map(({ type, payload }) => ({ type, payload }))).toEqual(twice);
        }),
      );
    });
  });

  describe('that sends large pictures', () => {
    const picture = (bytes = 3000, timestamp = 0) => ({
      ...video(Buffer.concat([Buffer.of(0x17, 1), Buffer.alloc(bytes - 2)])),
      timestamp,
    });
    const sound = audio(Buffer.alloc(300));
    /** Two sounds of 300 bytes with headers, and one byte more. */
    const MARK = 633;
    const serialized = (...messages: RtmpMessage[]) =>
      Buffer.concat(messages.map((message) => serializeMessage(message, message.type, 128)));

    /** After so many pictures, each with its sound in front. */
    const after = (pictures: number, { pictureBytes = 3000, soundBytes = 300, distanceMs = 40 } = {}) => {
      const harness = new Harness().connect();
      harness.decide = accept;
      harness.command('publish', 5, null, 's');
      const sounds = soundBytes === 0 ? [] : [audio(Buffer.alloc(soundBytes))];
      for (let count = 0; count < pictures; count++)
        harness.session.receive(serialized(...sounds, picture(pictureBytes, count * distanceMs)));
      return harness;
    };

    it('lets sound wait outside once it knows how large they are', () => {
      expect(after(249).lowWater).toEqual([]);
      expect(after(250).lowWater).toEqual([MARK]);
    });

    it.each<[string, Parameters<typeof after>[1]]>([
      ['whose pictures are hardly larger than its sound', { soundBytes: 1484 }],
      ['whose pictures are smaller than a segment of TCP', { pictureBytes: 1447 }],
      ['whose pictures come less than ten times a second', { distanceMs: 101 }],
      ['without sound', { soundBytes: 0 }],
    ])('wants every byte of one %s', (_title, stream) => {
      expect(after(600, stream).lowWater).toEqual([]);
    });

    it('wants every byte again for ten seconds when a small one has come', () => {
      const harness = after(250);
      harness.session.receive(serialized(picture(200)));
      expect(harness.lowWater).toEqual([MARK, 1]);
      const next = serialized(sound, picture());
      for (let count = 0; count < 250 + 248; count++) harness.session.receive(next);
      expect(harness.lowWater).toEqual([MARK, 1]);
      harness.session.receive(next);
      expect(harness.lowWater).toEqual([MARK, 1, MARK]);
    });

    it.each<[string, Buffer]>([
      ['the rest of a picture', serialized(picture()).subarray(0, -1)],
      ['the next chunk of one', serialized(picture()).subarray(0, 12 + 128)],
      ['the rest of a header', serialized(sound, picture(), sound).subarray(0, -serialized(sound).length + 5)],
      ['a picture after three sounds', serialized(sound, sound, sound)],
      ['a picture behind its configuration', serialized(video(Buffer.of(0x17, 0, 0, 0, 0)))],
    ])('never lets %s wait', (_title, bytes) => {
      const harness = after(250);
      harness.session.receive(bytes);
      expect(harness.lowWater).toEqual([MARK, 1]);
    });

    it('wants what has come when nothing else comes', () => {
      const harness = after(250);
      harness.session.tick(0);
      expect(harness.lowWater).toEqual([MARK]);
      harness.session.tick(250);
      expect(harness.lowWater).toEqual([MARK, 1]);
      harness.session.receive(serialized(sound, picture()));
      expect(harness.lowWater).toEqual([MARK, 1, MARK]);
    });

    it('begins anew with each publication', () => {
      const harness = after(250).command('deleteStream', 0, null, 1);
      harness.command('publish', 6, null, 's').session.receive(serialized(sound, picture()));
      expect(harness.lowWater).toEqual([MARK, 1]);
    });
  });

  it('ends the publication when its media are malformed', () => {
    const harness = new Harness().connect();
    harness.decide = accept;
    harness.onMedia = () => {
      throw new MalformedError('no such codec', 1);
    };
    harness.command('publish', 5, null, 's').message(video(Buffer.of(1)));
    expect(harness.ended).toEqual(['malformed RTMP: no such codec at byte 1']);
  });

  it.each([
    ['in quotes', '"rtmp://h:1935/news"'],
    ['with instance', 'rtmps://h/news/_definst_'],
  ])('finds the application in tcUrl %s when app is missing', (_title, tcUrl) => {
    const harness = new Harness().connect({ app: undefined, tcUrl: undefined, tcurl: tcUrl });
    harness.command('publish', 5, null, 's');
    expect(harness.requests[0]).toMatchObject({ name: 'news/s', agent: 'test' });
  });

  it('answers the capabilities of Enhanced RTMP to clients that announce theirs', () => {
    const information = (properties: Record<string, AmfValue>): Record<string, AmfValue> => {
      const harness = new Harness().connect(properties);
      return parseCommand(harness.sent.at(-1)!).args[1] as Record<string, AmfValue>;
    };
    expect(information({}).fourCcList).toBeUndefined();
    expect(information({ fourCcList: ['*'] }).fourCcList).toContain('hvc1');
    expect(information({ videoFourCcInfoMap: { '*': 4 } }).videoFourCcInfoMap).toMatchObject({ av01: 4 });
  });
});

describe('RtmpServerSession with players', () => {
  it.each([
    ['ffprobe', 'ffplay.c2s', 'src'],
    ['rtmpdump', 'rtmpdump.c2s', 'src'],
  ])('serves %s', (_client, name, stream) => {
    const { handshake, chunks } = readCapture(name);
    const harness = new Harness();
    harness.decide = accept;
    harness.session.receive(Buffer.concat([handshake, chunks]));
    expect(harness.requests).toMatchObject([{ kind: 'play', name: stream }]);
    expect(harness.words().slice(-4)).toEqual([
      'UserCtl ev=0 00000001',
      'onStatus 0 NetStream.Play.Reset',
      'onStatus 0 NetStream.Play.Start',
      'DATA ["|RtmpSampleAccess",true,true]',
    ]);
    expect(harness.ended).toEqual(['the peer stopped the stream']);
  });

  it('tells the player when the stream is over', () => {
    const harness = new Harness().connect();
    harness.decide = accept;
    harness.command('play', 5, null, 's');
    harness.words();
    harness.session.end('the stream has ended');
    expect(harness.words()).toEqual(['UserCtl ev=1 00000001', 'onStatus 0 NetStream.Play.Stop']);
    expect(harness.closed).toEqual([0]);
  });

  it('answers FCSubscribe', () => {
    const harness = new Harness().connect();
    harness.words();
    expect(harness.command('FCSubscribe', 2, null, 's').words()).toEqual(['onFCSubscribe 2 NetStream.Play.Start']);
  });
});

describe('RtmpServerSession', () => {
  it('acknowledges at half the window that the peer wants', () => {
    const harness = new Harness().connect();
    harness.decide = accept;
    harness.command('publish', 5, null, 's').message(windowAckSize(2000));
    harness.words();
    const bytes = serializeMessage(video(Buffer.alloc(400)), 6, 128);
    for (let i = 0; i < 5; i += 1) harness.session.receive(bytes);
    expect(harness.words()).toEqual([expect.stringMatching(/^Ack \d+$/)]);
  });

  it('answers pings with the same time', () => {
    const harness = new Harness().connect();
    harness.words();
    harness.message(userControl(UserControlEvent.pingRequest, 0x01020304));
    expect(harness.words()).toEqual(['UserCtl ev=7 01020304']);
  });

  it.each<[string, number, (harness: Harness) => void]>([
    ['no RTMP handshake', defaultServerLimits.handshakeTimeoutMs, () => {}],
    ['no connect command', defaultServerLimits.requestTimeoutMs, (h) => h.session.receive(HANDSHAKE)],
    ['no publish or play command', defaultServerLimits.requestTimeoutMs, (h) => h.connect()],
    ['no decision', defaultServerLimits.requestTimeoutMs, (h) => h.connect().command('publish', 1, null, 's')],
    [
      'no media',
      defaultServerLimits.mediaTimeoutMs,
      (h) => {
        h.decide = accept;
        h.connect().command('publish', 1, null, 's');
      },
    ],
  ])('closes after a time with %s', (_title, limitMs, prepare) => {
    const harness = new Harness();
    prepare(harness);
    harness.session.tick(1000);
    harness.session.tick(1000 + limitMs - 1);
    expect(harness.closed).toEqual([]);
    harness.session.tick(1000 + limitMs);
    expect(harness.closed).toEqual([0]);
  });

  it('does not close a publisher that sends, nor a player', () => {
    const publisher = new Harness();
    publisher.decide = accept;
    publisher.connect().command('publish', 1, null, 's');
    const player = new Harness();
    player.decide = accept;
    player.connect().command('play', 1, null, 's');
    for (let ms = 0; ms < 100_000; ms += 10_000) {
      publisher.session.tick(ms);
      publisher.message(video(Buffer.of(1)));
      player.session.tick(ms);
    }
    expect([publisher.session.state, player.session.state]).toEqual(['publishing', 'playing']);
  });

  it.each<[string, (harness: Harness) => void]>([
    ['another protocol', (h) => h.session.receive(Buffer.from('GET / HTTP/1.1\r\n\r\n'))],
    [
      'a first command that is not connect',
      (h) =>
        h.session.receive(
          Buffer.concat([
            HANDSHAKE,
            serializeMessage(commandMessage('publish', 1, 0, null, 's'), ChunkStreamId.command, 128),
          ]),
        ),
    ],
    [
      'connect without an object',
      (h) =>
        h.session.receive(Buffer.concat([HANDSHAKE, serializeMessage(commandMessage('connect', 1, 0, null), 3, 128)])),
    ],
    [
      'a command that is no command',
      (h) => h.connect().message({ type: 20, timestamp: 0, streamId: 0, payload: Buffer.of(9) }),
    ],
    ['play while it publishes', (h) => h.connect().command('publish', 1, null, 's').command('play', 2, null, 's')],
  ])('closes on %s', (_title, act) => {
    const harness = new Harness();
    act(harness);
    expect(harness.closed).toEqual([0]);
    expect(harness.session.state).toBe('closed');
  });

  it('never throws, whatever a peer sends', () => {
    const { handshake, chunks } = readCapture('gst2.c2s');
    const whole = Buffer.concat([handshake, chunks.subarray(0, 3000)]);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 3073, max: whole.length - 1 }), fc.nat(255)), { maxLength: 4 }),
        (damages) => {
          const damaged = Buffer.from(whole);
          for (const [at, value] of damages) damaged[at] = value;
          const harness = new Harness();
          harness.decide = accept;
          expect(() => harness.session.receive(damaged)).not.toThrow();
        },
      ),
      { numRuns: 300 },
    );
  });
});
