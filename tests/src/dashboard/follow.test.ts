import { readFile } from 'node:fs/promises';
import type { FleetEvent } from '@pushfleet/contract';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../harness/chromium.ts';
import { Dashboard } from '../harness/dashboard.ts';
import { CLIP } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { freePort } from '../harness/ports.ts';
import { type RtmpSink, startRtmpSink } from '../harness/rtmp-sink.ts';
import { until } from '../harness/until.ts';

const KEY = 'a-secret-stream-key-0001';
let sink: RtmpSink;
let fleet: Fleet;
let browser: Browser;
let dashboard: Dashboard;
let config: string;
let running: string;

beforeAll(async () => {
  [sink, browser] = await Promise.all([startRtmpSink(), launchChromium()]);
  config = `stream clip {
  input file://${CLIP};
  push ${sink.url}/${KEY};
  push rtmp://127.0.0.1:${await freePort()}/live/a-secret-stream-key-0002 retry_limit=1;
}
`;
  fleet = await startFleet({ config });
  const pushes = await fleet.api.pushes();
  running = pushes.find(({ url }) => url.endsWith('0001'))!.id;
  await fleet.api.waitForStatus(running, 'running');
  await fleet.api.waitForStatus(pushes.find(({ url }) => url.endsWith('0002'))!.id, 'error');
  dashboard = await Dashboard.open(browser, fleet.scheduler.url, '/events');
});
afterAll(async () => {
  await browser?.close();
  await fleet?.stop();
  await sink?.stop();
});

const button = (name: RegExp | string) => dashboard.page.getByRole('button', { name, exact: typeof name === 'string' });

describe('the events', () => {
  const items = () => dashboard.page.getByRole('list', { name: 'Events' }).getByRole('listitem');
  const levels = () => items().evaluateAll((all) => all.map((item) => item.getAttribute('data-level')));
  /** What is shown of the newest one. */
  const newest = () => items().first().innerText();

  it('are narrowed to problems by a button, and a link shows the same', async () => {
    const { page } = dashboard;
    await until(async () => (await levels()).includes('good'), { what: 'events that are no problems' });
    await button('Problems only').click();
    const isProblem = (level: string | null) => level === 'problem' || level === 'warning';
    await until(async () => (await levels()).length > 0 && (await levels()).every(isProblem), {
      what: 'nothing but problems',
    });
    expect(await button('Problems only').getAttribute('aria-pressed')).toBe('true');
    expect(new URL(page.url()).searchParams.get('level')).toBe('problems');
    await page.reload();
    await until(async () => (await levels()).length > 0 && (await levels()).every(isProblem), {
      what: 'the problems after a reload',
    });
    await button('Problems only').click();
    await until(async () => !(await levels()).every(isProblem), { what: 'all events again' });
  });

  it('stand still while they are paused, count what is new, and go on', async () => {
    await button('Pause').click();
    const before = await newest();
    await fleet.api.pause(running);
    await button(/^\d+ new, show/).waitFor();
    expect(await newest()).toBe(before);
    await button('Resume').click();
    await until(async () => (await newest()) !== before, { what: 'the list to go on' });
    await dashboard.sees(dashboard.page.getByRole('list', { name: 'Events' }), /paused|disabled/i);
    await fleet.api.resume(running);
    await fleet.api.waitForStatus(running, 'running');
  });

  it('are downloaded as they are shown, oldest first, one JSON object a line, without secrets', async () => {
    const { page } = dashboard;
    await button('Pause').click();
    const shown = Number(/(\d+) events?/.exec(await page.getByRole('main').innerText())?.[1]);
    const all = await downloaded();
    expect(all).toHaveLength(shown);
    expect(shown).toBeGreaterThan(4);
    expect(all.map(({ at }) => at)).toEqual(all.map(({ at }) => at).toSorted());
    await button('Problems only').click();
    const failure = expect.objectContaining({ event: 'push_error', stream: 'clip', cause: 'connect_refused' });
    expect(await downloaded()).toEqual([failure]);
    expect(all).toContainEqual(failure);
  });

  async function downloaded(): Promise<(FleetEvent & { id: string })[]> {
    const [download] = await Promise.all([dashboard.page.waitForEvent('download'), button('JSONL').click()]);
    expect(download.suggestedFilename()).toMatch(/^pushfleet-events-[\dT-]+\.jsonl$/);
    const text = await readFile(await download.path(), 'utf8');
    expect(text).not.toContain('a-secret-stream-key');
    const lines = text.split('\n');
    expect(lines.pop()).toBe('');
    return lines.map((line) => JSON.parse(line));
  }
});

describe('the differences of the config file', () => {
  it('are those that Redis could not take over yet, line by line, and go when it has', async () => {
    const { page } = dashboard;
    await dashboard.go('/config?tab=differences');
    const main = page.getByRole('main');
    await dashboard.sees(main, 'What runs is what was read last');
    fleet.redis.freeze();
    try {
      const changed = config.replace(KEY, `${KEY} retry_limit=7`).replace(/^.*0002.*\n/m, '');
      await fleet.writeConfig(`${changed}stream added { input publish://; }\n`);
      const differences = page.getByRole('list', { name: 'Differences' });
      await dashboard.sees(differences, /changed\s*push of clip/i);
      await dashboard.sees(
        differences,
        /removed: push rtmp:\S+\*\*\*0001; ?\+? ?added: push rtmp:\S+\*\*\*0001 retry_limit=7;/,
      );
      await dashboard.sees(differences, /would be removed\s*push of clip/i);
      await dashboard.sees(differences, /would be added\s*stream added/i);
      await dashboard.sees(page.getByRole('tab', { name: /Differences/ }), 'Differences (3)');
      expect(await page.content()).not.toContain('a-secret-stream-key');
      expect(await dashboard.seriousIssues()).toEqual([]);
    } finally {
      fleet.redis.thaw();
    }
    await dashboard.sees(main, 'What runs is what was read last');
    expect((await fleet.api.push(running)).retry_limit).toBe(7);
  });
});

it('has given the browser nothing to complain of', () => {
  expect(dashboard.complaints).toEqual([]);
});
