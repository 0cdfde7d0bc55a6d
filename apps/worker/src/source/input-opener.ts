import { type Dial, PublishError, TargetUrlError } from '@pushfleet/protocols';
import type { Trust } from '../net/address-policy.ts';
import { pathOfFileUrl, playFile } from './file-source.ts';
import type { LiveRegistry } from './live-registry.ts';
import { pullFor } from './pulls.ts';
import type { SourceEvents } from './source-events.ts';

/** A source that can be played now. */
export interface Opening {
  /** In words for people, as the subject of a sentence. */
  readonly what: string;
  /** Plays until the source ends; then it resolves. Rejects with PublishError, or with the reason of the signal. */
  run(source: SourceEvents, signal: AbortSignal): Promise<void>;
  /** Would the input still be read from there? */
  isCurrent(): Promise<boolean>;
}

export type OpenInput = () => Promise<Opening>;

/** There is nothing to open just now, and nobody's fault. The message says why. */
export class InputIdleError extends Error {
  override readonly name = 'InputIdleError';
}

export interface InputOpenerDeps {
  readonly live: Pick<LiveRegistry, 'find'>;
  readonly dial: (trust: Trust) => Dial;
  /** URL by which this worker pulls a stream from another one. */
  readonly pullUrl: (rtmp: string, stream: string) => string;
}

/** From an input to a source that can be played. */
export interface InputOpener {
  /** The stream as somebody publishes it to another worker. */
  published(stream: string): OpenInput;
  /** A file, or a stream of another server. `trust`: what the owner of the input may reach. */
  url(url: string, trust: Trust): OpenInput;
}

export class SourceOpener implements InputOpener {
  readonly #deps: InputOpenerDeps;

  constructor(deps: InputOpenerDeps) {
    this.#deps = deps;
  }

  published(stream: string): OpenInput {
    return async () => {
      const entry = await this.#deps.live.find(stream).catch(() => undefined);
      if (entry === undefined) throw new InputIdleError('nobody publishes the stream');
      const url = this.#deps.pullUrl(entry.rtmp, stream);
      const isCurrent = async () => (await this.#deps.live.find(stream))?.token === entry.token;
      return { what: `the stream of worker ${entry.workerName}`, run: this.#pull(url, 'operator'), isCurrent };
    };
  }

  url(url: string, trust: Trust): OpenInput {
    const isFile = /^file:/i.test(url);
    const opening: Opening = {
      what: isFile ? 'the input file' : 'the input',
      run: isFile ? async (source, signal) => playFile(pathOfFileUrl(url), source, signal) : this.#pull(url, trust),
      isCurrent: async () => true,
    };
    return async () => opening;
  }

  #pull(url: string, trust: Trust): Opening['run'] {
    return async (source, signal) => {
      const pull = pullFor(url);
      if (pull === undefined) {
        const scheme = url.split(':', 1)[0];
        throw new PublishError('scheme_unsupported', `inputs of the kind ${scheme}:// are not supported`);
      }
      try {
        await pull({ url, dial: this.#deps.dial(trust), source, signal });
      } catch (error) {
        throw error instanceof TargetUrlError ? new PublishError('url_invalid', error.message) : error;
      }
    };
  }
}
