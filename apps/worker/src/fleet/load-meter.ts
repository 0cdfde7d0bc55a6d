import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface LoadReading {
  /** CPU time of the process, all its threads together, in percent of one core. */
  readonly cpuPercent: number;
  /** How late the event loop comes to what is due, 98th percentile. */
  readonly loopDelayMs: number;
}

/** What lies between two looks counts as on time: the histogram holds whole intervals. Each look wakes the process. */
const RESOLUTION_MS = 50;
/** Of the hundred looks of five seconds the two latest do not count. */
const PERCENTILE = 98;

/** Measures what this process costs, from one reading to the next. */
export class LoadMeter {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #cpu = process.cpuUsage();
  #since = performance.now();

  /** From now on: what the start of the process has cost says nothing. */
  start(): void {
    this.#delay.enable();
    this.#cpu = process.cpuUsage();
    this.#since = performance.now();
  }

  /** Over the time since the last reading. */
  read(): LoadReading {
    const now = performance.now();
    const { user, system } = process.cpuUsage(this.#cpu);
    const cpuPercent = (user + system) / 10 / (now - this.#since);
    const loopDelayMs = this.#delay.count === 0 ? 0 : this.#delay.percentile(PERCENTILE) / 1e6 - RESOLUTION_MS;
    this.#cpu = process.cpuUsage();
    this.#since = now;
    this.#delay.reset();
    return { cpuPercent, loopDelayMs: Math.max(0, loopDelayMs) };
  }

  stop(): void {
    this.#delay.disable();
  }
}
