import { redactText } from '@pushfleet/config';
import type { DesiredStream } from '@pushfleet/contract';
import { toPublishError } from '@pushfleet/contract';
import type { Logger } from 'pino';
import { pathOfFileUrl, playFile } from './file-source.ts';
import type { LiveRegistry } from './live-registry.ts';
import { pullRtmp, type RtmpPullDeps } from './rtmp-pull.ts';
import type { StreamHub } from './stream-hub.ts';

export interface StreamInputDeps extends RtmpPullDeps {
  readonly stream: (name: string) => Promise<DesiredStream | undefined>;
  readonly live: LiveRegistry;
  readonly log: Logger;
}

/** Pause between two tries to open an input. */
const RETRY_MS = 1_000;

/** Something that can feed the hub now. */
interface Opening {
  readonly what: string;
  run(source: ReturnType<StreamHub['begin']>, signal: AbortSignal): Promise<void>;
}

/**
 * The inputs of one stream in this process. A publisher of this very worker feeds the hub directly; otherwise the first input that works
 * does, tried again for as long as someone uses the stream.
 */
export class StreamInputs {
  reason = 'the stream has no source yet';
  readonly #hub: StreamHub;
  readonly #deps: StreamInputDeps;
  readonly #closed = new AbortController();
  #wake: () => void = () => {};
  /** Aborted when what is being chosen, or feeds the hub, shall not do so any more. */
  #current = new AbortController();
  /** The publication on this worker that feeds the hub. */
  #published: object | undefined;
  #turn = 0;
  /** The settings that the last choice was made from. */
  #chosenFrom: string | undefined;

  constructor(hub: StreamHub, deps: StreamInputDeps) {
    this.#hub = hub;
    this.#deps = deps;
    void this.#run();
  }

  /** A publisher on this worker takes the stream: whatever fed it before stops. */
  publish(): ReturnType<StreamHub['begin']> {
    const source = this.#hub.begin();
    this.#published = source;
    this.#current.abort();
    return {
      ...source,
      end: () => {
        source.end();
        if (this.#published !== source) return; // a newer publication has taken over
        this.#published = undefined;
        this.reason = 'the publisher has left';
        this.#wake();
      },
    };
  }

  get published(): boolean {
    return this.#published !== undefined;
  }

  /** Looks for a source now instead of after the pause. */
  refresh(): void {
    this.#wake();
  }

  /** The stream as it is wanted now: what feeds the hub is chosen anew if that concerns its inputs. */
  reconsider(stream: DesiredStream): void {
    if (this.#chosenFrom === undefined || this.#chosenFrom === settingsOf(stream)) return;
    this.#turn = 0;
    this.#current.abort();
    this.#wake();
  }

  close(): void {
    this.#closed.abort();
    this.#current.abort();
    this.#wake();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      this.#current = new AbortController();
      const current = this.#current.signal;
      const opening = this.published
        ? undefined
        : await this.#choose().catch(() => this.#none('the settings of the stream cannot be read'));
      // A publisher may have come, or the settings have changed, while the choice was made.
      if (opening !== undefined && !current.aborted) await this.#feed(opening, current);
      if (!current.aborted || this.published) await this.#pause();
    }
  }

  async #feed(opening: Opening, signal: AbortSignal): Promise<void> {
    const source = this.#hub.begin();
    try {
      await opening.run(source, signal);
      this.reason = `${opening.what} has ended`;
    } catch (error) {
      if (signal.aborted) return;
      this.reason = `${opening.what}: ${redactText(toPublishError(error).message)}`;
      this.#deps.log.warn({ stream: this.#hub.name, reason: this.reason }, 'input failed');
      this.#turn++;
    } finally {
      source.end();
    }
  }

  /** The input whose turn it is, if it can feed the hub now. */
  async #choose(): Promise<Opening | undefined> {
    const { name } = this.#hub;
    const stream = await this.#deps.stream(name).catch(() => undefined);
    this.#chosenFrom = settingsOf(stream);
    if (stream === undefined || stream.removed) return this.#none('the stream does not exist');
    if (stream.spec.disabled === true) return this.#none('the stream is disabled');
    const inputs = stream.spec.inputs ?? [];
    const url = inputs[this.#turn % Math.max(inputs.length, 1)];
    if (url === undefined) return this.#none('the stream has no input');
    if (url.startsWith('publish:')) return this.#publishedElsewhere(name);
    if (url.startsWith('file:')) {
      return { what: 'the input file', run: (source, signal) => playFile(pathOfFileUrl(url), source, signal) };
    }
    if (/^rtmps?:/.test(url)) {
      const trust = stream.origin === 'file' ? 'operator' : 'public';
      return {
        what: 'the input',
        run: (source, signal) => pullRtmp(url, trust, this.#hub, source, this.#deps, signal),
      };
    }
    this.#turn++;
    return this.#none(`inputs of the kind ${url.split(':', 1)[0]}:// are not supported`);
  }

  async #publishedElsewhere(name: string): Promise<Opening | undefined> {
    const entry = await this.#deps.live.find(name).catch(() => undefined);
    if (entry === undefined) {
      this.#turn++;
      return this.#none('nobody publishes the stream');
    }
    const url = this.#deps.pullUrl(entry.rtmp, name);
    return {
      what: `the stream of worker ${entry.workerName}`,
      run: (source, signal) => pullRtmp(url, 'operator', this.#hub, source, this.#deps, signal),
    };
  }

  #none(reason: string): undefined {
    this.reason = reason;
    return undefined;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, RETRY_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** What of a stream decides where it comes from. */
function settingsOf(stream: DesiredStream | undefined): string {
  return JSON.stringify([stream?.removed, stream?.spec.disabled, stream?.spec.inputs, stream?.origin]);
}
