import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listenWithFfmpeg } from './ffmpeg.ts';
import { type NginxDav, startNginxDav } from './nginx-dav.ts';
import { type NginxRtmp, startNginxRtmp } from './nginx-rtmp.ts';
import { freePort } from './ports.ts';
import type { TestProcess } from './test-process.ts';
import { until } from './until.ts';

export const PUSH_SCHEMES = ['rtmp', 'tshttp', 'hls', 'm4s'] as const;
export type PushScheme = (typeof PUSH_SCHEMES)[number];

/** Servers that we did not write, one kind for each protocol: nginx-rtmp, ffmpeg for MPEG-TS and fragmented MP4, nginx with DAV for HLS. */
export class PushTargets {
  readonly store: NginxDav;
  readonly #nginx: NginxRtmp;
  readonly #directory: string;
  readonly #listeners: TestProcess[] = [];
  readonly #places = new Map<string, string>();

  private constructor(nginx: NginxRtmp, store: NginxDav, directory: string) {
    this.#nginx = nginx;
    this.store = store;
    this.#directory = directory;
  }

  static async start(): Promise<PushTargets> {
    const directory = await mkdtemp(join(tmpdir(), 'pushfleet-targets-'));
    const [nginx, store] = await Promise.all([startNginxRtmp({ maxMessage: '16M' }), startNginxDav()]);
    return new PushTargets(nginx, store, directory);
  }

  /** Opens a place for one push, whose URL is the answer. */
  async open(scheme: PushScheme, name: string): Promise<string> {
    if (scheme === 'rtmp') {
      this.#places.set(name, this.#nginx.recording(name));
      return `${this.#nginx.url}/${name}`;
    }
    if (scheme === 'hls') {
      this.#places.set(name, `${this.store.url}/${this.folder(name)}/index.m3u8`);
      return `hls://127.0.0.1:${this.store.port}/${this.folder(name)}/`;
    }
    const address = `127.0.0.1:${await freePort()}/${name}`;
    const file = join(this.#directory, `${name}.ts`);
    this.#places.set(name, file);
    this.#listeners.push(await listenWithFfmpeg(`http://${address}`, file, scheme === 'm4s' ? 'mp4' : 'mpegts'));
    return `${scheme}://${address}`;
  }

  /** What ffmpeg can read of what has arrived: a file, or the URL of a playlist. */
  received(name: string): string {
    const place = this.#places.get(name);
    if (place === undefined) throw new Error(`nobody has opened ${name}`);
    return place;
  }

  /** Of a push by HLS, in the store. */
  folder(name: string): string {
    return `full/${name}`;
  }

  /** Resolves when all pushes have left, and everything is written down. */
  async untilGone(): Promise<void> {
    for (const listener of this.#listeners) await listener.exited;
    await until(async () => (await this.#nginx.streams()).length === 0, { what: 'the end of all publications' });
  }

  async stop(): Promise<void> {
    await Promise.all([this.#nginx.stop(), this.store.stop()]);
    await rm(this.#directory, { recursive: true, force: true });
  }
}
