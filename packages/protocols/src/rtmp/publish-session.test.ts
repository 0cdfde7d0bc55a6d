import { describe, expect, it } from 'vitest';
import type { AmfValue } from '../bytes/amf0.ts';
import type { PublishError } from '../publisher/errors.ts';
import type { Reconnect } from './client-session.ts';
import { PublishSession } from './publish-session.ts';
import { readCapture } from './testing/capture.ts';
import { parseRtmpUrl } from './url.ts';
import { ChunkReader, serializeMessage } from './wire/chunk.ts';
import {
  BandwidthLimit,
  commandMessage,
  MessageType,
  parseCommand,
  parseControlValue,
  type RtmpMessage,
  setPeerBandwidth,
  UserControlEvent,
  userControl,
  windowAckSize,
} from './wire/message.ts';

const target = parseRtmpUrl('rtmp://h/live/s?k=1');
const HANDSHAKE_BYTES = 1 + 2 * 1536;

function open(from = target, login = from) {
  const events: string[] = [];
  const sent: Buffer[] = [];
  const failures: PublishError[] = [];
  const reconnects: Reconnect[] = [];
  const session = new PublishSession(
    { target: from, login },
    {
      send: (bytes) => sent.push(bytes),
      accepted: () => events.push('accepted'),
      reconnect: (reconnect) => reconnects.push(reconnect),
      failed: (error) => failures.push(error),
    },
  );
  session.start();
  /** What we have sent behind the handshake. */
  const messages = (): RtmpMessage[] => {
    const list: RtmpMessage[] = [];
    const reader = new ChunkReader({ maxMessageBytes: 1e6, onMessage: (message) => list.push(message) });
    reader.push(Buffer.concat(sent).subarray(HANDSHAKE_BYTES));
    return list;
  };
  const commands = () =>
    messages()
      .filter(({ type }) => type === MessageType.command)
      .map((message) => [message.streamId, parseCommand(message)] as const);
  return { session, events, sent, failures, reconnects, messages, commands };
}

const handshake = (): Buffer => readCapture('badname.s2c').handshake;
const reply = (...message: Parameters<typeof commandMessage>): Buffer =>
  serializeMessage(commandMessage(...message), 3, 128);
const status = (level: string, code: string, description = ''): AmfValue => ({ level, code, description });
const connected = (): Buffer => reply('_result', 1, 0, null, status('status', 'NetConnection.Connect.Success'));
const created = (id: number): Buffer => reply('_result', 4, 0, null, id);
const onStatus = (...args: Parameters<typeof status>): Buffer => reply('onStatus', 0, 1, null, status(...args));
const started = (): Buffer => onStatus('status', 'NetStream.Publish.Start');

describe('PublishSession and real servers', () => {
  const replay = (name: string) => {
    const parts = open();
    const { handshake: start, chunks } = readCapture(name);
    parts.session.receive(start);
    for (let at = 0; at < chunks.length; at += 7) parts.session.receive(chunks.subarray(at, at + 7));
    return parts;
  };

  it.each(['ffpub.s2c', 'nms.s2c', 'denied.s2c', 'ndup.s2c'])('is accepted in %s', (name) => {
    const { session, events, failures } = replay(name);
    expect([events, failures, session.state, session.messageStreamId]).toEqual([['accepted'], [], 'live', 1]);
  });

  it.each([
    ['denied.s2c', 'NetStream.Publish.Start: Start publishing'],
    ['ndup.s2c', 'NetStream.Publish.Start: /live/p1 is now published.'],
  ])('keeps the last status of %s for the moment at which the server closes', (name, lastStatus) => {
    const { session, failures } = replay(name);
    session.peerClosed();
    expect(failures).toMatchObject([{ code: 'target_closed', detail: `last status ${lastStatus}` }]);
  });

  it('knows a name that is taken', () => {
    const { failures } = replay('badname.s2c');
    expect(failures).toMatchObject([{ code: 'rtmp_badname', detail: 'NetStream.Publish.BadName: Already publishing' }]);
  });

  it('takes a server that closes after connect for one that refuses', () => {
    const { session, failures } = replay('noapp.s2c');
    session.peerClosed();
    expect(failures).toMatchObject([
      {
        code: 'rtmp_rejected',
        detail: 'connection closed without an answer to connect; perhaps it does not know the application',
      },
    ]);
  });
});

describe('PublishSession says', () => {
  const live = () => {
    const parts = open();
    for (const bytes of [handshake(), connected(), created(7), started()]) parts.session.receive(bytes);
    return parts;
  };

  it('the commands of a publication in their order, the stream name byte for byte', () => {
    const { commands, session } = live();
    session.finish();
    expect(
      commands().map(([streamId, { name, transactionId, args }]) => [streamId, name, transactionId, ...args]),
    ).toEqual([
      [
        0,
        'connect',
        1,
        {
          app: 'live',
          tcUrl: 'rtmp://h/live',
          type: 'nonprivate',
          flashVer: expect.stringMatching(/^FMLE\/3\.0/),
          swfUrl: 'rtmp://h/live',
          fourCcList: ['avc1', 'hvc1', 'av01', 'vp09', 'mp4a', '.mp3', 'ac-3', 'ec-3', 'Opus', 'fLaC'],
        },
      ],
      [0, 'releaseStream', 2, null, 's?k=1'],
      [0, 'FCPublish', 3, null, 's?k=1'],
      [0, 'createStream', 4, null],
      [7, 'publish', 5, null, 's?k=1', 'live'],
      [0, 'FCUnpublish', 6, null, 's?k=1'],
      [0, 'deleteStream', 7, null, 7],
    ]);
    expect(session.state).toBe('ended');
  });

  it('its chunk size right before connect, in one write with C2', () => {
    const { sent, messages, session } = open();
    session.receive(handshake());
    expect(sent).toHaveLength(2);
    expect(messages().map(({ type }) => type)).toEqual([MessageType.setChunkSize, MessageType.command]);
    expect(parseControlValue(messages()[0]!)).toBe(65_536);
  });

  it('what a ping wants to hear', () => {
    const { messages, session } = live();
    session.receive(serializeMessage(userControl(UserControlEvent.pingRequest, 0xdeadbeef), 2, 128));
    expect(messages().at(-1)!.payload.toString('hex')).toBe('0007deadbeef');
  });

  it('how much it has received when half of the window is full', () => {
    const { messages, session } = live();
    session.receive(serializeMessage(windowAckSize(2000), 2, 128));
    const noise = reply('onBWDone', 0, 0, null, 'x'.repeat(100));
    for (let sent = 0; sent < 1500; sent += noise.length) session.receive(noise);
    const acknowledgements = messages().filter(({ type }) => type === MessageType.acknowledgement);
    expect(acknowledgements).toHaveLength(1);
    expect(parseControlValue(acknowledgements[0]!)).toBeGreaterThanOrEqual(1000);
  });

  it('its own window when the peer sets another one', () => {
    const { messages, session } = live();
    session.receive(serializeMessage(setPeerBandwidth(5_000_000, BandwidthLimit.dynamic), 2, 128));
    expect(messages().at(-1)).toMatchObject({ type: MessageType.windowAckSize });
    expect(parseControlValue(messages().at(-1)!)).toBe(5_000_000);
  });
});

describe('PublishSession bears', () => {
  it('refused releaseStream and FCPublish, an early onFCPublish and codes that it does not know', () => {
    const { session, events, failures } = open();
    session.receive(handshake());
    session.receive(connected());
    session.receive(reply('_error', 2, 0, null, status('error', 'NetConnection.Call.Failed')));
    session.receive(reply('_error', 3, 0, null, status('error', 'NetConnection.Call.Failed')));
    session.receive(created(1));
    session.receive(reply('onFCPublish', 0, 0, null, status('status', 'NetStream.Publish.Start')));
    session.receive(onStatus('status', 'NetStream.Something.New'));
    session.receive(onStatus('warning', 'NetStream.Something.Odd'));
    expect(events).toEqual([]);
    session.receive(started());
    session.receive(onStatus('status', 'NetConnection.Connect.ReconnectRequest'));
    expect([events, failures, session.state]).toEqual([['accepted'], [], 'live']);
  });
});

describe('PublishSession fails', () => {
  const after = (...bytes: Buffer[]) => {
    const parts = open();
    parts.session.receive(handshake());
    for (const part of bytes) parts.session.receive(part);
    return parts;
  };

  it.each([
    ['NetStream.Publish.BadName', 'rtmp_badname'],
    ['NetStream.Publish.Rejected', 'rtmp_rejected'],
    ['NetStream.Publish.Denied', 'rtmp_rejected'],
    ['NetStream.Failed', 'rtmp_rejected'],
    ['NetStream.Publish.Unauthorized', 'rtmp_auth'],
  ])('with its own code on %s', (code, expected) => {
    const { failures } = after(connected(), created(1), onStatus('error', code, 'no'));
    expect(failures).toMatchObject([{ code: expected, detail: `${code}: no` }]);
  });

  it('when connect, createStream or publish is answered with an error', () => {
    const refusal = status('error', 'NetConnection.Connect.InvalidApp', 'no such application');
    expect(after(reply('_error', 1, 0, null, refusal)).failures).toMatchObject([
      { code: 'rtmp_rejected', detail: 'NetConnection.Connect.InvalidApp: no such application' },
    ]);
    expect(after(connected(), reply('_error', 4, 0, null)).failures).toMatchObject([{ code: 'rtmp_rejected' }]);
    expect(after(connected(), created(1), reply('_error', 5, 0, null)).failures).toMatchObject([
      { code: 'rtmp_rejected' },
    ]);
  });

  it.each([
    ['Unpublish.Success', onStatus('status', 'NetStream.Unpublish.Success')],
    ['a close command', reply('close', 0, 0, null)],
    ['StreamEOF', serializeMessage(userControl(UserControlEvent.streamEof, 1), 2, 128)],
  ])('when the server ends a live publication with %s', (_, bytes) => {
    expect(after(connected(), created(1), started(), bytes).failures).toMatchObject([{ code: 'target_closed' }]);
  });

  it('on bytes that are no RTMP', () => {
    const web = open();
    web.session.receive(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(web.failures).toMatchObject([{ code: 'protocol_violation' }]);
    expect(after(connected(), reply('_result', 4, 0, null, 'one')).failures).toMatchObject([
      { code: 'protocol_violation' },
    ]);
  });

  it('once, whatever comes afterwards', () => {
    const { session, failures, sent } = after(connected(), created(1), onStatus('error', 'NetStream.Failed'));
    const before = sent.length;
    session.receive(started());
    session.peerClosed();
    session.finish();
    expect([failures.length, sent.length, session.state]).toEqual([1, before, 'ended']);
  });
});

describe('PublishSession goes elsewhere', () => {
  const refuse = (info: AmfValue, from = target, login = from) => {
    const parts = open(from, login);
    parts.session.receive(handshake());
    parts.session.receive(reply('_error', 1, 0, null, info));
    return parts;
  };
  const rejected = (description: string): AmfValue => status('error', 'NetConnection.Connect.Rejected', description);

  it('when it is redirected', () => {
    const { reconnects, failures } = refuse({
      ...(rejected('moved') as object),
      ex: { code: 302, redirect: 'rtmp://edge:1936/live2' },
    });
    expect(failures).toEqual([]);
    expect(reconnects).toMatchObject([
      { reason: 'redirect', target: { host: 'edge', port: 1936, app: 'live2', stream: 's?k=1' } },
    ]);
  });

  it('but never from TLS into the open, nor to what is no RTMP URL', () => {
    const ex = (redirect: string): AmfValue => ({ ...(rejected('moved') as object), ex: { code: 302, redirect } });
    const tls = parseRtmpUrl('rtmps://h/live/s');
    expect(refuse(ex('rtmp://edge/live'), tls).failures).toMatchObject([{ code: 'rtmp_rejected' }]);
    expect(refuse(ex('http://edge/live')).failures).toMatchObject([{ code: 'rtmp_rejected' }]);
  });

  it('with its name, and then with the answer to the challenge', () => {
    const login = parseRtmpUrl('rtmp://myuser:mypass@h/live/s');
    const first = refuse(rejected('[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : '), login);
    const named = first.reconnects[0]!.target;
    expect(named).toMatchObject({ app: 'live?authmod=adobe&user=myuser' });
    const challenge = '[ authmod=adobe ] : ?reason=needauth&user=myuser&salt=s&challenge=c&opaque=o';
    const second = refuse(rejected(challenge), named, login);
    expect(second.reconnects[0]!.target.app).toMatch(
      /^live\?authmod=adobe&user=myuser&challenge=\S{8}&response=\S{24}&opaque=o$/,
    );
  });

  it('not without credentials, and not when they were wrong', () => {
    const needsLogin = rejected('code=403 need auth; authmod=llnw');
    expect(refuse(needsLogin).failures).toMatchObject([{ code: 'rtmp_auth' }]);
    const login = parseRtmpUrl('rtmp://myuser:mypass@h/live/s');
    expect(refuse(rejected('[ authmod=adobe ] : ?reason=authfailed'), login).failures).toMatchObject([
      { code: 'rtmp_auth' },
    ]);
  });
});
