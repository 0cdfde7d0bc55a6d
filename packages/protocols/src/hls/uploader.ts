import { setTimeout as delay } from 'node:timers/promises';
import { httpFailure } from '../http/failure.ts';
import { describeResponse, fieldValue } from '../http/response-head.ts';
import { PublishError } from '../publisher/errors.ts';
import type { Answer } from './lane.ts';
import { foldersOf, type HlsTarget, pathBeside } from './target.ts';
import type { LaneName, UploadClient } from './upload-client.ts';

export interface Upload {
  readonly lane: LaneName;
  /** Request target at the host of the push. */
  readonly path: string;
  readonly contentType: string;
  readonly cacheControl: string | undefined;
  readonly body: Buffer;
  /** For one try. */
  readonly timeoutMs: number;
  /** For all tries. Infinity: as long as it is wanted. */
  readonly budgetMs: number;
  /** Asked before each further try: something newer may have taken its place, or somebody else that of the whole push. */
  readonly isWanted?: () => Promise<boolean>;
}

/** `stored`: the target has acknowledged it. `lost`: not within its time. */
export type Fate = 'stored' | 'lost';

interface Failure {
  readonly error: PublishError;
  /** What the target has asked for. */
  readonly retryAfterMs: number;
}

const RETRY_DELAYS_MS = [200, 500, 1000, 2000];
const MAX_RETRY_AFTER_MS = 30_000;
const MKCOL_TIMEOUT_MS = 5000;
const MIN_PATIENCE_MS = 10_000;

/**
 * Brings files to the target, each with as many tries as its time allows. That is no retry of the attempt but part of it: a target that drops
 * one request in a thousand costs no session.
 *
 * The attempt fails when the target refuses (any 4xx but 408 and 429, also a 409 that making the folders has not healed), when it sends us where
 * we may not go, and when it has acknowledged no segment, or no playlist, for as long as three segments last and at least 10 s. Otherwise a file
 * is lost at most.
 */
export class Uploader {
  readonly #client: UploadClient;
  readonly #target: HlsTarget;
  readonly #signal: AbortSignal;
  readonly #patienceMs: number;
  /** Of each lane: the last acknowledgement, and the begin of the oldest upload since then that has failed. */
  readonly #acknowledgedAt: Partial<Record<LaneName, number>> = {};
  readonly #failingSince: Partial<Record<LaneName, number>> = {};
  #hasMadeFolders = false;

  constructor(client: UploadClient, target: HlsTarget, signal: AbortSignal) {
    this.#client = client;
    this.#target = target;
    this.#signal = signal;
    this.#patienceMs = Math.max(MIN_PATIENCE_MS, 3 * target.segmentDurationMs);
  }

  /** Rejects with PublishError as told above, or with the reason of the signal. */
  async store(upload: Upload): Promise<Fate> {
    const { lane } = upload;
    const startedAt = performance.now();
    for (let tries = 0; ; tries++) {
      this.#signal.throwIfAborted();
      const failure = await this.#try(upload);
      this.#signal.throwIfAborted();
      const now = performance.now();
      if (failure === undefined) {
        this.#acknowledgedAt[lane] = now;
        delete this.#failingSince[lane];
        return 'stored';
      }
      this.#failingSince[lane] ??= Math.max(startedAt, this.#acknowledgedAt[lane] ?? 0);
      if (now - this.#failingSince[lane] >= this.#patienceMs) throw failure.error;
      const delayMs = Math.max(retryDelayMs(tries), failure.retryAfterMs);
      if (now + delayMs - startedAt >= upload.budgetMs) return 'lost';
      await delay(delayMs, undefined, { signal: this.#signal });
      if ((await upload.isWanted?.()) === false) return 'lost';
    }
  }

  /** Deletes a file that a playlist has named. Tells whether the target does such things at all. Never rejects. */
  async delete(uri: string, timeoutMs: number): Promise<boolean> {
    const path = pathBeside(this.#target.playlistPath, uri);
    const request = { method: 'DELETE', path, timeoutMs };
    const answer = await this.#client.request('playlists', request).catch(() => undefined);
    return answer === undefined || ![403, 404, 405, 415, 501].includes(answer.status);
  }

  /** Undefined when it is stored. */
  async #try(upload: Upload): Promise<Failure | undefined> {
    let answer: Answer;
    try {
      answer = await this.#send(upload);
    } catch (error) {
      this.#signal.throwIfAborted();
      if (!(error instanceof PublishError) || isFinal(error)) throw error;
      return { error, retryAfterMs: 0 };
    }
    if (isSuccess(answer)) return undefined;
    const error = failureOf(answer);
    if (!isTransient(answer)) throw error;
    return { error, retryAfterMs: retryAfterMs(answer) };
  }

  async #send(upload: Upload): Promise<Answer> {
    const { lane, ...request } = { ...upload, method: this.#target.method };
    const answer = await this.#client.request(lane, request);
    if (!this.#lacksFolder(answer)) return answer;
    await this.#makeFolders(upload);
    return this.#client.request(lane, request);
  }

  /** nginx without `create_full_put_path` answers 500 instead of 409; then it is worth a try with the first upload. */
  #lacksFolder({ status }: Answer): boolean {
    if (!this.#target.rules.makesFolders) return false;
    const isFirst = this.#acknowledgedAt.segments === undefined && !this.#hasMadeFolders;
    return status === 409 || (status === 500 && isFirst);
  }

  /** RFC 4918 §9.3. What the target says about each of them does not matter: they may be there, or not be ours to make. */
  async #makeFolders({ lane, path }: Upload): Promise<void> {
    this.#hasMadeFolders = true;
    for (const folder of foldersOf(path)) {
      await this.#client.request(lane, { method: 'MKCOL', path: folder, timeoutMs: MKCOL_TIMEOUT_MS });
    }
  }
}

export function isSuccess({ status }: Answer): boolean {
  return status >= 200 && status < 300;
}

/** What an answer stands for that is no success. Stores in the manner of S3 say more in the body: `403 Forbidden, RequestTimeTooSkewed`. */
export function failureOf(answer: Answer): PublishError {
  const word = /<Code>(\w{1,60})<\/Code>/.exec(answer.body.toString('latin1', 0, 2000))?.[1];
  const detail = describeResponse(answer) + (word === undefined ? '' : `, ${word}`);
  return httpFailure(answer.status, answer.status === 409 ? `${detail}: the folder may be missing` : detail);
}

function isTransient({ status }: Answer): boolean {
  return status >= 500 || status === 408 || status === 429;
}

/** Another try would end the same way. */
function isFinal({ code, retry }: PublishError): boolean {
  return retry === 'never' || code.startsWith('redirect_');
}

/** Spread by a fifth, so that many pushes to one target do not come back together. */
function retryDelayMs(tries: number): number {
  const delayMs = RETRY_DELAYS_MS[Math.min(tries, RETRY_DELAYS_MS.length - 1)]!;
  return delayMs * (0.9 + 0.2 * Math.random());
}

/** Seconds or a date, RFC 9110 §10.2.3. */
function retryAfterMs(answer: Answer): number {
  const value = fieldValue(answer, 'retry-after') ?? '';
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}
