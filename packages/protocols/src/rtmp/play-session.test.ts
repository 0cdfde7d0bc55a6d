import { describe, expect, it } from 'vitest';
import type { PublishError } from '../publisher/errors.ts';
import { PlaySession } from './play-session.ts';
import { readCapture } from './testing/capture.ts';
import { parseRtmpUrl } from './url.ts';
import { ChunkReader, serializeMessage } from './wire/chunk.ts';
import {
  commandMessage,
  MessageType,
  parseCommand,
  type RtmpMessage,
  UserControlEvent,
  userControl,
} from './wire/message.ts';

const HANDSHAKE_BYTES = 1 + 2 * 1536;

function open() {
  const target = parseRtmpUrl('rtmp://h/live/s');
  const events: string[] = [];
  const sent: Buffer[] = [];
  const failures: PublishError[] = [];
  const media: { type: number; timestamp: number; payload: Buffer }[] = [];
  const session = new PlaySession(
    { target, login: target },
    {
      send: (bytes) => sent.push(bytes),
      accepted: () => events.push('accepted'),
      reconnect: () => events.push('reconnect'),
      failed: (error) => failures.push(error),
      message: (type, timestamp, payload) => media.push({ type, timestamp, payload }),
      ended: () => events.push('ended'),
    },
  );
  session.start();
  const messages = (): RtmpMessage[] => {
    const list: RtmpMessage[] = [];
    const reader = new ChunkReader({ maxMessageBytes: 1e6, onMessage: (message) => list.push(message) });
    reader.push(Buffer.concat(sent).subarray(HANDSHAKE_BYTES));
    return list;
  };
  return { session, events, failures, media, messages };
}

function replay(name: string) {
  const parts = open();
  const { handshake, chunks } = readCapture(name);
  parts.session.receive(handshake);
  for (let at = 0; at < chunks.length; at += 777) parts.session.receive(chunks.subarray(at, at + 777));
  return parts;
}

const onStatus = (level: string, code: string): Buffer =>
  serializeMessage(commandMessage('onStatus', 0, 1, null, { level, code }), 5, 128);
const eof = serializeMessage(userControl(UserControlEvent.streamEof, 1), 2, 128);

describe('PlaySession and real servers', () => {
  it.each([
    ['rtmpdump.s2c', 'nginx-rtmp'],
    ['nplay.s2c', 'node-media-server, with media on message stream 0'],
  ])('gets from %s every media message that the judge has seen: %s', (name) => {
    const { media, events, failures } = replay(name);
    const isMedia = /^sid=\d+ ts=(\d+) len=(\d+) (AUDIO|VIDEO|DATA)/;
    const verdict = readCapture(name).verdict.flatMap((line) => {
      const match = isMedia.exec(line);
      return match === null ? [] : [`${match[3]} ${match[1]} ${match[2]}`];
    });
    const kinds: Record<number, string> = { 8: 'AUDIO', 9: 'VIDEO', 18: 'DATA' };
    const lines = media.map(({ type, timestamp, payload }) => `${kinds[type]} ${timestamp} ${payload.length}`);
    expect(lines.slice(0, verdict.length)).toEqual(verdict);
    expect(lines.length).toBeGreaterThan(10);
    expect([events, failures]).toEqual([['accepted'], []]);
  });

  it('is accepted for a stream that is not there, and told so when the server closes', () => {
    const { session, events, media, failures } = replay('nmiss.s2c');
    expect(events).toEqual(['accepted']);
    expect(media.every(({ type }) => type === MessageType.data)).toBe(true);
    session.peerClosed();
    expect(failures).toMatchObject([{ code: 'source_lost' }]);
  });

  it('asks for the stream with a buffer', () => {
    const { messages } = replay('nplay.s2c');
    const list = messages();
    const play = list.find(({ streamId }) => streamId === 1)!;
    expect(parseCommand(play)).toMatchObject({ name: 'play', args: [null, 's', -2] });
    expect(list[list.indexOf(play) + 1]!.payload.toString('hex')).toBe('00030000000100000bb8'); // SetBufferLength, stream 1, 3000 ms
  });
});

describe('PlaySession ends', () => {
  it.each([
    ['Play.Stop', onStatus('status', 'NetStream.Play.Stop')],
    ['UnpublishNotify', onStatus('status', 'NetStream.Play.UnpublishNotify')],
    ['StreamEOF', eof],
  ])('in order when the server says %s after media', (_, bytes) => {
    const { session, events, failures } = replay('nplay.s2c');
    session.receive(bytes);
    expect([events, failures, session.state]).toEqual([['accepted', 'ended'], [], 'ended']);
  });

  it('in order when the server closes after media', () => {
    const { session, events, failures } = replay('nplay.s2c');
    session.peerClosed();
    expect([events.at(-1), failures]).toEqual(['ended', []]);
  });

  it('with an error when the connection breaks after media', () => {
    const { session, failures } = replay('nplay.s2c');
    session.peerClosed('ECONNRESET');
    expect(failures).toMatchObject([{ code: 'source_lost', detail: expect.stringContaining('ECONNRESET') }]);
  });

  it.each([
    ['StreamNotFound', onStatus('error', 'NetStream.Play.StreamNotFound')],
    ['StreamEOF before any media', eof],
  ])('with source_lost on %s', (_, bytes) => {
    const { session, failures } = replay('nmiss.s2c');
    session.receive(bytes);
    expect(failures).toMatchObject([{ code: 'source_lost' }]);
  });
});
