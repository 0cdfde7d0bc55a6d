// The server's side of one connection, without I/O. RTMP 1.0 §5.2 to §7.2, as lenient as real encoders need.

import type { AmfObject, AmfValue } from '../bytes/amf0.ts';
import { MalformedError } from '../bytes/malformed-error.ts';
import { isPicture } from '../container/flv/tag.ts';
import { LowWater, type LowWaterSocket } from './low-water.ts';
import {
  connectReply,
  createStreamReply,
  emptyResult,
  fcNotice,
  onStatus,
  SERVER_MESSAGE_STREAM_ID,
  sampleAccess,
} from './server-reply.ts';
import { resolveStreamName, type StreamName } from './stream-name.ts';
import { WaitingSound } from './waiting-sound.ts';
import { ChunkReader, ChunkStreamId, DEFAULT_CHUNK_SIZE, serializeMessage } from './wire/chunk.ts';
import { ServerHandshake } from './wire/handshake.ts';
import {
  acknowledgement,
  amf0Body,
  type Command,
  MessageType,
  parseCommand,
  parseControlValue,
  parseUserControl,
  type RtmpMessage,
  splitAggregate,
  UserControlEvent,
  userControl,
} from './wire/message.ts';

/** Chunk size of everything that the server sends; batches for players are made with it. */
export const SERVER_CHUNK_SIZE = 65_536;

export interface RtmpServerLimits {
  /** Chunk size announced to the peer. Batches for players have to be made with the same. */
  readonly chunkSize: number;
  /** Longest message that a publisher may send. */
  readonly maxMessageBytes: number;
  /** From the connection to the end of the handshake. */
  readonly handshakeTimeoutMs: number;
  /** For each step between the handshake and the media: connect command, publish or play command, decision about it. */
  readonly requestTimeoutMs: number;
  /** Longest silence of a publisher: no audio, video or data. */
  readonly mediaTimeoutMs: number;
}

export const defaultServerLimits: RtmpServerLimits = {
  chunkSize: SERVER_CHUNK_SIZE,
  maxMessageBytes: 16 * 1024 * 1024,
  handshakeTimeoutMs: 5_000,
  requestTimeoutMs: 10_000,
  mediaTimeoutMs: 15_000,
};

/** What the peer wants. */
export interface StreamRequest extends StreamName {
  readonly kind: 'publish' | 'play';
  /** flashVer: what the peer says it is; may be empty. */
  readonly agent: string;
}

/** What a session asks of its surroundings. Called inside `receive`, `tick`, `accept`, `refuse`, `end` and `peerClosed`. */
export interface RtmpServerEvents {
  send(bytes: Buffer): void;
  /** To be answered with `accept` or `refuse`, unless `ended` comes first. */
  request(request: StreamRequest): void;
  /** Audio (8), video (9) or AMF0 data (18) of an accepted publication. May throw MalformedError, which ends the connection. */
  media(type: number, timestamp: number, payload: Buffer): void;
  /** Is media of the publication still needed that lies in this memory? What was sent before it is never overwritten. */
  isHeld(memory: ArrayBufferLike): boolean;
  /** The socket that `receive` is fed from, where it can be told from how many bytes on that is wanted. */
  readonly lowWater?: LowWaterSocket | undefined;
  /** The request is over, whether it had been accepted already or not; not called for a refused one. */
  ended(reason: string): void;
  /** Nothing more will be sent or read: close the connection after `lingerMs`. Called once, unless the peer closes first. */
  close(lingerMs: number): void;
}

type State = 'handshake' | 'connecting' | 'connected' | 'deciding' | 'publishing' | 'playing' | 'closed';

/** OBS reads the status of a refusal only if the connection stays open for a moment. */
const REFUSAL_LINGER_MS = 200;
/** Media that may wait for the answer to a publish command, from publishers that do not wait themselves. */
const MAX_EARLY_BYTES = 4 * 1024 * 1024;
/** Until the peer says how often it wants acknowledgements. */
const DEFAULT_ACK_WINDOW_BYTES = 2_500_000;

/**
 * Conversation with one client: handshake, connect, then one publish or play after the other. Feed it with `receive` and, a few times a second,
 * `tick`. It never throws for what a peer does, and passes on what `media` throws besides MalformedError.
 */
export class RtmpServerSession {
  readonly #events: RtmpServerEvents;
  readonly #limits: RtmpServerLimits;
  /** Until it is complete. */
  #handshake: ServerHandshake | undefined = new ServerHandshake();
  readonly #reader: ChunkReader;
  #state: State = 'handshake';
  /** Time at the first `tick` since the peer last did what the state waits for. */
  #waitingSinceMs: number | undefined;
  #app = '';
  #agent = '';
  #request: StreamRequest | undefined;
  #early: RtmpMessage[] = [];
  #earlyBytes = 0;
  #sound = new WaitingSound();
  #lowWater: LowWater | undefined;
  /** What the socket was told last. */
  #lowWaterBytes = 1;
  /** In what was received last there was a picture. */
  #pictureCame = false;
  /** Something was received since the last tick. */
  #isHeard = false;
  #chunkSize = DEFAULT_CHUNK_SIZE;
  #ackWindowBytes = DEFAULT_ACK_WINDOW_BYTES;
  #acknowledgedBytes = 0;
  #out: Buffer[] = [];

  constructor(events: RtmpServerEvents, limits: RtmpServerLimits = defaultServerLimits) {
    this.#events = events;
    this.#limits = limits;
    this.#reader = new ChunkReader({
      maxMessageBytes: limits.maxMessageBytes,
      onMessage: (message) => this.#receiveMessage(message),
      // What waits for a decision is held here.
      isHeld: (memory) => this.#state !== 'publishing' || events.isHeld(memory),
    });
  }

  get state(): State {
    return this.#state;
  }

  /** Bytes from the peer, however they are cut; they may be overwritten afterwards. Sound may wait for the next ones, or for `tick`. */
  receive(bytes: Buffer): void {
    if (this.#state === 'closed') return;
    this.#isHeard = true;
    this.#pictureCame = false;
    if (!this.#keepsSound(bytes)) {
      this.#step(() => {
        if (this.#handshake !== undefined) this.#receiveHandshake(this.#handshake, bytes);
        else this.#receiveChunks(bytes);
      });
    }
    // Only behind a whole picture: what is still to come of one must not wait, nor sound where the pictures have ceased.
    const mayRest = this.#pictureCame && this.#state === 'publishing' && this.#reader.isAtRest;
    this.#setLowWater(mayRest ? (this.#lowWater?.bytes ?? 1) : 1);
  }

  /** The connection is gone. */
  peerClosed(reason: string): void {
    try {
      this.#receiveSound();
    } finally {
      this.#enter('closed');
      this.#endRequest(reason);
    }
  }

  /** Enforces the time limits, each exact to one interval between ticks. */
  tick(nowMs: number): void {
    if (!this.#isHeard) this.#setLowWater(1);
    this.#isHeard = false;
    this.#receiveSound();
    const limitMs = this.#limitMs();
    if (limitMs === undefined) return;
    this.#waitingSinceMs ??= nowMs;
    if (nowMs - this.#waitingSinceMs < limitMs) return;
    this.#finish(`${TIMEOUT_REASONS[this.#state]} within ${limitMs} ms`);
    this.#flush();
  }

  /** Yes to the request. A player may be sent batches when this has returned. */
  accept(): void {
    if (this.#state !== 'deciding') return;
    this.#step(() => {
      if (this.#request?.kind === 'publish') this.#acceptPublish();
      else this.#acceptPlay();
    });
  }

  /** No to the request: says so and closes. */
  refuse(code: string, description: string): void {
    if (this.#state !== 'deciding') return;
    this.#request = undefined;
    this.#refuse(code, description);
    this.#flush();
  }

  /** Ends whatever goes on, says goodbye and closes. */
  end(reason: string): void {
    try {
      this.#receiveSound();
    } finally {
      this.#finish(reason);
      this.#flush();
    }
  }

  #step(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this.#finish(`malformed RTMP: ${error.message}`);
    }
    this.#flush();
  }

  #enter(state: State): void {
    this.#state = state;
    this.#waitingSinceMs = undefined;
  }

  #limitMs(): number | undefined {
    switch (this.#state) {
      case 'handshake':
        return this.#limits.handshakeTimeoutMs;
      case 'connecting':
      case 'connected':
      case 'deciding':
        return this.#limits.requestTimeoutMs;
      case 'publishing':
        return this.#limits.mediaTimeoutMs;
      default:
        return undefined;
    }
  }

  #receiveHandshake(handshake: ServerHandshake, bytes: Buffer): void {
    const { send, done, rest } = handshake.push(bytes);
    if (send.length > 0) this.#out.push(send);
    if (!done) return;
    this.#handshake = undefined;
    this.#enter('connecting');
    if (rest.length > 0) this.#receiveChunks(rest);
  }

  #setLowWater(bytes: number): void {
    if (bytes === this.#lowWaterBytes) return;
    this.#lowWaterBytes = bytes;
    this.#events.lowWater?.setLowWater(bytes);
  }

  #keepsSound(bytes: Buffer): boolean {
    const mayWait = this.#state === 'publishing' && this.#reader.isOneMessage(bytes, MessageType.audio);
    return mayWait && this.#sound.keep(bytes);
  }

  #receiveSound(): void {
    const sound = this.#sound.take();
    if (sound !== undefined) this.#step(() => this.#readChunks(sound));
  }

  #receiveChunks(bytes: Buffer): void {
    const sound = this.#sound.take();
    if (sound !== undefined) this.#reader.push(sound);
    this.#readChunks(bytes);
  }

  #readChunks(bytes: Buffer): void {
    this.#reader.push(bytes);
    const received = this.#reader.bytesReceived;
    // At half the window: a peer that stops at a whole one never has to.
    if (received - this.#acknowledgedBytes < this.#ackWindowBytes / 2) return;
    this.#acknowledgedBytes = received;
    this.#send(acknowledgement(received));
  }

  #receiveMessage(message: RtmpMessage): void {
    if (this.#state === 'closed') return;
    switch (message.type) {
      case MessageType.audio:
      case MessageType.video:
      case MessageType.data:
      case MessageType.amf3Data:
        this.#receiveMedia(message);
        break;
      case MessageType.aggregate:
        for (const part of splitAggregate(message)) this.#receiveMedia(part);
        break;
      case MessageType.command:
      case MessageType.amf3Command:
        this.#receiveCommand(parseCommand(message));
        break;
      case MessageType.windowAckSize:
        this.#ackWindowBytes = Math.max(1, parseControlValue(message));
        break;
      case MessageType.userControl:
        this.#receiveUserControl(message);
        break;
    }
  }

  #receiveMedia(message: RtmpMessage): void {
    if (this.#state === 'publishing') {
      this.#waitingSinceMs = undefined;
      this.#note(message);
      const type = message.type === MessageType.amf3Data ? MessageType.data : message.type;
      this.#events.media(type, message.timestamp, amf0Body(message));
    } else if (this.#state === 'deciding') {
      this.#early.push(message);
      this.#earlyBytes += message.payload.length;
      if (this.#earlyBytes > MAX_EARLY_BYTES) this.#finish('too much media before the publication was accepted');
    }
  }

  #note({ type, timestamp, payload }: RtmpMessage): void {
    if (type === MessageType.audio) this.#lowWater?.soundCame(payload.length);
    if (type !== MessageType.video) return;
    this.#sound.pictureCame();
    if (!isPicture(payload)) return;
    this.#pictureCame = true;
    this.#lowWater?.pictureCame(payload.length, timestamp);
  }

  #receiveUserControl(message: RtmpMessage): void {
    const { event, values } = parseUserControl(message);
    if (event === UserControlEvent.pingRequest) this.#send(userControl(UserControlEvent.pingResponse, ...values));
  }

  #receiveCommand(command: Command): void {
    if (this.#state === 'connecting') {
      this.#connect(command);
      return;
    }
    const { name, transactionId } = command;
    switch (name) {
      case 'releaseStream':
        this.#send(...emptyResult(transactionId));
        break;
      case 'FCPublish':
        this.#send(...emptyResult(transactionId));
        this.#send(fcNotice('onFCPublish', transactionId, 'NetStream.Publish.Start', 'Publishing may start.'));
        break;
      case 'FCSubscribe':
        this.#send(fcNotice('onFCSubscribe', transactionId, 'NetStream.Play.Start', 'Playing may start.'));
        break;
      case 'createStream':
        this.#send(createStreamReply(transactionId));
        break;
      case 'publish':
        this.#requestStream('publish', command);
        break;
      case 'play':
        this.#requestStream('play', command);
        break;
      case 'FCUnpublish':
        this.#send(fcNotice('onFCUnpublish', transactionId, 'NetStream.Unpublish.Success', 'Publishing has stopped.'));
        this.#stop();
        break;
      case 'deleteStream':
      case 'closeStream':
        this.#stop();
        break;
      // Anything else (getStreamLength, _checkbw, pause ...) asks for nothing that a live server has.
    }
  }

  #connect({ name, transactionId, args }: Command): void {
    const command = args[0];
    if (name !== 'connect' || !isAmfObject(command)) throw new MalformedError(`command ${name} instead of connect`);
    this.#app = text(command.app) ?? appOfUrl(text(command.tcUrl) ?? text(command.tcurl) ?? '');
    this.#agent = text(command.flashVer) ?? '';
    this.#enter('connected');
    const { chunkSize } = this.#limits;
    for (const reply of connectReply(transactionId, command, chunkSize)) {
      this.#send(reply);
      if (reply.type === MessageType.setChunkSize) this.#chunkSize = chunkSize;
    }
  }

  #requestStream(kind: 'publish' | 'play', { args }: Command): void {
    if (kind === 'publish' && args[1] === false) {
      this.#stop(); // NetStream.publish(false): how ActionScript stops
      return;
    }
    if (this.#state !== 'connected') {
      this.#finish(`${kind} command while the connection carries a stream already`);
      return;
    }
    const request = { kind, agent: this.#agent, ...resolveStreamName(this.#app, text(args[1]) ?? '') };
    if (request.name === '') {
      const code = kind === 'publish' ? 'NetStream.Publish.BadName' : 'NetStream.Play.StreamNotFound';
      this.#refuse(code, 'The URL names no stream: write rtmp://HOST/live/NAME.');
      return;
    }
    this.#request = request;
    this.#enter('deciding');
    this.#flush(); // the answer may come at once, and has to follow what is said so far
    this.#events.request(request);
  }

  #acceptPublish(): void {
    this.#send(userControl(UserControlEvent.streamBegin, SERVER_MESSAGE_STREAM_ID));
    this.#send(onStatus('status', 'NetStream.Publish.Start', 'Publishing has started.'));
    this.#reader.keepPayloads(); // those of a publication before this one, of which nobody can be asked
    this.#sound = new WaitingSound();
    const { lowWater } = this.#events;
    this.#lowWater = lowWater && new LowWater(lowWater.segmentBytes);
    this.#enter('publishing');
    const early = this.#early;
    this.#forgetEarly();
    for (const message of early) this.#receiveMedia(message);
  }

  #acceptPlay(): void {
    this.#send(userControl(UserControlEvent.streamBegin, SERVER_MESSAGE_STREAM_ID));
    this.#send(onStatus('status', 'NetStream.Play.Reset', 'Playing and resetting.'));
    this.#send(onStatus('status', 'NetStream.Play.Start', 'Playing has started.'));
    this.#send(sampleAccess());
    this.#enter('playing');
  }

  #refuse(code: string, description: string): void {
    this.#send(onStatus('error', code, description));
    this.#close(REFUSAL_LINGER_MS);
  }

  /** The peer ends its stream; the connection may be used again. */
  #stop(): void {
    if (this.#request === undefined) return;
    if (this.#state === 'publishing') {
      this.#send(onStatus('status', 'NetStream.Unpublish.Success', 'Publishing has stopped.'));
    }
    this.#enter('connected');
    this.#endRequest('the peer stopped the stream');
  }

  /** We end the connection. */
  #finish(reason: string): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'publishing') {
      this.#send(onStatus('status', 'NetStream.Unpublish.Success', `Publishing was ended: ${reason}.`));
    } else if (this.#state === 'playing') {
      this.#send(userControl(UserControlEvent.streamEof, SERVER_MESSAGE_STREAM_ID));
      this.#send(onStatus('status', 'NetStream.Play.Stop', `Playing was ended: ${reason}.`));
    }
    this.#close(0);
    this.#endRequest(reason);
  }

  #close(lingerMs: number): void {
    this.#enter('closed');
    this.#flush();
    this.#events.close(lingerMs);
  }

  #endRequest(reason: string): void {
    this.#forgetEarly();
    if (this.#request === undefined) return;
    this.#request = undefined;
    this.#events.ended(reason);
  }

  #forgetEarly(): void {
    this.#early = [];
    this.#earlyBytes = 0;
  }

  #send(...messages: readonly RtmpMessage[]): void {
    for (const message of messages) {
      const csid = message.type < MessageType.audio ? ChunkStreamId.control : ChunkStreamId.command;
      this.#out.push(serializeMessage(message, csid, this.#chunkSize));
    }
  }

  /** One write for everything that a step had to say. */
  #flush(): void {
    if (this.#out.length === 0) return;
    const bytes = Buffer.concat(this.#out);
    this.#out = [];
    this.#events.send(bytes);
  }
}

const TIMEOUT_REASONS: Readonly<Record<State, string>> = {
  handshake: 'no RTMP handshake',
  connecting: 'no connect command',
  connected: 'no publish or play command',
  deciding: 'no decision about the request',
  publishing: 'no media',
  playing: '',
  closed: '',
};

function isAmfObject(value: AmfValue): value is AmfObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function text(value: AmfValue): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** For clients that send tcUrl and no app. Some hardware puts it in quotes. */
function appOfUrl(tcUrl: string): string {
  return /^"?rtmps?:\/\/[^/]*\/(.*?)"?$/i.exec(tcUrl)?.[1] ?? '';
}
