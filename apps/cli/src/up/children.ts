import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError } from '../cli-error.ts';
import type { Interrupts } from '../context.ts';
import { count } from '../terminal/format.ts';
import { Child, type ChildEvents, type ChildSpec } from './child.ts';

/** How long the children may take to hand their pushes over. */
const DRAIN_MS = 15_000;

/** Child processes that are run and ended together. */
export class Children {
  readonly #children: Child[] = [];
  readonly #events: Omit<ChildEvents, 'onFailedStart'>;
  readonly #failedStart = Promise.withResolvers<CliError>();

  constructor(events: Omit<ChildEvents, 'onFailedStart'>) {
    this.#events = events;
  }

  start(spec: ChildSpec): void {
    const onFailedStart = (name: string, exitCode: number | null): void =>
      this.#failedStart.resolve(
        new CliError(exitCode === 2 ? 'usage' : 'failed', `${name} cannot start.`, {
          remedy: 'Its own words stand above.',
        }),
      );
    this.#children.push(new Child(spec, { ...this.#events, onFailedStart }));
  }

  /** Sends a message, and with it a connection, to the child of this name; false when that does not run now. */
  tell(name: string, message: object, socket?: Socket): boolean {
    return this.#find(name)?.tell(message, socket) ?? false;
  }

  /** How often the child of this name was started again. */
  restarts(name: string): number {
    return this.#find(name)?.restarts ?? 0;
  }

  /**
   * Runs until the user stops it; then every child gets SIGTERM and time to drain, and SIGKILL when that is not enough or the user insists.
   * Rejects with CliError when a child cannot start at all or did not end by itself.
   */
  async runUntilStopped(
    { stop, kill }: Interrupts,
    onStopping: (failure: CliError | undefined) => void,
  ): Promise<void> {
    const failure = await Promise.race([aborted(stop), this.#failedStart.promise]);
    onStopping(failure);
    await this.#end(kill);
    if (failure !== undefined) throw failure;
  }

  #find(name: string): Child | undefined {
    return this.#children.find((child) => child.name === name);
  }

  async #end(kill: AbortSignal): Promise<void> {
    const left = new Set(this.#children);
    const ends = this.#children.map(async (child) => {
      await child.stop();
      left.delete(child);
    });
    const patience = new AbortController();
    await Promise.race([Promise.all(ends), sleep(DRAIN_MS, undefined, { signal: patience.signal }), aborted(kill)]);
    patience.abort();
    if (left.size === 0) return;
    const names = [...left].map(({ name }) => name);
    for (const child of left) child.kill();
    await Promise.all(ends);
    const why = kill.aborted ? 'as you insisted' : `after ${DRAIN_MS / 1000} s`;
    throw new CliError('failed', `${count(names.length, 'process', 'processes')} killed ${why}: ${names.join(', ')}.`);
  }
}

async function aborted(signal: AbortSignal): Promise<undefined> {
  if (!signal.aborted) await once(signal, 'abort');
}
