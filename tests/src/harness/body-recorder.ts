import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** The body of one request. Times are milliseconds of `performance.now()`, undefined until it happens. */
export interface RecordedBody {
  readonly path: string;
  /** Where its bytes are; complete once it has ended. */
  readonly file: string;
  firstByteAt: number | undefined;
  lastByteAt: number | undefined;
  endedAt: number | undefined;
  /** It has come to its end, and was not broken off. */
  isWhole: boolean;
}

/** A receiver of live streams over HTTP that keeps each body in a file of its own, as it is. */
export class BodyRecorder {
  /** In the order of their requests. */
  readonly bodies: RecordedBody[] = [];
  readonly #directory: string;
  readonly #server: Server;

  private constructor(directory: string) {
    this.#directory = directory;
    this.#server = createServer({ requestTimeout: 0, noDelay: true }, (request, response) => {
      const file = join(this.#directory, `body-${this.bodies.length}`);
      const path = request.url ?? '';
      const body: RecordedBody = {
        path,
        file,
        firstByteAt: undefined,
        lastByteAt: undefined,
        endedAt: undefined,
        isWhole: false,
      };
      this.bodies.push(body);
      const output = createWriteStream(file);
      request.on('data', (bytes: Buffer) => {
        body.lastByteAt = performance.now();
        body.firstByteAt ??= body.lastByteAt;
        output.write(bytes);
      });
      request.on('end', () => {
        body.isWhole = true;
        response.end();
      });
      request.on('error', () => {}); // told by isWhole
      request.on('close', () => {
        const endedAt = performance.now();
        output.end(() => {
          body.endedAt = endedAt;
        });
      });
    });
  }

  /** The files go to this directory. */
  static async start(directory: string): Promise<BodyRecorder> {
    const recorder = new BodyRecorder(directory);
    recorder.#server.listen(0, '127.0.0.1');
    await once(recorder.#server, 'listening');
    return recorder;
  }

  /** `127.0.0.1:PORT` */
  get authority(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** All bodies that came to a path. */
  of(path: string): RecordedBody[] {
    return this.bodies.filter((body) => body.path === path);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
