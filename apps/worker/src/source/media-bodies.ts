// The two ways in which a stream is the body of a request or a response.

import {
  M4sBodyError,
  M4sReceiver,
  m4sWireFormat,
  TsDemuxer,
  tsHttpWireFormat,
  type WireFormat,
} from '@pushfleet/protocols';
import type { MediaFormat } from '../http/media-path.ts';
import type { ProblemCode } from '../http/problems.ts';
import { DecodeOrder } from './decode-order.ts';
import { looksLikeFmp4, looksLikeTs } from './media-signature.ts';
import type { SourceEvents } from './source-events.ts';

/** Reads the body of one publication. Both methods throw MalformedError, or BodyRefusal when there is a better word for what is wrong. */
export interface BodyReceiver {
  /** Publishers whose own source is silent send something all the same, which is no media. */
  readonly hasKeepAlive: boolean;
  /** `bytes` may be kept and are not written to. */
  push(bytes: Buffer): void;
  /** The body is over. False when the publisher may come back, though it has ended the request in order. */
  end(): boolean;
}

/** A body that is not taken. The message is for the publisher, and for people. */
export class BodyRefusal extends Error {
  override readonly name = 'BodyRefusal';
  readonly code: ProblemCode;

  constructor(code: ProblemCode, message: string) {
    super(message);
    this.code = code;
  }
}

interface PlayFormat {
  readonly contentType: string;
  /** Its batches are whole chunks of HTTP's chunked coding. */
  readonly wireFormat: WireFormat;
}

export const playFormats: Readonly<Record<MediaFormat, PlayFormat>> = {
  mpegts: { contentType: 'video/mp2t', wireFormat: tsHttpWireFormat() },
  m4s: { contentType: 'video/mp4', wireFormat: m4sWireFormat() },
};

export const bodyReceivers: Readonly<Record<MediaFormat, (events: SourceEvents) => BodyReceiver>> = {
  mpegts: (events) => new SignedBody(new TsBody(events), looksLikeTs, 'there is no MPEG-TS in the first 64 KiB'),
  m4s: (events) => new SignedBody(new M4sBody(events), looksLikeFmp4, 'the body does not begin as fragmented MP4 does'),
};

/** A body of the wrong kind shows it within so many bytes. */
const SIGNATURE_BYTES = 64 << 10;

/** A body that has to prove at its beginning that it is of the right kind. */
class SignedBody implements BodyReceiver {
  readonly #receiver: BodyReceiver;
  /** Undefined when more bytes are needed to tell. */
  readonly #isRight: (beginning: Buffer) => boolean | undefined;
  readonly #complaint: string;
  /** What has come, while it is not known to be right. */
  #beginning: Buffer[] | undefined = [];
  #sizeBytes = 0;
  /** The beginning is looked at again when it is as long: not anew for every byte of a trickle. */
  #lookAtBytes = 1;

  constructor(receiver: BodyReceiver, isRight: (beginning: Buffer) => boolean | undefined, complaint: string) {
    this.#receiver = receiver;
    this.#isRight = isRight;
    this.#complaint = complaint;
  }

  get hasKeepAlive(): boolean {
    return this.#receiver.hasKeepAlive;
  }

  push(bytes: Buffer): void {
    if (this.#beginning === undefined) {
      this.#receiver.push(bytes);
      return;
    }
    this.#beginning.push(bytes);
    this.#sizeBytes += bytes.length;
    if (this.#sizeBytes >= this.#lookAtBytes) this.#look(Buffer.concat(this.#beginning));
  }

  end(): boolean {
    // An empty body is how some publishers try address and login.
    if (this.#beginning !== undefined && this.#sizeBytes > 0) this.#look(Buffer.concat(this.#beginning), false);
    return this.#receiver.end();
  }

  #look(beginning: Buffer, mayWait = beginning.length < SIGNATURE_BYTES): void {
    const isRight = this.#isRight(beginning);
    if (isRight === undefined && mayWait) {
      this.#lookAtBytes = 2 * beginning.length;
      return;
    }
    if (isRight !== true) throw new BodyRefusal('media_unknown', this.#complaint);
    this.#beginning = undefined;
    this.#receiver.push(beginning);
  }
}

/** MPEG-TS, whose end says nothing: an encoder that stops for good and one that restarts end alike. */
class TsBody implements BodyReceiver {
  readonly hasKeepAlive = false;
  readonly #order: DecodeOrder;
  readonly #demuxer: TsDemuxer;

  constructor(events: SourceEvents) {
    this.#order = new DecodeOrder(events);
    this.#demuxer = new TsDemuxer(this.#order);
  }

  push(bytes: Buffer): void {
    this.#demuxer.push(bytes);
  }

  end(): boolean {
    this.#demuxer.end();
    this.#order.end();
    return true;
  }
}

/** Fragmented MP4, as our own pushes send it or any other muxer. */
class M4sBody implements BodyReceiver {
  /** Empty boxes, every 2 s. */
  readonly hasKeepAlive = true;
  readonly #receiver: M4sReceiver;

  constructor(events: SourceEvents) {
    this.#receiver = new M4sReceiver(events);
  }

  push(bytes: Buffer): void {
    try {
      this.#receiver.push(bytes);
    } catch (error) {
      throw error instanceof M4sBodyError ? new BodyRefusal(M4S_REFUSALS[error.status], error.message) : error;
    }
  }

  end(): boolean {
    return this.#receiver.end().status === 'ended';
  }
}

const M4S_REFUSALS = {
  400: 'malformed_media',
  412: 'header_missing',
  413: 'media_too_large',
  415: 'media_unknown',
} as const satisfies Record<M4sBodyError['status'], ProblemCode>;
