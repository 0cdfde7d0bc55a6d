// Waiting for whatever comes first: the work, an abort, a timeout. Nothing stays behind.
import type { PublishError } from './errors.ts';

/** Resolves with 'aborted' when the signal is aborted. To be stopped, so that no listener stays. */
export function abortion(signal: AbortSignal): { promise: Promise<'aborted'>; stop: () => void } {
  const { promise, resolve } = Promise.withResolvers<'aborted'>();
  const onAbort = (): void => resolve('aborted');
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return { promise, stop: () => signal.removeEventListener('abort', onAbort) };
}

/** A signal that is aborted with `signal`, or with `error` after `timeoutMs`. To be stopped, so that no timer stays. */
export function withTimeout(
  signal: AbortSignal,
  timeoutMs: number,
  error: () => PublishError,
): { signal: AbortSignal; stop: () => void } {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(error()), timeoutMs);
  return { signal: AbortSignal.any([signal, timeout.signal]), stop: () => clearTimeout(timer) };
}
