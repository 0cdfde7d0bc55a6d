import { resolve } from 'node:path';
import { PublishError, type Track } from '@pushfleet/protocols';
import { type Clock, systemClock } from './file/clock.ts';
import { dtsMs } from './file/dts-order.ts';
import { loop } from './file/loop.ts';
import { openMediaFile } from './file/media-file.ts';
import { Pacer } from './file/pacer.ts';
import type { SourceEvents } from './source-events.ts';

/**
 * Plays a media file in real time, over and over on one rising line of time, until the signal aborts; then it resolves. Rejects with
 * PublishError `source_lost` when the file cannot be read (missing, no permission, unknown container, no usable track).
 */
export async function playFile(
  path: string,
  events: SourceEvents,
  signal: AbortSignal,
  clock: Clock = systemClock,
): Promise<void> {
  if (signal.aborted) return;
  const file = await openMediaFile(path);
  try {
    const pacer = new Pacer(clock);
    let tracks = file.tracks;
    if (!signal.aborted) events.tracks(tracks);
    for await (const sample of loop(file)) {
      const delayMs = pacer.delayMs(dtsMs(sample));
      if (delayMs > 0) await clock.sleep(delayMs, signal);
      if (signal.aborted) return;
      if (!tracks.includes(sample.track)) {
        tracks = withTrack(tracks, sample.track);
        events.tracks(tracks);
      }
      events.sample(sample);
    }
  } finally {
    file.close();
  }
}

/** The list with this track in the place of the one of its kind. */
function withTrack(tracks: readonly Track[], track: Track): Track[] {
  const others = tracks.filter(({ kind }) => kind !== track.kind);
  return track.kind === 'video' ? [track, ...others] : [...others, track];
}

/**
 * Path of a `file://` input. Three slashes begin an absolute path; with two it is relative to the working directory, as in Flussonic's
 * configuration. `%20` and its like are decoded, `?` and `#` are part of the name. Throws PublishError `source_lost`.
 */
export function pathOfFileUrl(url: string): string {
  const path = decoded(/^file:(?:\/\/(?:localhost(?=\/))?)?(.*)$/is.exec(url)?.[1] ?? '');
  if (path === '' || path.includes('\0')) {
    throw new PublishError(
      'source_lost',
      'a file input is written file:///absolute/path.mp4 or file://relative/path.mp4',
    );
  }
  return resolve(/^\/[a-z]:/i.test(path) && process.platform === 'win32' ? path.slice(1) : path);
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    throw new PublishError(
      'source_lost',
      'a % in a file input must be followed by two hexadecimal digits; write %25 for a percent sign',
      {
        cause,
      },
    );
  }
}
