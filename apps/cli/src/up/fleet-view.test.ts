import { describe, expect, it } from 'vitest';
import { noPaint } from '../terminal/style.ts';
import { displayWidth } from '../terminal/width.ts';
import { pushView, streamView, workerView } from '../testing/views.ts';
import type { FleetState } from './fleet-state.ts';
import { renderFleet } from './fleet-view.ts';

const nowMs = Date.parse('2026-01-01T00:10:00Z');

const state = (change: Partial<FleetState> = {}): FleetState => ({
  api: 'http://127.0.0.1:8080',
  answering: true,
  answered: true,
  phase: 'running',
  rtmp: '127.0.0.1:1935',
  http: '127.0.0.1:8081',
  workers: [workerView()],
  streams: [streamView(), streamView({ name: 'studio', inputs: ['publish://'], status: 'waiting' })],
  pushes: [
    pushView({ id: 'p-1' }),
    pushView({ id: 'p-2', status: 'disabled', bitrate_bps: 0, bytes: 0, connected_at: null, worker: null }),
    pushView({
      id: 'p-3',
      status: 'retry',
      failures_in_a_row: 2,
      retry_limit: 3,
      next_retry_at: '2026-01-01T00:10:04Z',
      reason: 'The target refused the TCP connection.',
    }),
  ],
  more: false,
  received: undefined,
  ...change,
});

const render = (of: FleetState, width = 160, height = 50): string[] =>
  renderFleet(of, { width, height, paint: noPaint, nowMs });

describe('renderFleet', () => {
  it('shows addresses, workers, streams and pushes', () => {
    const text = render(state()).join('\n');
    expect(text).toContain('Pushfleet  1 worker, 3 pushes: 1 running, 1 retry, 1 disabled');
    expect(text).toMatch(/Dashboard +http:\/\/127.0.0.1:8080\/\n/);
    expect(text).toMatch(/Bull Board +http:\/\/127.0.0.1:8080\/queues\n/);
    expect(text).toMatch(/worker-1 +default +ready +3\/1000/);
    expect(text).toMatch(/studio +waiting +publish:\/\//);
    expect(text).toMatch(/p-3 .* retry .* 2\/3 +in 4 s +worker-1 +The target refused the TCP connection\./);
  });

  it('tells how to publish the stream that waits for it', () => {
    const text = render(state()).join('\n');
    expect(text).toContain("-f flv 'rtmp://127.0.0.1:1935/studio'");
    expect(text).toContain('server rtmp://127.0.0.1:1935/live, stream key studio');
    expect(text).toContain('http://127.0.0.1:8081/studio/mpegts');
    expect(text).toContain('http://127.0.0.1:8081/studio/m4s');
  });

  it('prefers a stream whose publisher can see something leave', () => {
    const inputs = ['publish://'];
    const streams = [
      streamView({ name: 'relay', inputs }),
      streamView({ name: 'studio', inputs, pushes: [pushView()] }),
    ];
    expect(render(state({ streams })).join('\n')).toContain('stream key studio');
  });

  it('tells how to reach an API at an unusual address', () => {
    expect(render(state({ api: 'http://127.0.0.1:4711' })).join('\n')).toContain(
      'PUSHFLEET_URL=http://127.0.0.1:4711 pushfleet ls',
    );
    expect(render(state()).join('\n')).not.toContain('PUSHFLEET_URL');
  });

  it('says nothing of an ingest that is off', () => {
    expect(render(state({ rtmp: '', http: '' })).join('\n')).not.toContain('ingest');
  });

  it('keeps what it knew while the scheduler is away', () => {
    const lines = render(state({ answering: false }));
    expect(lines[0]).toBe('Pushfleet  the scheduler does not answer; showing what it said last');
    expect(lines.join('\n')).toContain('p-1');
  });

  it('shows what the local receiver gets', () => {
    const received = [{ name: 'demo', bytes: 1_000_000, bitrateBps: 500_000 }];
    expect(render(state({ received })).at(-3)).toMatch(/Received +demo 1.00 MB at 500 kb\/s/);
  });

  it.each([
    [160, 50],
    [100, 30],
    [80, 24],
    [60, 15],
    [40, 10],
  ])('fits a terminal of %i x %i, with a push in it', (width, height) => {
    const lines = render(state({ received: [] }), width, height);
    expect(lines.length).toBeLessThanOrEqual(height);
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
    if (width >= 80) expect(lines.join('\n')).toContain('running');
  });

  it('shows those in trouble first when not all fit', () => {
    const pushes = Array.from({ length: 100 }, (_, i) =>
      pushView({ id: `p-${i}`, status: i === 99 ? 'error' : 'running' }),
    );
    const lines = render(state({ pushes, more: true }), 160, 40);
    expect(lines).toHaveLength(40);
    expect(lines.find((line) => line.includes('p-'))).toMatch(/p-99 .* error/);
    expect(lines.join('\n')).toContain('and more: pushfleet ls');
  });
});
