import type { AmfObject } from '../bytes/amf0.ts';
import { PublishError } from '../publisher/errors.ts';
import { enhancedCapabilities } from './capabilities.ts';
import { type ClientSessionEvents, type ClientSessionOptions, RtmpClientSession } from './client-session.ts';
import { describeStatus, type Status } from './status.ts';
import {
  amf0Body,
  commandMessage,
  MessageType,
  type RtmpMessage,
  splitAggregate,
  UserControlEvent,
  userControl,
} from './wire/message.ts';

const MAX_MESSAGE_BYTES = 16 << 20;
/** What we would like the server to buffer for us. */
const BUFFER_MS = 3000;
/** Play the live stream, or else a recording of that name. */
const LIVE_OR_RECORDED = -2;

export interface PlaySessionEvents extends ClientSessionEvents {
  /** Audio (8), video (9) or AMF0 data (18), aggregates taken apart. `timestamp` as on the wire; `payload` may be kept. */
  message(type: number, timestamp: number, payload: Buffer): void;
  /** The server has ended the stream. The session is over. */
  ended(): void;
}

/** Plays: connect, createStream, play. What the media means is the business of a demuxer. */
export class PlaySession extends RtmpClientSession {
  protected override readonly requestName = 'play';
  readonly #events: PlaySessionEvents;
  /** Sound or pictures have come. */
  #hasMedia = false;

  constructor(options: ClientSessionOptions, events: PlaySessionEvents) {
    super(options, events, MAX_MESSAGE_BYTES);
    this.#events = events;
  }

  /** TCP connections end like this, too: with media before, it is the regular end of a stream. */
  override peerClosed(reason = ''): void {
    if (reason === '' && this.#hasMedia) this.onStreamEof();
    else super.peerClosed(reason);
  }

  protected override connectProperties(): AmfObject {
    return {
      flashVer: 'LNX 9,0,124,2',
      fpad: false,
      capabilities: 15,
      audioCodecs: 4071,
      videoCodecs: 252,
      videoFunction: 1,
      ...enhancedCapabilities(),
    };
  }

  protected override announcements(): readonly RtmpMessage[] {
    return [];
  }

  protected override request(messageStreamId: number): readonly RtmpMessage[] {
    const { stream } = this.target;
    return [
      commandMessage('play', this.nextTransaction(), messageStreamId, null, stream, LIVE_OR_RECORDED),
      userControl(UserControlEvent.setBufferLength, messageStreamId, BUFFER_MS),
    ];
  }

  protected override onStatus(status: Status): void {
    const { code, level } = status;
    if (level === 'error' || code === 'NetStream.Play.StreamNotFound') this.fail(this.refusal(status));
    else if (code === 'NetStream.Play.Start') this.#accept();
    else if (code === 'NetStream.Play.Stop' || code === 'NetStream.Play.UnpublishNotify') this.onStreamEof();
  }

  protected override onMedia(message: RtmpMessage): void {
    this.#accept(); // some servers send media and never say so
    if (this.state !== 'live') return;
    if (message.type === MessageType.aggregate) {
      for (const part of splitAggregate(message)) this.onMedia(part);
      return;
    }
    const isData = message.type === MessageType.data || message.type === MessageType.amf3Data;
    if (!isData) this.#hasMedia = true;
    this.#events.message(isData ? MessageType.data : message.type, message.timestamp, amf0Body(message));
  }

  #accept(): void {
    if (this.state === 'requesting') this.enter('live');
  }

  protected override onStreamEof(): void {
    if (this.state !== 'live') return;
    if (this.#hasMedia) {
      this.enter('ended');
      this.#events.ended();
    } else {
      this.fail(this.closeError(this.lastStatus));
    }
  }

  protected override refusal(status: Status): PublishError {
    return new PublishError('source_lost', describeStatus(status));
  }

  protected override closeError(detail: string): PublishError {
    return new PublishError('source_lost', detail);
  }
}
