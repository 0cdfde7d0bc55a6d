import type { FleetEvent } from '@pushfleet/contract';
import type { Logger } from 'pino';
import type { Death } from '../fleet/heartbeat.ts';
import { DOWN_AFTER_PUSHES } from '../fleet/host-scripts.ts';
import type { Fullness } from '../fleet/intake.ts';
import type { InputSwitch } from '../source/stream-input.ts';
import type { FactWriter } from './fact-writer.ts';

/** Tells what becomes of a worker and what it finds out: in its log, and as events of the fleet. */
export class Announcer {
  readonly #log: Logger;
  readonly #facts: FactWriter;
  readonly #worker: string;

  constructor(log: Logger, facts: FactWriter, worker: string) {
    this.#log = log;
    this.#facts = facts;
    this.#worker = worker;
  }

  started(at: string, particulars: object): void {
    this.#facts.event({ event: 'worker_started', at, worker: this.#worker });
    this.#log.info({ worker: this.#worker, ...particulars }, 'worker_started');
  }

  draining(held: number): void {
    this.#log.info({ worker: this.#worker, held }, 'worker_draining');
    this.#event('worker_draining', {});
  }

  /** For the fleet; the log ends when everything has. */
  stopping(): void {
    this.#event('worker_stopped', {});
  }

  stopped(): void {
    this.#log.info({ worker: this.#worker }, 'worker_stopped');
  }

  fenced(silentMs: number, held: number): void {
    this.#log.error({ silentMs: Math.round(silentMs), held }, 'worker_fenced');
    this.#event('worker_fenced', {});
  }

  /** It stood still so long that others may have taken its pushes over, and asks them. */
  stoodStill(held: number): void {
    this.#log.warn({ held }, 'worker_stood_still');
  }

  /** Another worker is dead. */
  lost({ workerId, worker, why, jobs }: Death): void {
    const name = worker?.name ?? workerId;
    this.#log.warn({ worker: name, why, jobs }, 'worker_lost');
    this.#event('worker_lost', { worker: name, message: `${why}: its ${jobs} pushes are taken over` });
  }

  /** The worker has become full, and why, or takes pushes again. */
  fullness({ fullCause, full }: Fullness, held: number): void {
    const event = fullCause === null ? 'worker_taking' : 'worker_full';
    this.#log[fullCause === null ? 'info' : 'warn']({ worker: this.#worker, held, full }, event);
    this.#event(event, { message: full });
  }

  inputSwitched(change: InputSwitch): void {
    this.#log.info(change, 'stream_input');
    this.#event('stream_input', change);
  }

  hostDown(host: string, cause: string): void {
    this.#log.warn({ host, cause }, 'target_down');
    this.#event('target_down', { host, cause, message: `${DOWN_AFTER_PUSHES} pushes in a row could not reach it` });
  }

  hostUp(host: string, downMs: number): void {
    this.#log.info({ host, downMs }, 'target_up');
    this.#event('target_up', { host, message: `it was down for ${Math.round(downMs / 1_000)} s` });
  }

  #event(event: FleetEvent['event'], more: Partial<FleetEvent>): void {
    this.#facts.event({ event, at: new Date().toISOString(), worker: this.#worker, ...more });
  }
}
