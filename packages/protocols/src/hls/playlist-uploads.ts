import type { Keeper } from './keeper.ts';
import { serializePlaylist } from './playlist.ts';
import type { PlaylistWindow } from './playlist-window.ts';
import type { PublicationState } from './publication-state.ts';
import type { Retention } from './retention.ts';
import { epochOfSegment } from './segment-name.ts';
import { readServed } from './served-playlist.ts';
import type { HlsTarget } from './target.ts';
import type { UploadClient } from './upload-client.ts';
import type { Uploader } from './uploader.ts';

export interface PlaylistUploadsDeps {
  readonly target: HlsTarget;
  readonly client: UploadClient;
  readonly uploader: Uploader;
  readonly keeper: Keeper;
  readonly window: PlaylistWindow;
  readonly retention: Retention;
  readonly timeoutMs: number;
  /** The target refuses, or the push has another holder. */
  readonly failed: (error: unknown) => void;
}

const DELETE_TIMEOUT_MS = 2000;

/**
 * Brings the playlist to the target whenever it has changed: one upload at a time, always of what the window holds now, until the target has it.
 * What is uploaded is remembered first: who takes over goes on where players may have got to, and who has been taken over stops before it
 * writes. In the pauses old segments are deleted.
 */
export class PlaylistUploads {
  readonly #deps: PlaylistUploadsDeps;
  #isChanged = false;
  #isEnded = false;
  #deletes: boolean;
  #pendingBytes = 0;
  #uploading: Promise<void> | undefined;
  #deleting: Promise<void> = Promise.resolve();

  constructor(deps: PlaylistUploadsDeps) {
    this.#deps = deps;
    this.#deletes = deps.target.deletes;
  }

  /** Of the playlist that the target has not acknowledged. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Resolves when the target has the newest playlist, or will not get it. */
  get settled(): Promise<void> {
    return this.#uploading ?? Promise.resolve();
  }

  /** Resolves when nothing is under way any more, at the end. */
  get idle(): Promise<unknown> {
    return Promise.all([this.#uploading, this.#deleting]);
  }

  /** The window has changed. */
  upload(): void {
    this.#isChanged = true;
    this.#uploading ??= this.#uploadAll();
  }

  /** Nothing will ever be added. */
  end(): void {
    this.#isEnded = true;
    this.upload();
  }

  /** Never rejects. What changes while it ends is seen by it, or begins another round: there is no moment between. */
  async #uploadAll(): Promise<void> {
    try {
      while (this.#isChanged) {
        this.#isChanged = false;
        await this.#uploadNewest();
      }
    } catch (error) {
      this.#deps.failed(error);
    } finally {
      this.#uploading = undefined;
    }
    if (!this.#isEnded) this.#deleting = this.#deleteDue(this.#deleting);
  }

  async #uploadNewest(): Promise<void> {
    const { retention, window, target, uploader, timeoutMs } = this.#deps;
    const playlist = window.snapshot(this.#isEnded);
    const state = { playlist, retired: retention.retired };
    const body = Buffer.from(serializePlaylist(playlist));
    this.#pendingBytes = body.length;
    await this.#announce(state);
    await uploader.store({
      lane: 'playlists',
      path: target.playlistPath,
      contentType: target.rules.playlistType,
      cacheControl: target.rules.cacheControl?.playlist,
      body,
      timeoutMs,
      budgetMs: Number.POSITIVE_INFINITY,
      isWanted: async () => {
        if (!this.#isChanged) await this.#announce(state); // between two tries another worker may have taken over
        return !this.#isChanged;
      },
    });
    this.#pendingBytes = 0;
  }

  /**
   * Tells the memory what is about to be uploaded. While that is away the target itself is asked: what it serves shows whether another worker, who
   * may see the memory, has taken over.
   */
  async #announce(state: PublicationState): Promise<void> {
    const { keeper, target, client, timeoutMs } = this.#deps;
    if (await keeper.save(state)) return;
    const served = await readServed(target, client, timeoutMs).catch(() => undefined);
    const newest = served?.segments.at(-1)?.uri ?? '';
    const isKnown = state.playlist.segments.some(({ uri }) => uri === newest);
    if (!isKnown && (epochOfSegment(newest) ?? 0) > keeper.epoch) keeper.giveWay();
  }

  async #deleteDue(before: Promise<void>): Promise<void> {
    await before;
    while (this.#deletes && this.#uploading === undefined) {
      const uri = this.#deps.retention.takeDue(Date.now());
      if (uri === undefined) return;
      this.#deletes = await this.#deps.uploader.delete(uri, DELETE_TIMEOUT_MS);
    }
  }
}
