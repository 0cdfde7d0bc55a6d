import type { MediaInfo } from '@pushfleet/contract';
import { parseAudioSpecificConfig, type Sample, type Track } from '@pushfleet/protocols';

type TrackInfo = MediaInfo['tracks'][number];
type Kind = Track['kind'];

interface Counts {
  bytes: number;
  frames: number;
}

/** Figures are those of a window of this length, and stand until the next one is over. */
const WINDOW_MS = 2_000;

const noCounts = (): Record<Kind, Counts> => ({ video: { bytes: 0, frames: 0 }, audio: { bytes: 0, frames: 0 } });

/** Measures what a stream carries. Asked by people now and then, fed with every sample: it only adds up. */
export class MediaMeter {
  #counts = noCounts();
  #since = Number.NaN;
  /** Of the window before. */
  #measured = noCounts();
  #measuredMs = 0;
  #lastSyncMs = Number.NaN;
  #gopMs: number | null = null;

  /** `now`: performance.now() */
  count({ track, data, dts, isSync }: Sample, now: number): void {
    // A stream that was silent begins a new window: the pause is not its rate.
    if (!(now - this.#since < 2 * WINDOW_MS)) this.#begin(now);
    else if (now - this.#since >= WINDOW_MS) this.#turn(now);
    const counts = track.kind === 'video' ? this.#counts.video : this.#counts.audio; // a name that changes is slow to look up
    counts.bytes += data.length;
    counts.frames++;
    if (track.kind !== 'video' || !isSync) return;
    const syncMs = (dts / track.timescale) * 1_000;
    if (!Number.isNaN(this.#lastSyncMs)) this.#gopMs = Math.round(syncMs - this.#lastSyncMs);
    this.#lastSyncMs = syncMs;
  }

  describe(tracks: readonly Track[]): Pick<MediaInfo, 'bitrate_bps' | 'tracks'> {
    const list = tracks.map((track) => this.#describe(track));
    return { bitrate_bps: list.reduce((sum, { bitrate_bps }) => sum + bitrate_bps, 0), tracks: list };
  }

  #describe(track: Track): TrackInfo {
    const { bytes, frames } = this.#measured[track.kind];
    const perSecond = (count: number) => (this.#measuredMs === 0 ? 0 : (count * 1_000) / this.#measuredMs);
    const isVideo = track.kind === 'video';
    return {
      kind: track.kind,
      codec: track.codec,
      profile: profileOf(track),
      width: isVideo ? track.width : null,
      height: isVideo ? track.height : null,
      fps: isVideo ? Math.round(perSecond(frames) * 10) / 10 : null,
      gop_ms: isVideo ? this.#gopMs : null,
      sample_rate: isVideo ? null : track.sampleRate,
      channels: isVideo ? null : track.channels,
      bitrate_bps: Math.round(perSecond(bytes * 8)),
    };
  }

  #begin(now: number): void {
    this.#since = now;
    this.#counts = noCounts();
    this.#lastSyncMs = Number.NaN;
  }

  #turn(now: number): void {
    this.#measured = this.#counts;
    this.#measuredMs = now - this.#since;
    this.#counts = noCounts();
    this.#since = now;
  }
}

/** As RFC 6381 writes it; empty for codecs whose configuration does not say it in one place. */
function profileOf({ codec, config }: Track): string {
  if (codec === 'h264' && config.length >= 4) return `avc1.${config.toString('hex', 1, 4)}`;
  if (codec !== 'aac') return '';
  try {
    return `mp4a.40.${parseAudioSpecificConfig(config).objectType}`;
  } catch {
    return '';
  }
}
