// Takes the pictures of docs/screenshots: npm run screenshots
//
// Scheduler, API and dashboard are the real ones; what workers would say is put into Redis by hand, so that the pictures show targets that
// nobody would send a test to.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawnOwned } from '@pushfleet/cli/owned-process';
import { startPrivateRedis } from '@pushfleet/cli/private-redis';
import type { Browser, Page } from 'playwright-core';
import { request } from 'undici';
import { REPOSITORY } from '../bench/paths.ts';
import { SimulatedReports } from '../bench/simulated-reports.ts';
import { launchChromium } from '../src/harness/chromium.ts';
import { freePort } from '../src/harness/ports.ts';
import { until } from '../src/harness/until.ts';
import { BROKEN_CONFIG, CONFIG, events, journal, media, reportOf, sources, workers } from './scene.ts';

const FOLDER = join(REPOSITORY, 'docs', 'screenshots');
const VIEWPORT = { width: 1280, height: 800 };
/** The charts have something to show after this. */
const LIVE_MS = 45_000;

const directory = mkdtempSync(join(tmpdir(), 'pushfleet-screenshots-'));
const configFile = join(directory, 'pushfleet.conf');
writeFileSync(configFile, CONFIG);
const redis = await startPrivateRedis();
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
const scheduler = spawnOwned(process.execPath, [join(REPOSITORY, 'apps', 'scheduler', 'src', 'main.ts')], {
  env: {
    PATH: process.env.PATH,
    REDIS_URL: redis.url,
    LOG_LEVEL: 'fatal', // one picture is of a file that is refused
    PUSHFLEET_HOST: '127.0.0.1',
    PUSHFLEET_PORT: `${port}`,
    PUSHFLEET_CONFIG: configFile,
  },
  stdio: ['ignore', 'inherit', 'inherit'],
});
const worker = createServer((_request, response) => {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(media));
}).listen(0, '127.0.0.1');
let reports: SimulatedReports | undefined;
let browser: Browser | undefined;
try {
  const answers = async () => (await request(`${url}/ready`)).statusCode === 200;
  await until(() => answers().catch(() => false), { what: 'the scheduler', timeoutMs: 30_000 });
  reports = new SimulatedReports(redis.url, url);
  const ids = await stage(reports);
  browser = await launchChromium();
  await takePictures(browser, ids);
} finally {
  await browser?.close();
  reports?.stop();
  worker.close();
  scheduler.kill();
  await redis.stop();
  rmSync(directory, { recursive: true, force: true });
}

/** Sets the scene; answers the ids of the pushes that are looked at closely. */
async function stage(reports: SimulatedReports): Promise<{ failing: string; running: string }> {
  const { redis, keys } = reports;
  const pushes = await until(
    async () => {
      const all = await reports.pushes();
      return all.length > 10 && all;
    },
    { what: 'the config file to be applied' },
  );
  await reports.addWorkers(workers);
  for (const source of sources(`127.0.0.1:${(worker.address() as AddressInfo).port}`))
    await redis.hset(keys.live, source.stream, JSON.stringify(source));
  const failing = pushes.find(({ stream, host }) => stream === 'sports/arena-1' && host.startsWith('ingest'))!;
  await redis.rpush(keys.journal(failing.id), ...journal.map((entry) => JSON.stringify(entry)));
  await redis.hset(keys.counters(failing.id), 'retries_total', 4);
  for (const event of events(pushes)) await redis.xadd(keys.events, '*', 'e', JSON.stringify(event));
  let second = 0;
  reports.keepWriting(() => {
    second++;
    return pushes.flatMap((push, index) => reportOf(push, index, second) ?? []);
  });
  await sleep(3_000);
  return { failing: failing.id, running: pushes.find(({ stream }) => stream === 'news')!.id };
}

async function takePictures(browser: Browser, { failing, running }: { failing: string; running: string }) {
  const paths = {
    streams: '/',
    stream: '/streams/news',
    output: '/streams/sports%2Farena-1/output',
    pushes: '/pushes',
    push: `/pushes?push=${running}`,
    attempts: `/pushes?push=${failing}&view=attempts`,
    workers: '/workers',
    errors: '/errors',
    events: '/events',
    config: '/config',
  };
  const schemes = ['light', 'dark'] as const;
  const pages = await Promise.all(schemes.map((colorScheme) => openPage(browser, colorScheme)));
  await sleep(LIVE_MS);
  for (const [name, path] of Object.entries(paths)) {
    if (name === 'config') writeFileSync(configFile, BROKEN_CONFIG);
    for (const [i, page] of pages.entries()) {
      // Inside of the page, so that its charts keep what they have seen.
      const place = JSON.stringify(path);
      await page.evaluate(`history.pushState(null, '', ${place}), dispatchEvent(new PopStateEvent('popstate'))`);
      await sleep(name === 'config' ? 3_000 : 1_500);
      await page.screenshot({ path: join(FOLDER, `${name}-${schemes[i]}.png`) });
      console.log(`${name}-${schemes[i]}.png`);
    }
  }
}

async function openPage(browser: Browser, colorScheme: 'light' | 'dark'): Promise<Page> {
  const page = await browser.newPage({ viewport: VIEWPORT, colorScheme, reducedMotion: 'reduce' });
  await page.goto(url);
  return page;
}
