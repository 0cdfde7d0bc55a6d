import type { MediaInfo } from '@pushfleet/contract';
import { useQuery } from '@tanstack/react-query';
import { streamQuery } from '../api/queries.ts';
import { formatBitrate } from '../format/bitrate.ts';
import { formatSpan } from '../format/time.ts';
import styles from './push-drawer.module.css';

type Track = MediaInfo['tracks'][number];

/** The tracks of a stream as its worker measures them. */
export function MediaTracks({ stream }: { readonly stream: string }) {
  const { data } = useQuery(streamQuery(stream));
  const media = data?.media;
  if (media == null)
    return (
      <p className={styles.none}>
        {data === undefined ? '…' : 'No worker has told of its tracks: nothing comes in, or it has only just begun.'}
      </p>
    );
  return (
    <table className={styles.options} aria-label="Tracks">
      <thead>
        <tr>
          <th>Track</th>
          <th>Codec</th>
          <th>Picture or sound</th>
          <th>Key frames</th>
          <th>Bitrate</th>
        </tr>
      </thead>
      <tbody>
        {media.tracks.map((track, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: tracks have no name but their place
          <tr key={i}>
            <th scope="row">{track.kind}</th>
            <td>
              {track.codec} {track.profile !== '' && <code>{track.profile}</code>}
            </td>
            <td>{trackShape(track)}</td>
            <td>{track.gop_ms === null ? '–' : `every ${formatSpan(track.gop_ms)}`}</td>
            <td>{formatBitrate(track.bitrate_bps)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** `1920×1080, 25 fps`, `48 kHz, stereo`. */
export function trackShape({ width, height, fps, sample_rate, channels }: Track): string {
  const parts = [
    width !== null && height !== null ? `${width}×${height}` : '',
    fps !== null && fps > 0 ? `${Number(fps.toFixed(2))} fps` : '',
    sample_rate !== null ? `${sample_rate / 1_000} kHz` : '',
    channels !== null ? (channels === 1 ? 'mono' : channels === 2 ? 'stereo' : `${channels} channels`) : '',
  ];
  return parts.filter(Boolean).join(', ') || '–';
}
