import type { Context } from '../context.ts';
import { describePush, PushChanges } from '../push-table.ts';
import { Screen } from '../terminal/screen.ts';
import { printable, truncate } from '../terminal/width.ts';
import type { FleetState } from './fleet-state.ts';
import { addressLines, renderFleet } from './fleet-view.ts';

/** Shows a fleet to a person. */
export interface FleetOutput {
  /** Once a second, and whenever it pleases. */
  show(state: FleetState): void;
  /** A sentence that stays. */
  notice(text: string): void;
  close(): void;
}

/** A table redrawn in place on a terminal; elsewhere a line for each change. */
export function fleetOutput(context: Context): FleetOutput {
  return context.stdout.isTTY ? new LiveTable(context) : new ChangeLog(context);
}

const timeOfDay = (): string => new Date().toTimeString().slice(0, 8);

class LiveTable implements FleetOutput {
  readonly #screen: Screen;
  readonly #paint: Context['paint'];
  #size = '';

  constructor({ stdout, paint }: Context) {
    this.#screen = new Screen(stdout);
    this.#paint = paint;
  }

  show(state: FleetState): void {
    const { width, maxLines: height } = this.#screen;
    const size = `${width}x${height}`;
    if (this.#size !== '' && this.#size !== size) this.#screen.resized();
    this.#size = size;
    this.#screen.draw(renderFleet(state, { width, height, paint: this.#paint, nowMs: Date.now() }));
  }

  notice(text: string): void {
    this.#screen.print(`${this.#paint('dim', timeOfDay())} ${truncate(printable(text), 4 * this.#screen.width)}`);
  }

  close(): void {
    this.#screen.close();
  }
}

class ChangeLog implements FleetOutput {
  readonly #context: Context;
  readonly #changes = new PushChanges();
  readonly #arriving = new Set<string>();
  readonly #addresses = new Set<string>();
  #answering = true;

  constructor(context: Context) {
    this.#context = context;
  }

  show(state: FleetState): void {
    if (state.answered) this.#tellAddresses(addressLines(state));
    if (this.#answering !== state.answering && state.answered && state.phase === 'running') {
      this.notice(state.answering ? 'The scheduler answers again.' : 'The scheduler does not answer.');
    }
    this.#answering = state.answering || !state.answered;
    for (const push of this.#changes.update(state.pushes).changed) {
      const { text, style } = describePush(push, Date.now());
      this.#line(this.#context.paint(style, printable(text)));
    }
    for (const { name, bytes } of state.received ?? []) {
      if (bytes > 0 && !this.#arriving.has(name)) this.notice(`${name} arrives at the local receiver`);
      if (bytes > 0) this.#arriving.add(name);
    }
  }

  notice(text: string): void {
    this.#line(printable(text));
  }

  close(): void {}

  /** Those that are news: the scheduler may answer before a worker listens, and before it has read what streams there are. */
  #tellAddresses(lines: readonly string[]): void {
    for (const line of lines) {
      if (!this.#addresses.has(line)) this.#write(line);
      this.#addresses.add(line);
    }
  }

  #line(text: string): void {
    this.#write(`${timeOfDay()} ${text}`);
  }

  #write(text: string): void {
    this.#context.stdout.write(`${text}\n`);
  }
}
