import { Child } from './child.ts';
import type { Clip } from './clip.ts';
import { pathOf } from './programs.ts';

/** An encoder: publishes a clip over RTMP in real time, again and again. */
export class Source {
  readonly name: string;
  /** When the message with the timestamp 0 was sent, by the clock of the host. */
  readonly startedAtUs: number;
  readonly #child: Child;

  private constructor(name: string, child: Child, startedAtUs: number) {
    this.name = name;
    this.startedAtUs = startedAtUs;
    this.#child = child;
  }

  /**
   * Publishes to `rtmp://127.0.0.1:PORT/live/NAME`; resolves when the server has let it in. `phaseMs`: when its pictures come, within the 40 ms of one.
   */
  static async start(clip: Clip, port: number, name: string, phaseMs: number): Promise<Source> {
    const child = new Child(pathOf('rtmp_source'), [clip.file, `${port}`, 'live', name, `${phaseMs}`]);
    const line = await child.line('T0 ');
    return new Source(name, child, Number(line.slice(3)));
  }

  get pid(): number {
    return this.#child.pid;
  }

  assertRunning(): void {
    this.#child.assertRunning();
  }

  stop(): Promise<void> {
    return this.#child.stop();
  }
}
