import type { StreamSpec } from '@pushfleet/config';
import type { DesiredStream, FleetEvent } from '@pushfleet/contract';
import type { EventLog } from '../events/event-log.ts';
import type { DesiredCache } from '../push/desired-cache.ts';
import { specOf } from '../push/push-diff.ts';
import type { PushIndex } from '../push/push-index.ts';
import type { Change } from '../push/push-store.ts';
import { retryConflicts } from '../push/retry-conflicts.ts';
import { changeEvent, pushEvent } from '../stream/stream-service.ts';
import { diffDocument } from './document-diff.ts';

/** How many objects a document has changed. */
export interface Applied {
  readonly streams: number;
  readonly pushes: number;
}

/** The objects that belong to the configuration: what they are, and how a new text changes them. */
export class ConfigService {
  readonly #cache: DesiredCache;
  readonly #index: PushIndex;
  readonly #events: EventLog;

  constructor(cache: DesiredCache, index: PushIndex, events: EventLog) {
    this.#cache = cache;
    this.#index = index;
    this.#events = events;
  }

  /** The configuration as it holds now. It has every secret in clear. */
  specs(): StreamSpec[] {
    const streams = this.#cache.streams.values().filter(({ origin, removed }) => origin === 'file' && !removed);
    const specs = streams.map(({ name, spec }) => {
      const pushes = this.#index.ofStream(name).filter(({ origin }) => origin === 'file');
      return { name, ...spec, pushes: pushes.map(specOf) };
    });
    return [...specs].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Makes the configuration equal to these streams; what does not differ is not touched. `by`: who wants it. */
  async apply(specs: readonly StreamSpec[], by: string): Promise<Applied> {
    const applied = { streams: 0, pushes: 0 };
    await retryConflicts(async () => {
      const { streams, pushes } = diffDocument(specs, this.#cache, new Date().toISOString());
      const savedStreams = await this.#cache.saveStreams(streams);
      const savedPushes = await this.#cache.savePushes(pushes);
      applied.streams += savedStreams.filter((stream) => stream !== undefined).length;
      applied.pushes += savedPushes.filter((push) => push !== undefined).length;
      await this.#events.append([
        ...savedStreams.flatMap((stream, i) => (stream === undefined ? [] : streamEvent(streams[i]!, by))),
        ...savedPushes.flatMap((push, i) =>
          push === undefined ? [] : pushEvent(changeEvent(pushes[i]!), push, { by }),
        ),
      ]);
      return savedStreams.includes(undefined) || savedPushes.includes(undefined) ? undefined : true;
    });
    return applied;
  }
}

function streamEvent({ value, expected }: Change<DesiredStream>, by: string): Omit<FleetEvent, 'at'> {
  const event = value.removed ? 'stream_removed' : expected === 0 ? 'stream_created' : 'stream_updated';
  return { event, stream: value.name, by };
}
