// What publishing and playing have in common: a client's conversation from the handshake to an open message stream. Without I/O and clock.

import type { AmfObject } from '../bytes/amf0.ts';
import { MalformedError } from '../bytes/malformed-error.ts';
import { PublishError, TargetUrlError } from '../publisher/errors.ts';
import { answerChallenge, isAuthRefusal, parseAuthChallenge } from './auth.ts';
import { describeStatus, parseStatus, refusalOf, type Status } from './status.ts';
import { type RtmpTarget, redirectedTarget, withAppQuery } from './url.ts';
import { ChunkReader, ChunkStreamId, DEFAULT_CHUNK_SIZE, serializeMessage } from './wire/chunk.ts';
import { ClientHandshake } from './wire/handshake.ts';
import {
  acknowledgement,
  type Command,
  commandMessage,
  MessageType,
  parseCommand,
  parseControlValue,
  parseUserControl,
  type RtmpMessage,
  setChunkSize,
  UserControlEvent,
  userControl,
  windowAckSize,
} from './wire/message.ts';

/** Large chunks cost the least; 65536 is the most that all servers take. */
export const CLIENT_CHUNK_SIZE = 65_536;
const WINDOW_BYTES = 2_500_000;

/**
 * `connecting`: connect is sent. `creating`: createStream is sent. `requesting`: publish or play is sent. `live`: the peer has accepted.
 * `ended`: the conversation is over; bytes that still come are ignored.
 */
export type ClientSessionState = 'handshake' | 'connecting' | 'creating' | 'requesting' | 'live' | 'ended';

/** Why the same publication must be tried on a new connection, and with what. */
export interface Reconnect {
  readonly reason: 'auth' | 'redirect';
  readonly target: RtmpTarget;
  /** What the peer said, verbatim. */
  readonly detail: string;
}

export interface ClientSessionEvents {
  send(bytes: Buffer): void;
  /** The peer has accepted: media may flow. */
  accepted(): void;
  /** The peer wants another connection. The session has ended. */
  reconnect(reconnect: Reconnect): void;
  /** The session has ended without success. */
  failed(error: PublishError): void;
}

export interface ClientSessionOptions {
  /** Where to connect, with the answer to an authentication challenge. */
  readonly target: RtmpTarget;
  /** The same without that answer. */
  readonly login: RtmpTarget;
}

export abstract class RtmpClientSession {
  protected readonly target: RtmpTarget;
  readonly #login: RtmpTarget;
  readonly #events: ClientSessionEvents;
  /** Until it is complete: what it holds is of no use afterwards. */
  #handshake: ClientHandshake | undefined = new ClientHandshake();
  readonly #reader: ChunkReader;
  #state: ClientSessionState = 'handshake';
  #chunkSize = DEFAULT_CHUNK_SIZE;
  #transactions = 0;
  #connectTransaction = 0;
  #createStreamTransaction = 0;
  /** How many bytes may come before the peer wants to hear of it; endless until it says. */
  #ackEveryBytes = Number.POSITIVE_INFINITY;
  #ackedBytes = 0;
  #lastStatus = '';

  /** A message of the peer that is longer than `maxMessageBytes` is refused. */
  protected constructor({ target, login }: ClientSessionOptions, events: ClientSessionEvents, maxMessageBytes: number) {
    this.target = target;
    this.#login = login;
    this.#events = events;
    this.#reader = new ChunkReader({ maxMessageBytes, onMessage: (message) => this.#onMessage(message) });
  }

  get state(): ClientSessionState {
    return this.#state;
  }

  /** The newest status of the peer, as `code: description`; empty when it sent none. */
  get lastStatus(): string {
    return this.#lastStatus;
  }

  /** Sends the first bytes. */
  start(): void {
    if (this.#handshake !== undefined) this.#events.send(this.#handshake.start);
  }

  /** Takes bytes of the peer, however they are cut. Everything that follows from them has happened when it returns. Never throws. */
  receive(bytes: Buffer): void {
    if (this.#state === 'ended') return;
    try {
      if (this.#handshake !== undefined) this.#receiveHandshake(this.#handshake, bytes);
      else this.#receiveChunks(bytes);
    } catch (error) {
      const isTheirFault = error instanceof MalformedError;
      const detail = error instanceof Error ? error.message : '';
      this.fail(new PublishError(isTheirFault ? 'protocol_violation' : 'internal', detail, { cause: error }));
    }
  }

  /** The peer has closed the connection, or the network has: `reason` says how. Does nothing once the session has ended. */
  peerClosed(reason = ''): void {
    if (this.#state === 'ended') return;
    const detail = [reason, this.#lastStatus && `last status ${this.#lastStatus}`]
      .filter((part) => part !== '')
      .join(', ');
    if (this.#state === 'live') this.fail(this.closeError(detail));
    else if (this.#state === 'handshake') this.fail(closedInHandshake(reason));
    else this.fail(this.refusal({ ...UNEXPLAINED, description: this.#unanswered(detail) }));
  }

  /** What the peer has still to answer. */
  get awaited(): string {
    const names = { handshake: 'the handshake', connecting: 'connect', creating: 'createStream' };
    return names[this.#state as keyof typeof names] ?? this.requestName;
  }

  /** The command that asks for the stream. */
  protected abstract readonly requestName: 'publish' | 'play';
  /** The properties of the connect command besides app and tcUrl. */
  protected abstract connectProperties(): AmfObject;
  /** Commands to send before createStream. */
  protected abstract announcements(): readonly RtmpMessage[];
  /** The peer has opened a message stream: what to ask for on it. */
  protected abstract request(messageStreamId: number): readonly RtmpMessage[];
  protected abstract onStatus(status: Status): void;
  /** Audio, video, data and aggregate messages. */
  protected abstract onMedia(message: RtmpMessage): void;
  /** The peer has ended the message stream. */
  protected abstract onStreamEof(): void;
  /** What it means when the peer refuses to open the stream. */
  protected abstract refusal(status: Status): PublishError;
  /** What it means when the peer closes the connection of a live stream. */
  protected abstract closeError(detail: string): PublishError;

  /** The id of the next command that may be answered. */
  protected nextTransaction(): number {
    this.#transactions += 1;
    return this.#transactions;
  }

  protected enter(state: ClientSessionState): void {
    this.#state = state;
    if (state === 'live') this.#events.accepted();
  }

  protected fail(error: PublishError): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#events.failed(error);
  }

  /** In one write; protocol control messages and commands find their own chunk stream. */
  protected send(...messages: readonly RtmpMessage[]): void {
    const parts = messages.map((message) => serializeMessage(message, chunkStreamOf(message), this.#chunkSize));
    this.#events.send(Buffer.concat(parts));
  }

  /** Closed before it has accepted: many servers refuse this way. */
  #unanswered(detail: string): string {
    const suffix = detail === '' ? '' : `, ${detail}`;
    const hint = this.#state === 'connecting' ? '; perhaps it does not know the application' : '';
    return `connection closed without an answer to ${this.awaited}${suffix}${hint}`;
  }

  #receiveHandshake(handshake: ClientHandshake, bytes: Buffer): void {
    const { send, done, rest } = handshake.push(bytes);
    if (!done) {
      if (send.length > 0) this.#events.send(send);
      return;
    }
    this.#handshake = undefined;
    const announcement = serializeMessage(setChunkSize(CLIENT_CHUNK_SIZE), ChunkStreamId.control, this.#chunkSize);
    this.#chunkSize = CLIENT_CHUNK_SIZE;
    const { app, tcUrl } = this.target;
    this.#connectTransaction = this.nextTransaction();
    const connect = commandMessage('connect', this.#connectTransaction, 0, { app, tcUrl, ...this.connectProperties() });
    this.enter('connecting');
    this.#events.send(
      Buffer.concat([send, announcement, serializeMessage(connect, ChunkStreamId.command, this.#chunkSize)]),
    );
    if (rest.length > 0) this.#receiveChunks(rest);
  }

  #receiveChunks(bytes: Buffer): void {
    this.#reader.push(bytes);
    const { bytesReceived } = this.#reader;
    if (bytesReceived - this.#ackedBytes < this.#ackEveryBytes || this.#state === 'ended') return;
    this.#ackedBytes = bytesReceived;
    this.send(acknowledgement(bytesReceived));
  }

  #onMessage(message: RtmpMessage): void {
    if (this.#state === 'ended') return;
    switch (message.type) {
      case MessageType.audio:
      case MessageType.video:
      case MessageType.data:
      case MessageType.amf3Data:
      case MessageType.aggregate:
        this.onMedia(message);
        break;
      case MessageType.command:
      case MessageType.amf3Command:
        this.#onCommand(parseCommand(message));
        break;
      case MessageType.windowAckSize:
        this.#ackEveryBytes = Math.max(1, parseControlValue(message) / 2); // half a window early, as others do
        break;
      case MessageType.setPeerBandwidth:
        if (parseControlValue(message) !== WINDOW_BYTES) this.send(windowAckSize(parseControlValue(message)));
        break;
      case MessageType.userControl:
        this.#onUserControl(message);
        break;
    }
  }

  #onUserControl(message: RtmpMessage): void {
    const { event, values } = parseUserControl(message);
    if (event === UserControlEvent.pingRequest) {
      this.send(userControl(UserControlEvent.pingResponse, values[0] ?? 0));
    } else if (event === UserControlEvent.streamEof) {
      this.onStreamEof();
    }
  }

  #onCommand(command: Command): void {
    const { name, transactionId } = command;
    const status = parseStatus(command);
    if (status !== undefined) this.#lastStatus = describeStatus(status);
    const isReply = name === '_result' || name === '_error';
    if (isReply && transactionId === this.#connectTransaction) this.#onConnectReply(name, status);
    else if (name === '_result') this.#onResult(command);
    else if (name === '_error') this.#onError(transactionId, status ?? UNEXPLAINED);
    else if (name === 'onStatus' && status !== undefined) this.onStatus(status);
    else if (name === 'close') this.peerClosed();
  }

  #onConnectReply(name: string, status: Status | undefined): void {
    if (this.#state !== 'connecting') return;
    if (name === '_result' && status?.level !== 'error') {
      this.enter('creating');
      const announcements = this.announcements();
      this.#createStreamTransaction = this.nextTransaction();
      const createStream = commandMessage('createStream', this.#createStreamTransaction, 0, null);
      this.send(windowAckSize(WINDOW_BYTES), ...announcements, createStream);
    } else if (status?.redirect !== undefined) {
      this.#redirect(status.redirect, status);
    } else {
      this.#answerRefusal(status ?? UNEXPLAINED);
    }
  }

  #onResult({ transactionId, args }: Command): void {
    if (this.#state !== 'creating' || transactionId !== this.#createStreamTransaction) return;
    const messageStreamId = args[1];
    if (typeof messageStreamId !== 'number') throw new MalformedError('the answer to createStream names no stream');
    this.enter('requesting');
    this.send(...this.request(messageStreamId));
  }

  /** What came before createStream may be refused: most servers do not know these commands. */
  #onError(transactionId: number, status: Status): void {
    if (this.#state !== 'connecting' && transactionId >= this.#createStreamTransaction) this.fail(this.refusal(status));
  }

  #redirect(url: string, status: Status): void {
    const target = tryRedirect(this.#login, url);
    if (target === undefined) {
      this.fail(new PublishError('rtmp_rejected', 'redirected to something that is no RTMP URL'));
    } else if (this.target.tls && !target.tls) {
      this.fail(new PublishError('rtmp_rejected', 'redirected from rtmps to rtmp, which would show the stream key'));
    } else {
      this.#reconnect({ reason: 'redirect', target, detail: describeStatus(status) });
    }
  }

  #answerRefusal(status: Status): void {
    const challenge = parseAuthChallenge(status.description);
    if (challenge === undefined) {
      this.fail(refusalOf(status));
    } else if (isAuthRefusal(challenge) || this.#login.user === '') {
      this.fail(new PublishError('rtmp_auth', describeStatus(status)));
    } else {
      const query = answerChallenge(challenge, this.#login, this.#login.app);
      this.#reconnect({ reason: 'auth', target: withAppQuery(this.#login, query), detail: describeStatus(status) });
    }
  }

  #reconnect(reconnect: Reconnect): void {
    this.#state = 'ended';
    this.#events.reconnect(reconnect);
  }
}

const UNEXPLAINED: Status = { level: 'error', code: '', description: 'no reason given', redirect: undefined };

/** Servers of other protocols end the conversation here. */
function closedInHandshake(reason: string): PublishError {
  const prefix = reason === '' ? '' : `${reason} `;
  return new PublishError('target_closed', `${prefix}during the handshake; perhaps the port does not speak RTMP`);
}

function tryRedirect(from: RtmpTarget, url: string): RtmpTarget | undefined {
  try {
    return redirectedTarget(from, url);
  } catch (error) {
    if (error instanceof TargetUrlError) return undefined;
    throw error;
  }
}

function chunkStreamOf({ type, streamId }: RtmpMessage): number {
  if (type < MessageType.audio) return ChunkStreamId.control;
  return streamId === 0 ? ChunkStreamId.command : ChunkStreamId.publish;
}
