import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium } from 'playwright-core';

const BROWSERS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/lib/chromium-browser/headless_shell',
  '/opt/homebrew/bin/chromium',
];
const HLS_JS = createRequire(import.meta.url).resolve('hls.js/dist/hls.min.js');
const TIMEOUT_MS = 60_000;

/** What the browser says of a playback. */
export interface Playback {
  /** By how much the player's clock has moved on since the first picture. */
  readonly playedSeconds: number;
  readonly decodedFrames: number;
  readonly droppedFrames: number;
  /** How often it had to wait for media after it had begun. */
  readonly stalls: number;
  /** `DETAILS` of the errors that hls.js could not heal. */
  readonly fatalErrors: readonly string[];
  /** Of those that it could. */
  readonly healedErrors: readonly string[];
}

/** A page with one player. `report()` is asked from outside. */
const PAGE = `
  <video muted></video>
  <script>
    const video = document.querySelector('video');
    const fatalErrors = [], healedErrors = [];
    let startedAt, stalls = 0;
    video.addEventListener('playing', () => (startedAt ??= video.currentTime));
    video.addEventListener('waiting', () => (stalls += startedAt === undefined ? 0 : 1));
    function play(url) {
      const hls = new Hls();
      hls.on(Hls.Events.ERROR, (_, { fatal, details }) => (fatal ? fatalErrors : healedErrors).push(details));
      hls.loadSource(url);
      hls.attachMedia(video);
      hls.on(Hls.Events.MANIFEST_PARSED, () => video.play());
    }
    function report() {
      const { totalVideoFrames: decodedFrames, droppedVideoFrames: droppedFrames } = video.getVideoPlaybackQuality();
      const playedSeconds = video.currentTime - (startedAt ?? video.currentTime);
      return { playedSeconds, decodedFrames, droppedFrames, stalls, fatalErrors, healedErrors };
    }
  </script>`;

/** Muted and without a sandbox, which containers do not allow. */
export function launchChromium(): Promise<Browser> {
  const executablePath = BROWSERS.find(existsSync);
  if (executablePath === undefined) throw new Error(`no Chromium among ${BROWSERS.join(', ')}`);
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--mute-audio'], timeout: TIMEOUT_MS });
}

/** Chromium plays a playlist with hls.js, on a page of the same origin, until it has played for so long or has failed for good. */
export async function playWithHlsJs(playlistUrl: string, seconds: number): Promise<Playback> {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.goto(new URL('/', playlistUrl).href); // whatever it answers: the page is of this origin
    await page.setContent(PAGE);
    await page.addScriptTag({ path: HLS_JS });
    await page.evaluate(`play(${JSON.stringify(playlistUrl)})`);
    const isOver = `report().playedSeconds >= ${seconds} || report().fatalErrors.length > 0`;
    await page.waitForFunction(isOver, undefined, { timeout: TIMEOUT_MS });
    return await page.evaluate<Playback>('report()');
  } finally {
    await browser.close();
  }
}
