import type { DesiredStream } from '@pushfleet/contract';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { PushProcessor } from '../queue/push-processor.ts';
import { StreamHubs } from '../source/stream-hubs.ts';
import type { StreamInputs } from '../source/stream-input.ts';
import type { DesiredReader } from './desired-reader.ts';
import { DesiredWatch } from './desired-watch.ts';

const LOOK_MS = 1_500;

describe('DesiredWatch', () => {
  const stream = { name: 'news', revision: 7 } as DesiredStream;
  const told: DesiredStream[] = [];
  const reader: Partial<DesiredReader> = {
    stream: async () => stream,
    streamRevisions: async (names) => names.map(() => stream.revision),
    pushRevisions: async () => [],
  };
  const processor = { holders: () => [].values() } as unknown as PushProcessor;
  let hubs: StreamHubs;
  let watch: DesiredWatch;
  beforeEach(() => {
    vi.useFakeTimers();
    told.length = 0;
    const inputs = () => ({
      reconsider: (wanted: DesiredStream) => told.push(wanted),
      tick: () => {},
      close: () => {},
    });
    hubs = new StreamHubs(() => inputs() as unknown as StreamInputs);
    watch = new DesiredWatch(reader as DesiredReader, processor, hubs, () => {});
    watch.start();
  });
  afterEach(() => {
    watch.stop();
    hubs.close();
    vi.useRealTimers();
  });

  it('tells the inputs of a stream once what is wanted', async () => {
    hubs.acquire('news');
    await vi.advanceTimersByTimeAsync(3 * LOOK_MS);
    expect(told).toEqual([stream]);
  });

  it('tells inputs that were opened again, which may have read what was wanted before', async () => {
    const lease = hubs.acquire('news');
    await vi.advanceTimersByTimeAsync(LOOK_MS);
    lease.release();
    hubs.acquire('news');
    await vi.advanceTimersByTimeAsync(LOOK_MS);
    expect(told).toEqual([stream, stream]);
  });
});
