import type { PublishErrorCode } from '@pushfleet/protocols';
import type { HostScripts, Permits } from '../fleet/host-scripts.ts';
import { inTime } from '../fleet/within.ts';
import type { PermitSource } from './connect-budget.ts';

/** Redis answers in milliseconds or not at all. */
const PATIENCE_MS = 500;
/** Failures that come together are told together. */
const GATHER_MS = 20;

export interface HostPermitsDeps {
  readonly scripts: HostScripts;
  /** Nobody asks a Redis that is known to be away, or tells it what will be old when it is back. */
  readonly redisAnswers: () => boolean;
  /** Each is called by one worker of the fleet only. `downMs`: for how long it was. */
  readonly wentDown: (host: string, code: PublishErrorCode) => void;
  readonly cameUp: (host: string, downMs: number) => void;
}

/** Permits from Redis. While that is away everything is granted: then the worker's own budget has to do. */
export class HostPermits implements PermitSource {
  readonly #deps: HostPermitsDeps;
  readonly #failed = new Map<string, { readonly code: PublishErrorCode; readonly pushes: Set<string> }>();
  #asked = 0;

  constructor(deps: HostPermitsDeps) {
    this.#deps = deps;
  }

  /** How often Redis was asked. */
  get asked(): number {
    return this.#asked;
  }

  async ask(host: string, wanted: number, believes: boolean): Promise<Permits> {
    const everything = { permits: wanted, againInMs: 0, suspect: false, down: undefined };
    if (!this.#deps.redisAnswers()) return everything;
    this.#asked++;
    return inTime(PATIENCE_MS, this.#deps.scripts.permit(host, wanted, believes)).catch(() => everything);
  }

  failed(host: string, push: string, code: PublishErrorCode): void {
    const gathered = this.#failed.get(host);
    if (gathered === undefined) setTimeout(() => void this.#tell(host).catch(() => {}), GATHER_MS).unref();
    this.#failed.set(host, { code, pushes: (gathered?.pushes ?? new Set()).add(push) });
  }

  reached(host: string): void {
    this.#hear(host).catch(() => {}); // the next one who reaches it says so again
  }

  async #tell(host: string): Promise<void> {
    const gathered = this.#failed.get(host);
    this.#failed.delete(host);
    if (gathered === undefined || !this.#deps.redisAnswers()) return;
    const { code, pushes } = gathered;
    if (await this.#deps.scripts.failed(host, code, pushes)) this.#deps.wentDown(host, code);
  }

  async #hear(host: string): Promise<void> {
    this.#failed.delete(host); // they came before
    if (!this.#deps.redisAnswers()) return;
    const downMs = await this.#deps.scripts.reached(host);
    if (downMs !== undefined) this.#deps.cameUp(host, downMs);
  }
}
