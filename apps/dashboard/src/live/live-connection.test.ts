import type { FleetSummary } from '@pushfleet/contract/live';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LiveConnection } from './live-connection.ts';
import { LiveStore } from './live-store.ts';

/** The browser's side of the line, played by the test. */
class FakeSource {
  static opened: FakeSource[] = [];
  readonly #listeners = new Map<string, (event: unknown) => void>();
  isClosed = false;
  readonly url: string;
  constructor(url: string) {
    this.url = url;
    FakeSource.opened.push(this);
  }
  addEventListener(kind: string, listener: (event: unknown) => void): void {
    this.#listeners.set(kind, listener);
  }
  close(): void {
    this.isClosed = true;
  }
  emit(kind: string, data: unknown, lastEventId = ''): void {
    this.#listeners.get(kind)?.({ data: JSON.stringify(data), lastEventId });
  }
}

const fleet = (egress_bps: number) => ({ at: '2026-11-29T20:00:00Z', egress_bps }) as FleetSummary;
let frames: (() => void)[];
let store: LiveStore;
let line: LiveConnection;
let isLoginNeeded: boolean;
const current = () => FakeSource.opened.at(-1)!;
const drawFrame = () => {
  for (const frame of frames.splice(0)) frame();
};

beforeEach(() => {
  vi.useFakeTimers();
  FakeSource.opened = [];
  frames = [];
  isLoginNeeded = false;
  vi.stubGlobal('EventSource', FakeSource);
  vi.stubGlobal('requestAnimationFrame', (frame: () => void) => frames.push(frame));
  vi.stubGlobal('cancelAnimationFrame', () => {});
  store = new LiveStore();
  line = new LiveConnection({ store, isLoginNeeded: async () => isLoginNeeded });
  line.open();
});
afterEach(() => {
  line.close();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('the live line', () => {
  it('takes all messages of a frame in at once', () => {
    const told = vi.fn();
    store.topics.subscribe('fleet', told);
    current().emit('fleet', fleet(1));
    current().emit('fleet', fleet(2));
    expect(store.fleet).toBeUndefined();
    drawFrame();
    expect(store.fleet?.egress_bps).toBe(2);
    expect(told).toHaveBeenCalledOnce();
    expect(store.connection).toEqual({ state: 'live' });
  });

  it('takes them in where no frame is drawn, as in a hidden tab', () => {
    current().emit('fleet', fleet(1));
    vi.advanceTimersByTime(1_000);
    expect(store.fleet?.egress_bps).toBe(1);
  });

  it('goes on after the last message when the line breaks', async () => {
    current().emit('fleet', fleet(1), '17-0~a.4');
    drawFrame();
    const first = current();
    first.emit('error', null);
    await vi.advanceTimersByTimeAsync(0);
    expect(store.connection.state).toBe('offline');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(first.isClosed).toBe(true);
    expect(current().url).toBe('/api/v1/events?live=1&since=17-0~a.4');
    current().emit('fleet', fleet(2));
    drawFrame();
    expect(store.connection.state).toBe('live');
  });

  it('takes a line that has fallen silent for broken', async () => {
    current().emit('fleet', fleet(1));
    drawFrame();
    await vi.advanceTimersByTimeAsync(4_900);
    expect(store.connection.state).toBe('live');
    await vi.advanceTimersByTimeAsync(200);
    expect(store.connection.state).toBe('offline');
  });

  it('does not come back by itself where a login is needed', async () => {
    isLoginNeeded = true;
    current().emit('error', null);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(store.connection.state).toBe('refused');
    expect(FakeSource.opened).toHaveLength(1);
  });
});
