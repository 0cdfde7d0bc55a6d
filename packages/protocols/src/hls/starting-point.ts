// Where a publication begins: behind everything that players may have seen.
import type { Keeper } from './keeper.ts';
import { type MediaPlaylist, serializePlaylist } from './playlist.ts';
import type { PublicationState } from './publication-state.ts';
import { readServed } from './served-playlist.ts';
import type { HlsTarget } from './target.ts';
import type { UploadClient } from './upload-client.ts';
import type { Uploader } from './uploader.ts';

export interface StartDeps {
  readonly target: HlsTarget;
  readonly client: UploadClient;
  readonly uploader: Uploader;
  readonly keeper: Keeper;
  readonly timeoutMs: number;
}

/**
 * Asks the target whether it takes us, and finds out where its playlist has got to. The number of the next segment must never go down, or players
 * stall: it comes from what the last attempt has remembered or from what the target serves, whichever is further, else from the clock, which no
 * publisher outruns as long as its segments are no shorter than wanted.
 *
 * The cheapest question that disturbs nobody: the playlist is read, which also brings a challenge to be answered later without being asked; and
 * when one is remembered it is uploaded once more as it was, which proves that uploads are taken. A target where neither may be done is dialled.
 * Only what concerns uploads is a refusal: a login that is not accepted, or a playlist that is not taken. Rejects with PublishError.
 */
export async function findStart(deps: StartDeps): Promise<PublicationState> {
  const { target, client, keeper } = deps;
  const { remembered } = keeper;
  if (target.rules.probe === 'none') await client.open();
  const served = await readServed(target, client, deps.timeoutMs);
  const playlist = laterOf(remembered?.playlist, served) ?? firstPlaylist(target);
  const isOurs = remembered !== undefined && playlist === remembered.playlist;
  const state = { playlist: { ...playlist, isEnded: false }, retired: remembered?.retired ?? [] };
  if (playlist.segments.length === 0) return state;
  await keeper.save(state);
  if (isOurs && !playlist.isEnded && target.rules.repeatsPlaylist) await repeatPlaylist(deps, playlist);
  return state;
}

async function repeatPlaylist({ target, uploader, timeoutMs }: StartDeps, playlist: MediaPlaylist): Promise<void> {
  await uploader.store({
    lane: 'playlists',
    path: target.playlistPath,
    contentType: target.rules.playlistType,
    cacheControl: target.rules.cacheControl?.playlist,
    body: Buffer.from(serializePlaylist(playlist)),
    timeoutMs,
    budgetMs: timeoutMs,
  });
}

/** What we remember is more exact, so it wins a draw. */
function laterOf(remembered: MediaPlaylist | undefined, served: MediaPlaylist | undefined): MediaPlaylist | undefined {
  if (remembered === undefined || served === undefined) return remembered ?? served;
  return endOf(served) > endOf(remembered) ? served : remembered;
}

function endOf({ mediaSequence, segments }: MediaPlaylist): number {
  return mediaSequence + segments.length;
}

function firstPlaylist({ rules, segmentDurationMs }: HlsTarget): MediaPlaylist {
  const mediaSequence = rules.firstSequence === 'zero' ? 0 : Math.floor(Date.now() / segmentDurationMs);
  return { targetDurationS: 0, mediaSequence, discontinuitySequence: 0, segments: [], isEnded: false };
}
