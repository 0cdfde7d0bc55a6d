import { type DesiredStream, isEnabled } from '@pushfleet/contract';
import type { PushHolder } from '../push/push-holder.ts';
import type { PushProcessor } from '../queue/push-processor.ts';
import type { StreamHubs } from '../source/stream-hubs.ts';
import type { StreamInputs } from '../source/stream-input.ts';
import type { DesiredReader } from './desired-reader.ts';

/** Hints arrive in milliseconds; this is how long a lost one can go unnoticed. */
const EVERY_MS = 1_500;

/** Keeps the held pushes and the streams in use at what people want now. */
export class DesiredWatch {
  readonly #desired: DesiredReader;
  readonly #processor: PushProcessor;
  readonly #hubs: StreamHubs;
  readonly #streamChanged: (stream: DesiredStream) => void;
  /** What was told to the inputs of a stream; others of the same stream have read for themselves, and maybe from memory. */
  readonly #told = new WeakMap<StreamInputs, number>();
  #timer: NodeJS.Timeout | undefined;
  #looking = false;

  constructor(
    desired: DesiredReader,
    processor: PushProcessor,
    hubs: StreamHubs,
    streamChanged: (stream: DesiredStream) => void,
  ) {
    this.#desired = desired;
    this.#processor = processor;
    this.#hubs = hubs;
    this.#streamChanged = streamChanged;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#look(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** A hint: the desired state of this push may have changed. A push without holder here is none of this worker's business. */
  async look(pushId: string): Promise<void> {
    const holder = this.#processor.holder(pushId);
    if (holder !== undefined) await this.#apply(holder);
  }

  /** Never rejects, and while Redis is away one look waits for it, not one more every time. */
  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    await this.#lookAtStreams().catch(() => {});
    await this.#lookAtPushes().catch(() => {});
    this.#looking = false;
  }

  async #lookAtPushes(): Promise<void> {
    const holders = [...this.#processor.holders()];
    const revisions = await this.#desired.pushRevisions(holders.map(({ id }) => id));
    for (const [i, holder] of holders.entries()) {
      const revision = revisions[i];
      // Redis has lost its data: what was wanted before still is, until the scheduler has put it back.
      if (revision == null || holder.actsOn(revision)) continue;
      await this.#apply(holder);
    }
  }

  async #lookAtStreams(): Promise<void> {
    const names = this.#hubs.names;
    const revisions = await this.#desired.streamRevisions(names);
    for (const [i, name] of names.entries()) {
      const revision = revisions[i];
      const inputs = this.#hubs.inputs(name);
      if (revision == null || inputs === undefined || this.#told.get(inputs) === revision) continue;
      await this.#applyStream(name);
      this.#told.set(inputs, revision);
    }
  }

  /** A stream seen for the first time may have changed since its hub was opened; most of its pushes were just read with it. */
  async #applyStream(name: string): Promise<void> {
    const stream = await this.#desired.stream(name);
    if (stream === undefined) return;
    this.#streamChanged(stream);
    this.#hubs.inputs(name)?.reconsider(stream);
    for (const holder of this.#processor.holders()) {
      if (holder.push.stream === name && holder.streamRevision !== stream.revision) await this.#apply(holder);
    }
  }

  /** Never rejects: what one push is about must not keep the others from theirs. What fails is tried again with the next look. */
  async #apply(holder: PushHolder): Promise<void> {
    await this.#adopt(holder).catch(() => {});
  }

  async #adopt(holder: PushHolder): Promise<void> {
    const push = await this.#desired.push(holder.id);
    if (push === undefined) return;
    const stream = await this.#desired.stream(push.stream);
    if (stream === undefined && !push.removed) return;
    const isCurrent = holder.actsOn(push.revision) && holder.streamRevision === stream?.revision;
    if (isEnabled(push, stream) && isCurrent) return;
    await holder.desiredChanged(push, stream);
  }
}
