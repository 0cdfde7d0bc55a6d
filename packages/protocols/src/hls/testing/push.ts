// A publisher with a feed that a test fills by hand, segment by segment.

import { type DeliveryOptions, defaultDelivery } from '../../publisher/delivery.ts';
import type { BatchFeed, BatchSink, EndKind } from '../../publisher/publisher.ts';
import type { PushMemory } from '../../publisher/push-memory.ts';
import { dial } from '../../publisher/testing/dial.ts';
import { HlsPublisher } from '../publisher.ts';
import type { HlsSegment } from '../segmenter.ts';
import { parseHlsTarget } from '../target.ts';

/** The memory of one push, for all its attempts. */
export class TestMemory implements PushMemory {
  readonly id = 'push';
  newest = 0;
  state: string | undefined;

  async nextEpoch(): Promise<number> {
    this.newest += 1;
    return this.newest;
  }

  async load(): Promise<string | undefined> {
    return this.state;
  }

  async save(epoch: number, state: string): Promise<boolean> {
    if (epoch < this.newest) return false;
    this.state = state;
    return true;
  }
}

export interface TestPush {
  readonly publisher: HlsPublisher;
  /** How `send` settles: undefined, or what it rejects with. */
  readonly sent: Promise<unknown>;
  readonly stop: AbortController;
  write(segment: HlsSegment): void;
  end(kind: EndKind): void;
}

/** Durations of a tenth of what is usual, so that tests take no longer than they must. */
export const SEGMENT_MS = 600;

export function publisherFor(
  url: string,
  delivery: Partial<DeliveryOptions> = {},
  memory: PushMemory = new TestMemory(),
  connectTimeoutMs = 5000,
): HlsPublisher {
  const options = { ...defaultDelivery, segmentDurationMs: SEGMENT_MS, segmentCount: 3, ...delivery };
  return new HlsPublisher(parseHlsTarget(url, options), { dial, connectTimeoutMs, memory });
}

/** Connects and begins to send. Rejects as `connect` does. */
export async function startPush(
  url: string,
  delivery: Partial<DeliveryOptions> = {},
  memory: PushMemory = new TestMemory(),
): Promise<TestPush> {
  const publisher = publisherFor(url, delivery, memory);
  const stop = new AbortController();
  await publisher.connect(stop.signal);
  let sink: BatchSink | undefined;
  const feed: BatchFeed = {
    open: (opened) => {
      sink = opened;
    },
    close: () => {},
  };
  const sent = publisher.send(feed, stop.signal).catch((error: unknown) => error);
  return {
    publisher,
    sent,
    stop,
    write: (segment) => sink!.write(segment.bytes, segment),
    end: (kind) => sink!.end(kind),
  };
}

let startsAtMs = Date.UTC(2026, 10, 23);

/** The next segment of a stream without end. */
export function newSegment(overrides: Partial<HlsSegment> = {}): HlsSegment {
  const segment: HlsSegment = {
    bytes: Buffer.alloc(1000, 0x47),
    isSync: true,
    dtsMs: startsAtMs,
    videoSamples: 15,
    audioSamples: 28,
    durationMs: SEGMENT_MS,
    startsAtMs,
    isDiscontinuity: false,
    targetDurationS: 1,
    tracks: [],
    ...overrides,
  };
  startsAtMs = segment.startsAtMs + segment.durationMs;
  return segment;
}
