import type { DesiredStream, LiveSource, StreamChanges, StreamRow } from '@pushfleet/contract';
import { streamRow } from '../stream/stream-view.ts';

interface Entry {
  readonly stream: DesiredStream;
  readonly isSent: boolean;
  /** Of the publication; undefined when nobody publishes the stream. */
  readonly token: string | undefined;
  readonly row: StreamRow;
}

/** The streams of the live feed: keeps what clients have, and tells what has changed since. */
export class StreamTable {
  #entries = new Map<string, Entry>();

  get rows(): StreamRow[] {
    return [...this.#entries.values().map(({ row }) => row)];
  }

  /** `isSent`: a push of this stream runs. Undefined when nothing has changed. */
  update(
    streams: Iterable<DesiredStream>,
    live: ReadonlyMap<string, LiveSource>,
    isSent: (name: string) => boolean,
  ): StreamChanges | undefined {
    const entries = new Map<string, Entry>();
    const changed: StreamRow[] = [];
    for (const stream of streams) {
      if (stream.removed) continue;
      const known = this.#entries.get(stream.name);
      const source = live.get(stream.name);
      const sent = isSent(stream.name);
      if (known?.stream === stream && known.isSent === sent && known.token === source?.token) {
        entries.set(stream.name, known);
        continue;
      }
      const row = streamRow(stream, sent, source);
      entries.set(stream.name, { stream, isSent: sent, token: source?.token, row });
      if (JSON.stringify(row) !== JSON.stringify(known?.row)) changed.push(row);
    }
    const removed = [...this.#entries.keys().filter((name) => !entries.has(name))];
    this.#entries = entries;
    return changed.length + removed.length === 0 ? undefined : { removed, changed };
  }
}
