import type { WorkerView } from '@pushfleet/contract';
import { formatPlural } from '../format/bitrate.ts';

/** What draining a worker does to its pushes. */
export interface DrainForecast {
  /** Pushes that must go. */
  readonly moving: number;
  /** Workers of the same pool that take pushes now, and how many more they have room for. */
  readonly takers: number;
  readonly places: number;
}

export function drainForecast(worker: WorkerView, workers: readonly WorkerView[]): DrainForecast {
  const takers = workers.filter(
    ({ id, name, pool, state, full_cause }) =>
      id !== worker.id && name !== worker.name && pool === worker.pool && state === 'ready' && full_cause === null,
  );
  const places = takers.reduce((sum, { capacity, held }) => sum + Math.max(0, capacity - held), 0);
  return { moving: worker.held, takers: takers.length, places };
}

/** Pushes that nobody can take: they wait as queued. */
export const leftWaiting = ({ moving, places }: DrainForecast): number => Math.max(0, moving - places);

/** The forecast in a sentence. `pool`: of the worker. */
export function forecastText(forecast: DrainForecast, pool: string): string {
  const { moving, takers, places } = forecast;
  if (moving === 0) return 'It holds no push: nothing moves.';
  const pushes = formatPlural(moving, 'push', 'pushes');
  if (takers === 0) return `No other worker of pool '${pool}' takes pushes: ${pushes} would stop until one does.`;
  const room = `${formatPlural(places, 'free place', 'free places')} in pool '${pool}'`;
  const waiting = leftWaiting(forecast);
  if (waiting > 0) return `There are only ${room}: ${waiting} of ${pushes} would stop until there is more room.`;
  const others = formatPlural(takers, 'other worker', 'other workers');
  return `${pushes} ${moving === 1 ? 'moves' : 'move'} to ${others}; there are ${room}.`;
}
