import type { Logger } from 'pino';
import type { ParentChannel } from '../control/parent-channel.ts';
import type { PushProcessor } from '../queue/push-processor.ts';
import type { PushQueueWorker } from '../queue/push-queue-worker.ts';
import type { Announcer } from '../status/announcer.ts';
import { within } from './within.ts';

/** How long a Redis that is away holds the draining up. */
const TELL_MS = 1_000;
/** The other workers raise their share within this time, so that drained pushes find room at once. */
const RAISE_MS = 60;

export interface DrainingDeps {
  readonly queue: PushQueueWorker;
  readonly processor: PushProcessor;
  readonly parent: ParentChannel | undefined;
  readonly announcer: Announcer;
  readonly log: Logger;
  /** Closes connections that could bring a next request here. */
  readonly closeIdle: () => void;
  /** Says to the fleet how this worker is now. */
  readonly beat: () => Promise<void>;
  /** Asks the others to do the same. */
  readonly callOthers: () => Promise<void>;
}

/** Lets a worker take nothing more and hand over what it holds, because people want it so or because it stops; and back again. */
export class Draining {
  readonly #deps: DrainingDeps;
  /** Somebody wants this worker to hold nothing. */
  #isWished = false;
  #isOn = false;
  /** The worker stops: there is no way back. */
  #isLast = false;

  constructor(deps: DrainingDeps) {
    this.#deps = deps;
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** What people want, as of the last beat; undefined when it does not say. */
  wish(isDrained = this.#isWished): void {
    if (isDrained === this.#isWished) return;
    this.#isWished = isDrained;
    (isDrained ? this.#begin() : this.#undo()).catch((err: Error) =>
      this.#deps.log.error({ err, isDrained }, 'draining failed'),
    );
  }

  /** For good. Resolves when every holder has been told to go. */
  async last(): Promise<void> {
    this.#isLast = true;
    await this.#begin();
  }

  async #begin(): Promise<void> {
    if (this.#isOn) return;
    this.#isOn = true;
    const { parent, announcer, processor, queue, closeIdle, beat, callOthers } = this.#deps;
    parent?.tellDraining(true);
    closeIdle();
    announcer.draining(processor.size);
    await queue.pause(true);
    await within(TELL_MS, beat().then(callOthers));
    await new Promise((resolve) => setTimeout(resolve, RAISE_MS));
    if (this.#isOn) processor.drain();
  }

  async #undo(): Promise<void> {
    if (this.#isLast) return;
    this.#isOn = false;
    const { parent, processor, queue, beat } = this.#deps;
    parent?.tellDraining(false);
    processor.undrain();
    await queue.resume();
    await beat();
  }
}
