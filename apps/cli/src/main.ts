import { text } from 'node:stream/consumers';
import manifest from '../package.json' with { type: 'json' };
import type { Context, Interrupts } from './context.ts';
import { run } from './program.ts';
import { paintFor } from './terminal/style.ts';

// The only file that sees `process`.

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** npm passes on a Ctrl-C that the terminal has sent us already: what comes so soon is the same one. */
const SAME_SIGNAL_MS = 500;
const LOOK_AT_SIZE_MS = 1000;

const context: Context = {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  paint: paintFor(process.stdout),
  interrupts: takeSignals,
  readInput: () => text(process.stdin),
};

/**
 * The first signal asks for the end, any further one insists on it. A parent with a channel to us (bin/pushfleet.mjs) that is gone,
 * perhaps by SIGKILL, asks as well.
 */
function takeSignals(): Interrupts {
  const [stop, kill] = [new AbortController(), new AbortController()];
  let firstAt = 0;
  const onSignal = (): void => {
    if (!stop.signal.aborted) firstAt = performance.now();
    else if (performance.now() - firstAt > SAME_SIGNAL_MS) kill.abort();
    stop.abort();
  };
  for (const signal of STOP_SIGNALS) process.on(signal, onSignal);
  if (process.connected) {
    process.once('disconnect', () => stop.abort());
    process.channel?.unref();
  }
  return { stop: stop.signal, kill: kill.signal };
}

/** `pushfleet ls | head`: a reader who has had enough is no error. */
function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}

/** `npm start` runs us in a session of our own, where the terminal does not tell us of a new size: this makes Node look. */
function watchSize(): void {
  setInterval(() => process.emit('SIGWINCH', 'SIGWINCH'), LOOK_AT_SIZE_MS).unref();
}

endWithReader();
if (process.stdout.isTTY) watchSize();
const exitCode = await run(process.argv.slice(2), context, manifest.version);
// A worker or scheduler in this process goes on and sets its own.
if (exitCode !== 0) process.exitCode = exitCode;
