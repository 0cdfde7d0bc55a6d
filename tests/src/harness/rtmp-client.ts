import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type AmfValue, ChunkReader, decodeAmf, encodeAmf, MESSAGE, message } from './rtmp-wire.ts';
import { until } from './until.ts';

/** Larger than any message that is sent here, so that each is one chunk. */
const CHUNK_SIZE = 1 << 20;
const HANDSHAKE_SIZE = 1536;

/** A publisher that sends whatever messages a test wants: what encoders would not send, or ffmpeg does not know yet. */
export class RtmpClient {
  /** `code` and `description` of each status that the server sent. */
  readonly statuses: string[] = [];
  isClosed = false;
  readonly #socket: Socket;
  readonly #reader = new ChunkReader(({ type, payload }) => {
    if (type === MESSAGE.command) this.#hear(decodeAmf(payload!));
  });

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
    });
  }

  /** Resolves once the server has answered `publish`, be it with a refusal. `url`: `rtmp://host:port/app/name?query` */
  static async publish(url: string): Promise<RtmpClient> {
    const { hostname, port, pathname, search } = new URL(url);
    const [, app = '', name = ''] = pathname.split('/');
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const client = new RtmpClient(socket);
    await client.#shakeHands();
    client.#open(app, name + search);
    await until(() => client.statuses.some((status) => status.startsWith('NetStream.')) || client.isClosed, {
      what: 'an answer to publish',
    });
    return client;
  }

  get isAccepted(): boolean {
    return this.statuses.some((status) => status.startsWith('NetStream.Publish.Start'));
  }

  /** Audio (8), video (9) or data (18). */
  send(type: number, timestampMs: number, payload: Buffer): void {
    this.#socket.write(message(type, 4, 1, payload, timestampMs));
  }

  /** Without a goodbye, but what was sent arrives. */
  end(): void {
    this.#socket.end();
  }

  /** Without a goodbye. */
  close(): void {
    this.#socket.destroy();
  }

  async #shakeHands(): Promise<void> {
    const c0c1 = Buffer.alloc(1 + HANDSHAKE_SIZE, 0x5a);
    c0c1[0] = 3; // version
    c0c1.fill(0, 1, 9); // time, zero
    this.#socket.write(c0c1);
    let received = Buffer.alloc(0);
    while (received.length < 1 + 2 * HANDSHAKE_SIZE) {
      const [bytes] = (await once(this.#socket, 'data')) as [Buffer];
      received = Buffer.concat([received, bytes]);
    }
    this.#socket.on('data', (bytes: Buffer) => this.#reader.push(bytes));
    this.#reader.push(received.subarray(1 + 2 * HANDSHAKE_SIZE));
    this.#socket.write(received.subarray(1, 1 + HANDSHAKE_SIZE)); // C2 echoes S1
  }

  /** All at once: the answers come in the same order. */
  #open(app: string, name: string): void {
    const chunkSize = Buffer.alloc(4);
    chunkSize.writeUInt32BE(CHUNK_SIZE);
    const properties = { app, type: 'nonprivate', flashVer: 'FMLE/3.0 (compatible; test)' };
    this.#socket.write(
      Buffer.concat([
        message(MESSAGE.setChunkSize, 2, 0, chunkSize),
        message(MESSAGE.command, 3, 0, encodeAmf('connect', 1, properties)),
        message(MESSAGE.command, 3, 0, encodeAmf('createStream', 2, null)),
        message(MESSAGE.command, 3, 1, encodeAmf('publish', 3, null, name, 'live')),
      ]),
    );
  }

  #hear([command, , , info]: AmfValue[]): void {
    if (command !== 'onStatus') return;
    const { code, description } = info as { code?: string; description?: string };
    this.statuses.push(`${code}: ${description}`);
  }
}
