import { setTimeout as sleep } from 'node:timers/promises';
import type { PushReport } from '@pushfleet/contract';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { request } from 'undici';
import { launchChromium } from '../src/harness/chromium.ts';
import { until } from '../src/harness/until.ts';
import { BenchFleet, cpuPercent } from './bench-fleet.ts';
import { round } from './measure/statistics.ts';
import { defineBenchmark } from './runner/benchmark.ts';
import { integer } from './runner/option.ts';
import { SimulatedReports, simulatedReport, simulatedWorker } from './simulated-reports.ts';

const PUSHES_PER_STREAM = 20;
const HOSTS = 50;
const WORKERS = 8;
/** The begin of the page and of the fleet is over after this. */
const SETTLE_MS = 15_000;
/** A scheduler that nobody reads works nothing out for the page any more after this. */
const FEED_RESTS_MS = 32_000;
/** Bars of the dashboard. */
const FIRST_LIST_MS = 1_000;
const SCRIPT_PERCENT = 10;
const HEAP_GROWTH = 1.15;

/** Notes when the first stream is on the page, by the page's own clock. */
const WATCH_FIRST_LIST = `new MutationObserver((_, observer) => {
  if (document.querySelector('li[aria-label^="Stream "]') === null) return;
  globalThis.firstListMs = performance.now();
  observer.disconnect();
}).observe(document, { childList: true, subtree: true });`;

interface FirstList {
  /** From the start of the navigation. */
  readonly ms: number;
  readonly afterLoadMs: number;
}

interface PageReading {
  readonly atMs: number;
  /** Seconds since the page began. */
  readonly script: number;
  readonly layoutAndStyle: number;
  readonly task: number;
  readonly heapMb: number;
}

export const dashboard = defineBenchmark({
  name: 'dashboard',
  summary:
    'the dashboard in Chromium with many pushes that all change once a second: first list, scripting, heap, cost of the feed',
  options: {
    pushes: integer(10_000, 'How many; what workers would say of them is simulated in Redis, API and feed are real.'),
    seconds: integer(300, 'How long the page is watched.', 10),
    loads: integer(
      5,
      'How often the page is loaded by a browser that has nothing of it yet, each time when nobody has read the feed for long.',
    ),
  },
  async run({ pushes, seconds, loads }) {
    const fleet = await BenchFleet.start(0);
    const reports = new SimulatedReports(fleet.redisUrl, fleet.url);
    let browser: Browser | undefined;
    try {
      await fleet.configure(config(pushes));
      await reports.addWorkers(workers(pushes));
      const next = changingReports((await reports.pushes()).map(({ id }) => id));
      await reports.write(next());
      reports.keepWriting(next);
      await sleep(SETTLE_MS); // what so many new pushes have stirred up
      const idleCpu = await schedulerPercent(fleet, 10_000);

      const firstLists: FirstList[] = [];
      const reloads: FirstList[] = [];
      for (let load = 0; load < loads; load++) {
        browser = await launchChromium();
        const page = await openPage(browser);
        await sleep(FEED_RESTS_MS); // by then the browser has nothing to do with its own start any more
        firstLists.push(await loadPage(page, fleet.url));
        await sleep(SETTLE_MS / 3);
        reloads.push(await loadPage(page, fleet.url));
        await browser.close();
      }
      browser = await launchChromium();
      const page = await openPage(browser);
      await loadPage(page, fleet.url);
      await sleep(SETTLE_MS);
      const session = await page.context().newCDPSession(page);
      await session.send('Performance.enable');
      const readings = [await readPage(session)];
      const feedCpu = schedulerPercent(fleet, seconds * 1_000);
      for (let part = 0; part < 5; part++) {
        await sleep((seconds * 1_000) / 5);
        readings.push(await readPage(session));
      }
      const schedulerCpu = await feedCpu;
      const feed = await measureFeed(fleet.url, 5_000);
      const [first, last] = [readings[0]!, readings.at(-1)!];
      const percent = (of: 'script' | 'layoutAndStyle' | 'task') =>
        round((100_000 * (last[of] - first[of])) / (last.atMs - first.atMs), 1);
      const slowest = Math.round(Math.max(...firstLists.map(({ ms }) => ms)));
      const growth = round(last.heapMb / first.heapMb, 2);
      return {
        tables: [
          {
            title: `${pushes} pushes, all of them changing once a second, for ${seconds} s`,
            columns: ['figure', 'value'],
            rows: [
              [
                'first list, ms from the start of the navigation, nothing of it in the cache',
                inMs(firstLists.map(({ ms }) => ms)),
              ],
              ['of that after the load event of the page, ms', inMs(firstLists.map(({ afterLoadMs }) => afterLoadMs))],
              ['the same when loaded again, ms', inMs(reloads.map(({ ms }) => ms))],
              ['scripting, % of a core', percent('script')],
              ['layout and style, % of a core', percent('layoutAndStyle')],
              ['all tasks of the page, % of a core', percent('task')],
              ['heap after garbage collection, MB', readings.map(({ heapMb }) => heapMb).join(', ')],
              ['scheduler with the feed, % of a core', schedulerCpu],
              ['scheduler without a client, % of a core', idleCpu],
              ['snapshot, kB', feed.snapshotKb],
              ['feed, kB/s', feed.kbPerSecond],
            ],
          },
        ],
        bars: [
          { what: 'first list, ms', value: slowest, atMost: FIRST_LIST_MS },
          { what: 'scripting, % of a core', value: percent('script'), atMost: SCRIPT_PERCENT },
          { what: 'heap at the end by heap at the begin', value: growth, atMost: HEAP_GROWTH },
        ],
        data: { firstLists, reloads, readings, schedulerCpu, idleCpu, feed },
      };
    } finally {
      await browser?.close();
      reports.stop();
      await fleet.stop();
    }
  },
});

function config(pushes: number): string {
  const streams: string[] = [];
  for (let first = 0; first < pushes; first += PUSHES_PER_STREAM) {
    const count = Math.min(PUSHES_PER_STREAM, pushes - first);
    const lines = Array.from({ length: count }, (_, i) => {
      const host = `target-${(first + i) % HOSTS}.example.com`;
      return `push rtmp://${host}/live/stream-key-of-push-${first + i};`;
    });
    streams.push(`stream channel-${first / PUSHES_PER_STREAM} { input publish://; ${lines.join(' ')} }`);
  }
  return streams.join('\n');
}

function workers(pushes: number) {
  const held = Math.ceil(pushes / WORKERS);
  return Array.from({ length: WORKERS }, (_, i) =>
    simulatedWorker(`worker-${i + 1}`, { held, egressBps: held * 4_000_000 }),
  );
}

/** Gives all reports, other ones with each call: bitrate, bytes, lag and queue of each push differ from the second before. */
function changingReports(ids: readonly string[]): () => PushReport[] {
  let second = 0;
  return () => {
    second++;
    return ids.map((id, i) =>
      simulatedReport(id, `worker-${(i % WORKERS) + 1}`, {
        bitrate_bps: 4_000_000 + ((i * 7_919 + second * 104_729) % 400_000),
        bytes: second * 500_000 + i,
        frames: second * 50,
        lag_ms: (i + second * 13) % 90,
        queue_bytes: (i * 31 + second * 977) % 40_000,
      }),
    );
  };
}

async function openPage(browser: Browser): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.addInitScript(WATCH_FIRST_LIST);
  return page;
}

/** Milliseconds from the begin of the navigation to the first stream on the page. */
async function loadPage(page: Page, url: string): Promise<FirstList> {
  await page.goto(url);
  await page
    .getByRole('listitem', { name: /^Stream / })
    .first()
    .waitFor();
  const ms = await page.evaluate<number>('globalThis.firstListMs');
  const loadedMs = await page.evaluate<number>('performance.getEntriesByType("navigation")[0].loadEventEnd');
  return { ms, afterLoadMs: ms - loadedMs };
}

const inMs = (times: readonly number[]): string => times.map(Math.round).join(', ');

async function readPage(session: CDPSession): Promise<PageReading> {
  await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.getMetrics');
  const value = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? 0;
  return {
    atMs: performance.now(),
    script: value('ScriptDuration'),
    layoutAndStyle: value('LayoutDuration') + value('RecalcStyleDuration'),
    task: value('TaskDuration'),
    heapMb: round(value('JSHeapUsedSize') / 1e6, 1),
  };
}

/** Percent of one core that the scheduler needs from now on. */
async function schedulerPercent(fleet: BenchFleet, ms: number): Promise<number> {
  const before = await fleet.read();
  await sleep(ms);
  return round(cpuPercent(before, await fleet.read()).scheduler, 1);
}

/** What one reader gets. */
async function measureFeed(url: string, ms: number): Promise<{ snapshotKb: number; kbPerSecond: number }> {
  const snapshot = await request(`${url}/api/v1/live`);
  const { byteLength } = await snapshot.body.arrayBuffer();
  const { body } = await request(`${url}/api/v1/events?live=1`, {
    headers: { accept: 'text/event-stream' },
    bodyTimeout: 0,
  });
  let bytes = 0;
  body
    .on('error', () => {})
    .on('data', (part: Buffer) => {
      bytes += part.length;
    });
  await until(() => bytes >= byteLength, { what: 'a snapshot' });
  await sleep(1_500); // the rest of it
  const before = bytes;
  await sleep(ms);
  const kbPerSecond = Math.round((bytes - before) / ms);
  body.destroy();
  return { snapshotKb: Math.round(byteLength / 1_000), kbPerSecond };
}
