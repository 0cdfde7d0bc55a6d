import { holdsAny, type Packager, type Sample, type Track } from '@pushfleet/protocols';
import type { StreamHub } from '../stream-hub.ts';

/** Every sample that leaves a hub, in its order and with its time on the line of the hub. */
export function record(hub: StreamHub): { sent: () => readonly Sample[]; tracks: () => readonly Track[] } {
  const sent: Sample[] = [];
  let tracks: readonly Track[] = [];
  const packager: Packager = {
    setTracks: (changed) => {
      tracks = changed;
    },
    header: () => Buffer.alloc(0),
    append: (sample) => void sent.push(sample),
    holds: (memory) => holdsAny(sent, memory),
    flush: () => undefined,
  };
  hub.openFeed({ key: 'recorder', createPackager: () => packager });
  return { sent: () => sent, tracks: () => tracks };
}
