import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { freePort } from '../../src/harness/ports.ts';
import { Child } from './child.ts';
import { pathOf } from './programs.ts';

/** A target at the sink, since its media has begun. */
export interface SinkTarget {
  readonly isOpen: boolean;
  readonly bytes: number;
  /** Uploads that are complete. */
  readonly requests: number;
  /** Its number among those whose bytes are kept, from 1 on; else 0. */
  readonly probe: number;
  /** APP/STREAM of RTMP, the path of HTTP. */
  readonly name: string;
}

export interface SinkReading {
  readonly atUs: number;
  readonly targets: readonly SinkTarget[];
}

/** Bytes that came to a probe in one read. */
export interface Arrival {
  readonly probe: number;
  readonly atUs: number;
  readonly bytes: Buffer;
}

/** The targets of all pushes: a program that answers, counts and forgets; see `sink.c`. */
export class Sink {
  readonly rtmpPort: number;
  readonly httpPort: number;
  readonly #controlPort: number;
  readonly #child: Child;

  private constructor(rtmpPort: number, httpPort: number, controlPort: number) {
    this.rtmpPort = rtmpPort;
    this.httpPort = httpPort;
    this.#controlPort = controlPort;
    this.#child = new Child(pathOf('sink'), ['-r', `${rtmpPort}`, '-h', `${httpPort}`, '-c', `${controlPort}`]);
  }

  static async start(): Promise<Sink> {
    const sink = new Sink(await freePort(), await freePort(), await freePort());
    await sink.#child.line('READY');
    return sink;
  }

  get pid(): number {
    return this.#child.pid;
  }

  async read(): Promise<SinkReading> {
    const { t, targets } = JSON.parse(await this.#ask('stat')) as {
      t: number;
      targets: [boolean, number, number, number, string][];
    };
    return {
      atUs: t,
      targets: targets.map(([isOpen, bytes, requests, probe, name]) => ({ isOpen, bytes, requests, probe, name })),
    };
  }

  /** From now on what comes to the probes is kept. */
  async capture(): Promise<void> {
    await this.#ask('capture');
  }

  /** What has come to the probes since `capture`, in the order of its coming. */
  async captured(): Promise<Arrival[]> {
    const file = join(tmpdir(), `pushfleet-bench-${process.pid}-capture`);
    await this.#ask(`dump ${file}`);
    const bytes = await readFile(file);
    await rm(file);
    const arrivals: Arrival[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = bytes.readUInt32LE(at + 4);
      const end = at + 16 + length;
      const atUs = Number(bytes.readBigInt64LE(at + 8));
      arrivals.push({ probe: bytes.readUInt32LE(at), atUs, bytes: bytes.subarray(at + 16, end) });
      at = end;
    }
    return arrivals;
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }

  async #ask(command: string): Promise<string> {
    this.#child.assertRunning();
    const socket = connect(this.#controlPort, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(`${command}\n`);
    return text(socket);
  }
}
