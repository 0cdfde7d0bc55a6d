import { type MediaPlaylist, parsePlaylist } from './playlist.ts';
import type { HlsTarget } from './target.ts';
import type { UploadClient } from './upload-client.ts';
import { failureOf, isSuccess } from './uploader.ts';

/**
 * The playlist that the target serves; undefined when there is none that could be gone on with, or the target may not be asked. Rejects with
 * PublishError, also when our login is not accepted.
 */
export async function readServed(
  { rules, playlistPath: path }: HlsTarget,
  client: UploadClient,
  timeoutMs: number,
): Promise<MediaPlaylist | undefined> {
  if (rules.probe === 'none') return undefined;
  const answer = await client.request('playlists', { method: rules.probe, path, timeoutMs });
  if (answer.status === 401) throw failureOf(answer);
  return isSuccess(answer) ? parsePlaylist(answer.body.toString()) : undefined;
}
