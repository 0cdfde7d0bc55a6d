import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, type Dispatcher, request } from 'undici';
import { until } from './until.ts';

/** A segment as the playlists that listed it have told of it. Times of the poller are milliseconds of `performance.now()`. */
export interface PolledSegment {
  readonly uri: string;
  /** Media sequence number. */
  readonly number: number;
  /** Discontinuities before it and at it, since the beginning. */
  readonly discontinuity: number;
  readonly isDiscontinuity: boolean;
  readonly durationMs: number;
  /** EXT-X-PROGRAM-DATE-TIME, ms. */
  readonly startsAtMs: number;
  /** When a playlist listed it first. */
  readonly listedAt: number;
  readonly bytes: Buffer;
}

export interface PolledPlaylist {
  readonly at: number;
  readonly text: string;
  readonly mediaSequence: number;
  readonly discontinuitySequence: number;
  readonly targetDurationS: number;
  readonly uris: readonly string[];
  readonly isEnded: boolean;
}

interface Known extends PolledSegment {
  /** When a playlist listed it last. */
  lastListedAt: number;
}

const POLL_MS = 20;
/** Three target durations, RFC 8216 §6.2.2: with less a live playlist may not lose a segment. */
const LEAST_TARGET_DURATIONS = 3;

/**
 * A player that reads a live playlist all the time, and everything that it lists each time it has changed. Keeps what it saw, and a sentence for
 * each promise of RFC 8216 that was broken: numbers never fall and mean the same segment for ever, what is listed is there and stays as it is, what
 * has left stays for as long as a player may want it, nothing outlasts the target duration and that never changes.
 */
export class HlsPoller {
  /** Every playlist that was not as the one before it. */
  readonly playlists: PolledPlaylist[] = [];
  readonly violations: string[] = [];
  readonly #url: string;
  readonly #client = new Agent({ connections: 1 });
  readonly #segments = new Map<string, Known>();
  readonly #uriOf = new Map<number, string>();
  readonly #done: Promise<void>;
  #isOver = false;
  #polls = 0;

  constructor(playlistUrl: string) {
    this.#url = playlistUrl;
    this.#done = this.#poll();
  }

  /** How often the playlist was read. */
  get polls(): number {
    return this.#polls;
  }

  /** In the order of their numbers. */
  get segments(): readonly PolledSegment[] {
    return [...this.#segments.values()];
  }

  get last(): PolledPlaylist | undefined {
    return this.playlists.at(-1);
  }

  /** Segments that were listed for the first time after a moment. */
  listedAfter(at: number): PolledSegment[] {
    return this.segments.filter(({ listedAt }) => listedAt > at);
  }

  /** Resolves when it has looked once more from the beginning: whatever the server has now has been seen. */
  async looked(): Promise<void> {
    const polls = this.#polls;
    await until(() => this.#polls >= polls + 2, { what: 'the player to look again', everyMs: POLL_MS }); // one may be under way
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#done;
    await this.#client.destroy();
  }

  async #poll(): Promise<void> {
    while (!this.#isOver) {
      try {
        await this.#look();
      } catch (error) {
        this.#note(`the server failed: ${error}`);
      }
      this.#polls += 1;
      await sleep(POLL_MS);
    }
  }

  async #look(): Promise<void> {
    const { statusCode, body } = await this.#ask('GET', this.#url);
    const text = await body.text();
    if (statusCode !== 200) {
      if (this.last !== undefined) this.#note(`the playlist was answered with ${statusCode}`);
      return;
    }
    if (text === this.last?.text) return;
    const at = performance.now();
    const entries = parseEntries(text);
    const playlist = { at, text, ...parseHead(text), uris: entries.map(({ uri }) => uri) };
    this.#checkHead(playlist);
    if (this.last !== undefined) this.#checkProgress(this.last, playlist);
    this.playlists.push(playlist);
    await this.#readListed(playlist, entries);
    await this.#checkRetired(playlist);
  }

  /** What holds for every playlist by itself. */
  #checkHead({ text, targetDurationS, mediaSequence, uris }: PolledPlaylist): void {
    if (!/^#EXTM3U\n#EXT-X-VERSION:\d+\n/.test(text) || !text.endsWith('\n')) this.#note(`a torn playlist: ${text}`);
    if (!Number.isSafeInteger(targetDurationS) || !Number.isSafeInteger(mediaSequence))
      this.#note(`no numbers: ${text}`);
    if (uris.length === 0) this.#note('an empty playlist');
  }

  #checkProgress(before: PolledPlaylist, now: PolledPlaylist): void {
    const falls = (what: string, from: number, to: number) => {
      if (to < from) this.#note(`the ${what} fell from ${from} to ${to}`);
    };
    falls('media sequence', before.mediaSequence, now.mediaSequence);
    falls('discontinuity sequence', before.discontinuitySequence, now.discontinuitySequence);
    falls('end', before.mediaSequence + before.uris.length, now.mediaSequence + now.uris.length);
    if (now.targetDurationS !== before.targetDurationS) {
      this.#note(`the target duration went from ${before.targetDurationS} to ${now.targetDurationS}`);
    }
  }

  async #readListed(playlist: PolledPlaylist, entries: readonly Entry[]): Promise<void> {
    let discontinuity = playlist.discontinuitySequence;
    for (const [index, entry] of entries.entries()) {
      if (entry.isDiscontinuity) discontinuity += 1;
      const number = playlist.mediaSequence + index;
      const limitMs = (playlist.targetDurationS + 0.5) * 1000;
      if (entry.durationMs >= limitMs)
        this.#note(`${entry.uri} of ${entry.durationMs} ms outlasts the target duration`);
      await this.#read({ ...entry, number, discontinuity }, playlist.at);
    }
    const heldMs = entries.reduce((sum, { durationMs }) => sum + durationMs, 0);
    const hasLost = this.playlists.some(({ mediaSequence }) => mediaSequence < playlist.mediaSequence);
    if (hasLost && heldMs < LEAST_TARGET_DURATIONS * 1000 * playlist.targetDurationS) {
      this.#note(`the playlist lost a segment and holds only ${heldMs} ms`);
    }
  }

  async #read(listed: Entry & Pick<PolledSegment, 'number' | 'discontinuity'>, at: number): Promise<void> {
    const { uri, number } = listed;
    const { statusCode, body } = await this.#ask('GET', new URL(uri, this.#url).href);
    const bytes = Buffer.from(await body.arrayBuffer());
    if (statusCode !== 200) return this.#note(`${uri} is listed and was answered with ${statusCode}`);
    const known = this.#segments.get(uri);
    if (known === undefined) {
      this.#segments.set(uri, { ...listed, listedAt: at, lastListedAt: at, bytes });
      if (this.#uriOf.has(number)) this.#note(`number ${number} was ${this.#uriOf.get(number)} and is ${uri}`);
      this.#uriOf.set(number, uri);
      return;
    }
    known.lastListedAt = at;
    if (!known.bytes.equals(bytes)) this.#note(`the bytes of ${uri} have changed`);
    for (const key of ['number', 'discontinuity', 'durationMs', 'startsAtMs'] as const) {
      if (known[key] !== listed[key]) this.#note(`${key} of ${uri} was ${known[key]} and is ${listed[key]}`);
    }
  }

  /** What has left the playlist stays for its own duration and that of the playlist that listed it, RFC 8216 §6.2.2. */
  async #checkRetired({ at, uris }: PolledPlaylist): Promise<void> {
    const held = uris.reduce((sum, uri) => sum + (this.#segments.get(uri)?.durationMs ?? 0), 0);
    const listed = new Set(uris);
    for (const { uri, durationMs, lastListedAt } of this.#segments.values()) {
      if (listed.has(uri) || at - lastListedAt > durationMs + held) continue;
      const { statusCode, body } = await this.#ask('HEAD', new URL(uri, this.#url).href);
      await body.dump();
      if (statusCode !== 200)
        this.#note(`${uri} was answered with ${statusCode} ${at - lastListedAt} ms after it was listed`);
    }
  }

  #ask(method: 'GET' | 'HEAD', url: string): Promise<Dispatcher.ResponseData> {
    return request(url, { method, dispatcher: this.#client });
  }

  #note(violation: string): void {
    this.violations.push(violation);
  }
}

type Entry = Pick<PolledSegment, 'uri' | 'durationMs' | 'startsAtMs' | 'isDiscontinuity'>;

function parseHead(text: string) {
  const tag = (name: string) => new RegExp(`^#EXT-X-${name}:(\\d+)$`, 'm').exec(text)?.[1];
  return {
    mediaSequence: Number(tag('MEDIA-SEQUENCE')),
    discontinuitySequence: Number(tag('DISCONTINUITY-SEQUENCE') ?? 0),
    targetDurationS: Number(tag('TARGETDURATION')),
    isEnded: /^#EXT-X-ENDLIST$/m.test(text),
  };
}

function parseEntries(text: string): Entry[] {
  return [...text.matchAll(/((?:^#.*\n)*)^([^#\s].*)$/gm)].map(([, tags = '', uri = '']) => ({
    uri,
    durationMs: Math.round(Number(/^#EXTINF:([\d.]+),/m.exec(tags)?.[1]) * 1000),
    startsAtMs: Date.parse(/^#EXT-X-PROGRAM-DATE-TIME:(.+)$/m.exec(tags)?.[1] ?? ''),
    isDiscontinuity: /^#EXT-X-DISCONTINUITY$/m.test(tags),
  }));
}
