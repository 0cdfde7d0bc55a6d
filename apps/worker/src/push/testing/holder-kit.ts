import { once } from 'node:events';
import net from 'node:net';
import { resolvePushOptions } from '@pushfleet/config';
import type { DesiredPush, DesiredStream, PushJob } from '@pushfleet/contract';
import { pushJobId, pushJobOptions } from '@pushfleet/contract';
import {
  type Dial,
  type PublishAnswer,
  type PushMemory,
  type Sample,
  serveRtmpConnection,
  type Track,
} from '@pushfleet/protocols';
import type { Job } from 'bullmq';
import { pino } from 'pino';
import { vi } from 'vitest';
import { StreamHubs } from '../../source/stream-hubs.ts';
import type { StreamInputs } from '../../source/stream-input.ts';
import type { FactWriter } from '../../status/fact-writer.ts';
import { ConnectBudget, type PermitSource } from '../connect-budget.ts';
import type { HolderDeps } from '../push-holder.ts';

const accepted: PublishAnswer = { accept: true, sink: { message: () => {}, ended: () => {} } };
export const refused: PublishAnswer = { accept: false, code: 'NetStream.Publish.Denied', description: 'not you' };

/** An RTMP server that says who is connected, and that decides about publications as the test wants. */
export class RtmpTarget {
  decide: () => Promise<PublishAnswer> = async () => accepted;
  /** Called with the name of each stream that somebody asks to publish. */
  readonly asked = vi.fn();
  readonly #sockets = new Set<net.Socket>();
  readonly #server = net.createServer((socket) => {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    serveRtmpConnection(socket, {
      publish: async (request) => {
        this.asked(request.name);
        return this.decide();
      },
      play: async () => ({ accept: false, code: 'NetStream.Play.Failed', description: '' }),
    });
  });

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get url(): string {
    return `rtmp://127.0.0.1:${(this.#server.address() as net.AddressInfo).port}/live/cam`;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** Connects as the worker does, and shows every socket. */
export function openDial(): { dial: Dial; sockets: net.Socket[] } {
  const sockets: net.Socket[] = [];
  const dial: Dial = async ({ host, port, signal }) => {
    signal.throwIfAborted();
    const socket = net.connect(port, host);
    sockets.push(socket);
    await once(socket, 'connect', { signal });
    return { socket, peer: `${host}:${port}` };
  };
  return { dial, sockets };
}

const video: Track = {
  kind: 'video',
  codec: 'h264',
  timescale: 1000,
  config: Buffer.from('0142c01effe100046742c01e01000468ce3c80', 'hex'),
  bitrateBps: 0,
  width: 320,
  height: 180,
  frameRate: 25,
};

/** Streams that a test feeds by hand. */
export function openHubs() {
  const inputs = { reason: 'nobody publishes the stream', tick: () => {}, close: () => {} };
  const hubs = new StreamHubs(() => inputs as unknown as StreamInputs);
  /** Puts a picture into the stream; the stream is live from then on. */
  const show = (stream: string): void => {
    const lease = hubs.acquire(stream);
    const source = lease.hub.begin();
    source.tracks([video]);
    const sample: Sample = { track: video, dts: 0, pts: 0, isSync: true, data: Buffer.from([0, 0, 0, 2, 0x65, 0]) };
    source.sample(sample);
  };
  return { hubs, show };
}

export function pushOf(url: string, more: Partial<DesiredPush> = {}): DesiredPush {
  return {
    id: 'p1',
    stream: 'cam',
    url,
    options: {},
    origin: 'file',
    override: null,
    restarts: 0,
    error: null,
    removed: false,
    revision: 1,
    createdAt: '2026-01-01T00:00:00Z',
    ...more,
  };
}

export function streamOf(spec: DesiredStream['spec'] = {}, revision = 1): DesiredStream {
  return { name: 'cam', spec, origin: 'file', removed: false, revision, createdAt: '2026-01-01T00:00:00Z' };
}

/** Remembers nothing. */
const memory: PushMemory = { id: 'p1', nextEpoch: async () => 1, load: async () => undefined, save: async () => true };

/** As BullMQ hands it to the processor. */
export function jobOf(push: DesiredPush, more: Partial<Job<PushJob>> = {}) {
  const moveToWait = vi.fn(async () => 0);
  const job = {
    id: pushJobId(push.id),
    name: 'push',
    data: { v: 1, push: push.id, revision: push.revision },
    opts: pushJobOptions(push.id, resolvePushOptions(push.options)),
    attemptsMade: 0,
    stalledCounter: 0,
    moveToWait,
    ...more,
  } as unknown as Job<PushJob>;
  return { job, moveToWait };
}

/** A fleet that allows everything and learns nothing. */
export const freely: PermitSource = {
  ask: async (_host, wanted) => ({ permits: wanted, againInMs: 0, suspect: false, down: undefined }),
  failed: () => {},
  reached: () => {},
};

/** What a holder needs besides a target and a stream. */
export function holderDeps(hubs: StreamHubs, dial: Dial) {
  const facts = { event: vi.fn(), journal: vi.fn(), correctJournal: vi.fn(), failure: vi.fn(), counters: vi.fn() };
  const deps = {
    hubs,
    attemptDeps: () => ({ dial, budget: new ConnectBudget(50, freely), memory }),
    facts: facts as unknown as FactWriter,
    workerName: 'w1',
    log: pino({ level: 'silent' }),
    changed: vi.fn(),
    canFail: vi.fn(async () => true),
    giveBudgetBack: vi.fn(async () => {}),
    adopt: vi.fn(async () => {}),
  } satisfies HolderDeps;
  return { deps, facts };
}
