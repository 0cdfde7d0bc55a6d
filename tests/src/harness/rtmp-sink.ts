import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { adobeRefusal, type Login } from './adobe-login.ts';
import {
  type AmfArgument,
  type AmfValue,
  ChunkReader,
  decodeAmf,
  encodeAmf,
  MESSAGE,
  message,
  type RtmpMessage,
} from './rtmp-wire.ts';

/** One publisher's stay. Times are milliseconds of `performance.now()`, undefined until it happens. */
export interface Publication {
  readonly app: string;
  /** Stream name without query. */
  readonly name: string;
  readonly connectedAt: number;
  readonly publishedAt: number;
  firstMediaAt: number | undefined;
  lastMediaAt: number | undefined;
  /** When its end was heard of first: by a command or by the end of the connection. */
  closedAt: number | undefined;
  /** Commands that took the stream off, in order: FCUnpublish, deleteStream. */
  readonly goodbyes: string[];
  /** How the TCP connection ended: `fin` when the peer closed it in order, `reset` when it broke, `dropped` when the sink did. */
  connectionEnd: 'fin' | 'reset' | 'dropped' | undefined;
  /** Of the whole connection. */
  bytes: number;
  videoMessages: number;
  audioMessages: number;
  firstTimestampMs: number | undefined;
  lastTimestampMs: number | undefined;
  /** Media messages whose time lies before that of an earlier one of their kind. */
  timestampRegressions: number;
  /** From a media message to the next one of its kind. */
  longestStepMs: number;
}

/**
 * What happens to a publisher: `accept` it; `refuse` it with BadName, repeating its stream name as many servers do, and close; say Start, then
 * close (`close-after-start`), as many servers refuse; or never answer its publish (`ignore`).
 */
export type Verdict = 'accept' | 'refuse' | 'close-after-start' | 'ignore';

export interface RtmpSinkOptions {
  readonly port?: number;
  /** To listen on; 127.0.0.1 when absent. */
  readonly address?: string;
  /** Asked at each publish; `earlier` counts the publications of this name before. Accepts all when absent. */
  readonly decide?: (name: string, earlier: number) => Verdict;
  /** Only who answers its challenge (of Adobe's kind) with this login may connect. */
  readonly login?: Login;
}

const HANDSHAKE_SIZE = 1536;
const WINDOW_BYTES = 2_500_000;

/** Takes in any number of RTMP publishers and keeps account of who sent what when. */
export class RtmpSink {
  /** All that were accepted, in the order of their publish. */
  readonly publications: Publication[] = [];
  /** What publishers did against the protocol. */
  readonly violations: string[] = [];
  /** When each TCP connection came, milliseconds of `performance.now()`; those that were refused later on included. */
  readonly connectedAt: number[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #decide: NonNullable<RtmpSinkOptions['decide']>;

  constructor(decide: RtmpSinkOptions['decide'], login?: Login) {
    this.#decide = decide ?? (() => 'accept');
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.connectedAt.push(performance.now());
      this.#sockets.add(socket);
      socket.on('error', () => {}); // accounted for by the connection
      socket.on('close', () => this.#sockets.delete(socket));
      new SinkConnection(socket, this, this.#decide, login).start();
    });
  }

  async listen(port = 0, address = '127.0.0.1'): Promise<this> {
    this.#server.listen(port, address);
    await once(this.#server, 'listening');
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** `rtmp://ADDRESS:PORT/live`, without a stream name. */
  get url(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `rtmp://${address}:${port}/live`;
  }

  /** All stays of one name. */
  of(name: string): Publication[] {
    return this.publications.filter((publication) => publication.name === name);
  }

  /** Those that are connected now. */
  open(name?: string): Publication[] {
    const candidates = name === undefined ? this.publications : this.of(name);
    return candidates.filter(({ closedAt }) => closedAt === undefined);
  }

  /**
   * Pairs of publications of one name that were there at the same time. By `media`: bytes of the later one came before the last bytes
   * of the earlier one. By `connection`: both were connected, even if one was silent (its worker stands still).
   */
  overlaps(by: 'media' | 'connection'): [Publication, Publication][] {
    const now = performance.now();
    const span = (publication: Publication) =>
      by === 'connection'
        ? { from: publication.publishedAt, to: publication.closedAt ?? now }
        : { from: publication.firstMediaAt ?? Number.POSITIVE_INFINITY, to: publication.lastMediaAt ?? 0 };
    const byName = Map.groupBy(this.publications, ({ name }) => name);
    return [...byName.values()].flatMap((stays) =>
      stays.flatMap((earlier, index) =>
        stays
          .slice(index + 1)
          .filter((later) => span(later).from < span(earlier).to && span(earlier).from < span(later).to)
          .map((later): [Publication, Publication] => [earlier, later]),
      ),
    );
  }

  /** From the last media of each stay to the first media of the next, in milliseconds; negative when they overlap. */
  gapsMs(name: string): number[] {
    const stays = this.of(name).filter(({ firstMediaAt }) => firstMediaAt !== undefined);
    return stays.slice(1).map((stay, index) => stay.firstMediaAt! - stays[index]!.lastMediaAt!);
  }

  /** Closes the connections of a name, or all; the server goes on. */
  drop(name?: string): void {
    for (const socket of this.#sockets) {
      if (name === undefined || connectionNames.get(socket) === name) socket.destroy();
    }
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.drop();
    await once(this.#server, 'close');
  }
}

/** Stream name of each socket that publishes. */
const connectionNames = new WeakMap<Socket, string>();

/** One connection: handshake (§5.2), commands (§7.2), account of the media. */
class SinkConnection {
  readonly #socket: Socket;
  readonly #sink: RtmpSink;
  readonly #decide: NonNullable<RtmpSinkOptions['decide']>;
  readonly #login: Login | undefined;
  readonly #connectedAt = performance.now();
  readonly #reader = new ChunkReader((received) => this.#receive(received));
  readonly #lastTimestampMs = new Map<number, number>();
  #handshake: Buffer | undefined = Buffer.alloc(0);
  #hasAnswered = false;
  #acknowledgedBytes = 0;
  #app = '';
  #publication: Publication | undefined;

  constructor(
    socket: Socket,
    sink: RtmpSink,
    decide: NonNullable<RtmpSinkOptions['decide']>,
    login: Login | undefined,
  ) {
    this.#socket = socket;
    this.#sink = sink;
    this.#decide = decide;
    this.#login = login;
  }

  start(): void {
    this.#socket.on('data', (bytes: Buffer) => {
      try {
        if (this.#handshake === undefined) this.#reader.push(bytes);
        else this.#shakeHands(bytes);
        this.#account();
      } catch (error) {
        this.#sink.violations.push(`${this.#publication?.name ?? 'before publish'}: ${error}`);
        this.#socket.destroy();
      }
    });
    this.#socket.on('end', () => this.#disconnected('fin'));
    this.#socket.on('error', () => this.#disconnected('reset'));
    this.#socket.on('close', () => this.#disconnected('dropped'));
  }

  /** C0 C1 -> S0 S1 S2, C2 -> chunks. */
  #shakeHands(bytes: Buffer): void {
    const data = Buffer.concat([this.#handshake!, bytes]);
    this.#handshake = data;
    if (!this.#hasAnswered && data.length >= 1 + HANDSHAKE_SIZE) {
      if (data[0] !== 3) throw new Error(`RTMP version ${data[0]}`);
      const s0s1 = Buffer.alloc(1 + HANDSHAKE_SIZE, 0x5a);
      s0s1[0] = 3; // version
      s0s1.fill(0, 1, 9); // time, zero
      this.#socket.write(Buffer.concat([s0s1, data.subarray(1, 1 + HANDSHAKE_SIZE)])); // S2 echoes C1
      this.#hasAnswered = true;
    }
    if (data.length < 1 + 2 * HANDSHAKE_SIZE) return;
    this.#handshake = undefined;
    this.#reader.push(data.subarray(1 + 2 * HANDSHAKE_SIZE));
  }

  #receive(received: RtmpMessage): void {
    if (received.type === MESSAGE.command) this.#obey(decodeAmf(received.payload!));
    if (received.type === MESSAGE.audio || received.type === MESSAGE.video) this.#countMedia(received);
  }

  #obey([command, transaction, argument, name]: AmfValue[]): void {
    const id = Number(transaction);
    if (command === 'connect') {
      this.#connect(id, String((argument as { app?: string } | null)?.app ?? ''));
    } else if (command === 'createStream') {
      this.#command(0, '_result', id, null, 1);
    } else if (command === 'publish') {
      this.#publish(String(name));
    } else if (command === 'deleteStream' || command === 'FCUnpublish') {
      this.#publication?.goodbyes.push(command);
      this.#end();
    }
  }

  #connect(id: number, app: string): void {
    this.#app = app;
    this.#send(MESSAGE.windowSize, uint32(WINDOW_BYTES));
    this.#send(MESSAGE.bandwidth, Buffer.concat([uint32(WINDOW_BYTES), Buffer.from([2])])); // limit type dynamic
    this.#send(MESSAGE.setChunkSize, uint32(4096));
    const refusal = this.#login && adobeRefusal(app, this.#login);
    if (refusal !== undefined) {
      const status = { level: 'error', code: 'NetConnection.Connect.Rejected', description: refusal };
      this.#command(0, '_error', id, null, status);
      this.#socket.end();
      return;
    }
    const status = { level: 'status', code: 'NetConnection.Connect.Success', description: 'Connected.' };
    this.#command(0, '_result', id, { fmsVer: 'FMS/3,0,1,123', capabilities: 31 }, status);
  }

  #publish(nameAndQuery: string): void {
    const name = nameAndQuery.replace(/\?.*$/, '');
    const verdict = this.#decide(name, this.#sink.of(name).length);
    if (verdict === 'ignore') return;
    if (verdict === 'refuse') {
      this.#status('error', 'NetStream.Publish.BadName', `${name}: not welcome`);
      this.#socket.end();
      return;
    }
    this.#publication = {
      app: this.#app,
      name,
      connectedAt: this.#connectedAt,
      publishedAt: performance.now(),
      firstMediaAt: undefined,
      lastMediaAt: undefined,
      closedAt: undefined,
      goodbyes: [],
      connectionEnd: undefined,
      bytes: 0,
      videoMessages: 0,
      audioMessages: 0,
      firstTimestampMs: undefined,
      lastTimestampMs: undefined,
      timestampRegressions: 0,
      longestStepMs: 0,
    };
    this.#sink.publications.push(this.#publication);
    connectionNames.set(this.#socket, name);
    this.#status('status', 'NetStream.Publish.Start');
    if (verdict === 'close-after-start') this.#socket.end();
  }

  #countMedia({ type, timestampMs }: RtmpMessage): void {
    const publication = this.#publication;
    if (publication === undefined) throw new Error('media before publish');
    publication.lastMediaAt = performance.now();
    publication.firstMediaAt ??= publication.lastMediaAt;
    if (type === MESSAGE.video) publication.videoMessages++;
    else publication.audioMessages++;
    publication.firstTimestampMs ??= timestampMs;
    publication.lastTimestampMs = timestampMs;
    const stepMs = (timestampMs - (this.#lastTimestampMs.get(type) ?? timestampMs)) | 0; // modulo 2^32, and signed
    if (stepMs < 0) publication.timestampRegressions++;
    publication.longestStepMs = Math.max(publication.longestStepMs, stepMs);
    this.#lastTimestampMs.set(type, timestampMs);
  }

  #account(): void {
    const { bytesRead } = this.#socket;
    if (this.#publication !== undefined) this.#publication.bytes = bytesRead;
    if (bytesRead - this.#acknowledgedBytes < WINDOW_BYTES / 2) return;
    this.#acknowledgedBytes = bytesRead;
    this.#send(MESSAGE.acknowledgement, uint32(bytesRead % 2 ** 32));
  }

  #end(): void {
    if (this.#publication !== undefined) this.#publication.closedAt ??= performance.now();
  }

  /** The first to come tells how. */
  #disconnected(how: NonNullable<Publication['connectionEnd']>): void {
    this.#end();
    if (this.#publication !== undefined) this.#publication.connectionEnd ??= how;
  }

  #status(level: string, code: string, description = code): void {
    this.#command(1, 'onStatus', 0, null, { level, code, description });
  }

  #command(messageStreamId: number, ...values: AmfArgument[]): void {
    this.#socket.write(message(MESSAGE.command, 3, messageStreamId, encodeAmf(...values)));
  }

  #send(type: number, payload: Buffer): void {
    this.#socket.write(message(type, 2, 0, payload));
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export const startRtmpSink = ({ port, address, decide, login }: RtmpSinkOptions = {}): Promise<RtmpSink> =>
  new RtmpSink(decide, login).listen(port, address);
