import { MalformedError } from '../bytes/malformed-error.ts';
import { PublishError } from '../publisher/errors.ts';
import type { Connection } from '../publisher/publisher.ts';
import { type ResponseHead, ResponseHeadParser } from './response-head.ts';

export interface ExchangeEvents {
  /** Also those with status 1xx. May throw MalformedError. */
  head(head: ResponseHead): void;
  /** What comes behind the final head, with its framing. May throw MalformedError. */
  body(bytes: Buffer): void;
  /** The peer has closed the connection: nothing comes any more. Once. `reason` is the system's word, empty for an orderly close. */
  closed(reason: string): void;
  /** The peer has said something that is no HTTP. */
  failed(error: PublishError): void;
}

/** One request on one connection, and what comes back. After `destroy` no event comes. */
export class Exchange {
  readonly #connection: Connection;
  readonly #events: ExchangeEvents;
  readonly #parser = new ResponseHeadParser();
  readonly #closed = Promise.withResolvers<void>();
  #isAnswered = false;
  #isOver = false;
  /** A destroyed socket counts what it has thrown away as written. */
  #finalBytesSent: number | undefined;

  constructor(connection: Connection, events: ExchangeEvents) {
    this.#connection = connection;
    this.#events = events;
    const { socket } = connection;
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('end', () => this.#onClosed(''));
    socket.on('error', (error: NodeJS.ErrnoException) => this.#onClosed(error.code ?? error.message));
    socket.on('close', () => {
      this.#onClosed('');
      this.#closed.resolve();
    });
  }

  get socket(): Connection['socket'] {
    return this.#connection.socket;
  }

  /** `ip:port`. */
  get peer(): string {
    return this.#connection.peer;
  }

  /** Bytes that the kernel has taken, the head included. */
  get bytesSent(): number {
    return this.#finalBytesSent ?? this.socket.bytesWritten - this.socket.writableLength;
  }

  /** Resolves when no socket is left. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  destroy(): void {
    this.#isOver = true;
    this.#finalBytesSent ??= this.bytesSent;
    this.socket.destroy();
  }

  #receive(bytes: Buffer): void {
    try {
      for (let rest = bytes; rest.length > 0 && !this.#isOver; ) {
        if (this.#isAnswered) {
          this.#events.body(rest);
          return;
        }
        const parsed = this.#parser.push(rest);
        if (parsed === undefined) return;
        rest = parsed.rest;
        this.#onHead(parsed.head);
      }
    } catch (error) {
      if (!this.#isOver) this.#events.failed(asPublishError(error));
    }
  }

  #onHead(head: ResponseHead): void {
    if (head.status === 101) throw new MalformedError('the server changes to a protocol that nobody asked for');
    this.#isAnswered = head.status >= 200;
    this.#events.head(head);
  }

  #onClosed(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.closed(reason);
  }
}

function asPublishError(error: unknown): PublishError {
  if (error instanceof PublishError) return error;
  const code = error instanceof MalformedError ? 'protocol_violation' : 'internal';
  return new PublishError(code, error instanceof Error ? error.message : String(error), { cause: error });
}
