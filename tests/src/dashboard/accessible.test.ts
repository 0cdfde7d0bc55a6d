import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../harness/chromium.ts';
import { Dashboard } from '../harness/dashboard.ts';
import { CLIP } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { freePort } from '../harness/ports.ts';
import { type RtmpSink, startRtmpSink } from '../harness/rtmp-sink.ts';

let sink: RtmpSink;
let fleet: Fleet;
let browser: Browser;
/** A push of each status that can be had without waiting long. */
let running: string;

beforeAll(async () => {
  [sink, browser] = await Promise.all([startRtmpSink(), launchChromium()]);
  const closed = `rtmp://127.0.0.1:${await freePort()}/live`;
  const config = `
    stream clip {
      title "A clip in a loop";
      input file://${CLIP};
      push ${sink.url}/running-key-0001 comment="to the sink";
      push ${sink.url}/paused-key-0002 disabled;
      push ${closed}/failing-key-0003 retry_timeout=300;
      push ${closed}/failed-key-0004 retry_limit=1;
    }
    stream studio { input publish://; push ${sink.url}/waiting-key-0005; }
  `;
  fleet = await startFleet({ config });
  const pushes = await fleet.api.pushes();
  const idOf = (end: string) => pushes.find(({ url }) => url.endsWith(end))!.id;
  running = idOf('0001');
  await fleet.api.waitForStatus(running, 'running');
  await fleet.api.waitForStatus(idOf('0003'), 'retry');
  await fleet.api.waitForStatus(idOf('0004'), 'error');
  await fleet.api.waitForStatus(idOf('0005'), 'waiting');
  await fleet.writeConfig(`${config}\nstream broken { psuh rtmp://a.example.com/live/key; push nothing; }\n`);
});
afterAll(async () => {
  await browser?.close();
  await fleet?.stop();
  await sink?.stop();
});

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await Dashboard.open(browser, fleet.scheduler.url, '/', { colorScheme });
  });
  afterAll(() => dashboard?.close());

  it.each([
    ['/', /Pushing/],
    ['/streams/clip', /A clip in a loop/],
    ['/streams/clip/output', /Failed\s*1 of 1/],
    ['/streams/clip/config', /stream clip/],
    ['/pushes', /Retrying/],
    ['/workers', /worker-1/],
    ['/errors', /refused/i],
    ['/events', /connect/i],
    ['/config', /psuh/],
    ['/nowhere', /no such page/],
    ['push', /Bitrate/i],
  ])('%s has nothing serious to be found by axe, and nothing that the browser complains of', async (page, sign) => {
    await dashboard.go(page === 'push' ? `/?push=${running}` : page);
    await dashboard.sees(dashboard.page.locator('body'), sign);
    expect(await dashboard.seriousIssues()).toEqual([]);
    expect(dashboard.complaints).toEqual([]);
  });
});

it('fits onto a phone: nothing is wider than the screen', async () => {
  const viewport = { width: 390, height: 844 };
  const dashboard = await Dashboard.open(browser, fleet.scheduler.url, '/', { viewport });
  for (const path of ['/', '/streams/clip/output', '/pushes', '/workers', '/errors', '/events', '/config']) {
    await dashboard.go(path);
    await dashboard.sees(dashboard.page.getByRole('main'), /./);
    const overhang = await dashboard.page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    expect({ path, overhang: Math.max(0, overhang) }).toEqual({ path, overhang: 0 });
  }
  expect(dashboard.complaints).toEqual([]);
  await dashboard.close();
});
