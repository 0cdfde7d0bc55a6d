import type { WorkerView } from '@pushfleet/contract';
import { describe, expect, it } from 'vitest';
import { drainForecast, forecastText, leftWaiting } from './drain-forecast.ts';

const worker = (name: string, fields: Partial<WorkerView> = {}): WorkerView => ({
  id: `id-${name}`,
  name,
  pool: 'default',
  state: 'ready',
  drain: null,
  capacity: 100,
  held: 0,
  full: '',
  full_cause: null,
  labels: {},
  publications: 0,
  rtmp: '',
  http: '',
  version: '0.1.0',
  started_at: '2026-11-29T20:00:00Z',
  egress_bps: 0,
  cpu_percent: 0,
  event_loop_delay_ms: 0,
  beat_age_ms: 0,
  ...fields,
});

describe('draining a worker', () => {
  const leaving = worker('a', { held: 12 });

  it('moves its pushes to those of its pool that take some', () => {
    const others = [
      leaving,
      worker('b', { held: 40 }),
      worker('c', { held: 90 }),
      worker('gpu', { pool: 'gpu' }),
      worker('out', { state: 'draining' }),
      worker('gone', { state: 'lost' }),
      worker('busy', { full_cause: 'cpu', full: 'CPU' }),
    ];
    const forecast = drainForecast(leaving, others);
    expect(forecast).toEqual({ moving: 12, takers: 2, places: 70 });
    expect(leftWaiting(forecast)).toBe(0);
    expect(forecastText(forecast, 'default')).toBe(
      "12 pushes move to 2 other workers; there are 70 free places in pool 'default'.",
    );
  });

  it('says how many pushes have no place', () => {
    const forecast = drainForecast(leaving, [leaving, worker('b', { held: 95 })]);
    expect(leftWaiting(forecast)).toBe(7);
    expect(forecastText(forecast, 'default')).toMatch(/only 5 free places.*: 7 of 12 pushes would stop/);
  });

  it('says that nobody else is there', () => {
    const forecast = drainForecast(leaving, [leaving]);
    expect(leftWaiting(forecast)).toBe(12);
    expect(forecastText(forecast, 'default')).toMatch(/No other worker of pool 'default' takes pushes: 12 pushes/);
  });

  it('does not count another process of the same name, which is drained with it', () => {
    const twin = worker('a', { id: 'id-twin' });
    expect(drainForecast(leaving, [leaving, twin]).takers).toBe(0);
  });

  it('moves nothing when it is empty', () => {
    expect(forecastText(drainForecast(worker('a'), []), 'default')).toBe('It holds no push: nothing moves.');
  });
});
