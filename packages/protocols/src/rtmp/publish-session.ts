import type { AmfObject } from '../bytes/amf0.ts';
import { PublishError } from '../publisher/errors.ts';
import { FOUR_CC_LIST } from './capabilities.ts';
import { type ClientSessionEvents, type ClientSessionOptions, RtmpClientSession } from './client-session.ts';
import { refusalOf, type Status } from './status.ts';
import { commandMessage, type RtmpMessage } from './wire/message.ts';

const MAX_MESSAGE_BYTES = 1 << 20;

/** Publishes: connect, createStream, publish, and at the end the goodbye. Media does not pass through here: it goes straight to the socket. */
export class PublishSession extends RtmpClientSession {
  protected override readonly requestName = 'publish';
  #messageStreamId = 0;

  constructor(options: ClientSessionOptions, events: ClientSessionEvents) {
    super(options, events, MAX_MESSAGE_BYTES);
  }

  /** As the server chose it; known once the publication is accepted. */
  get messageStreamId(): number {
    return this.#messageStreamId;
  }

  /** Takes the stream off the server and ends the session, without waiting for an answer. */
  finish(): void {
    if (this.state !== 'live') return;
    this.send(
      commandMessage('FCUnpublish', this.nextTransaction(), 0, null, this.target.stream),
      commandMessage('deleteStream', this.nextTransaction(), 0, null, this.#messageStreamId),
    );
    this.enter('ended');
  }

  protected override connectProperties(): AmfObject {
    const { tcUrl } = this.target;
    return {
      type: 'nonprivate',
      flashVer: 'FMLE/3.0 (compatible; Pushfleet)', // servers look for FMLE
      swfUrl: tcUrl,
      fourCcList: [...FOUR_CC_LIST],
    };
  }

  /** Few servers answer these, so nobody waits for it. */
  protected override announcements(): readonly RtmpMessage[] {
    const { stream } = this.target;
    return [
      commandMessage('releaseStream', this.nextTransaction(), 0, null, stream),
      commandMessage('FCPublish', this.nextTransaction(), 0, null, stream),
    ];
  }

  protected override request(messageStreamId: number): readonly RtmpMessage[] {
    this.#messageStreamId = messageStreamId;
    return [commandMessage('publish', this.nextTransaction(), messageStreamId, null, this.target.stream, 'live')];
  }

  /** What is neither an error nor one of these is information, for instance a ReconnectRequest, which asks to move at leisure. */
  protected override onStatus(status: Status): void {
    if (status.level === 'error') this.fail(refusalOf(status));
    else if (status.code === 'NetStream.Publish.Start' && this.state === 'requesting') this.enter('live');
    else if (status.code === 'NetStream.Unpublish.Success' && this.state === 'live') this.peerClosed();
  }

  protected override onMedia(): void {
    // A server has nothing to play to a publisher.
  }

  protected override onStreamEof(): void {
    if (this.state === 'live') this.peerClosed();
  }

  protected override refusal(status: Status): PublishError {
    return refusalOf(status);
  }

  protected override closeError(detail: string): PublishError {
    return new PublishError('target_closed', detail);
  }
}
