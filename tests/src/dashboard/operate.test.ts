import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../harness/chromium.ts';
import { Dashboard } from '../harness/dashboard.ts';
import { publishClip } from '../harness/ffmpeg.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';
import { type NginxRtmp, startNginxRtmp } from '../harness/nginx-rtmp.ts';
import { dumpRedis } from '../harness/redis-dump.ts';
import type { TestProcess } from '../harness/test-process.ts';
import { until } from '../harness/until.ts';

const KEY = 'a-secret-stream-key-0001';
/** Of a push that is never saved, and of an input. */
const TRIED = 'a-secret-that-is-typed-7777';
let nginx: NginxRtmp;
let fleet: Fleet;
let browser: Browser;
let dashboard: Dashboard;
let publisher: TestProcess;

beforeAll(async () => {
  [nginx, fleet, browser] = await Promise.all([startNginxRtmp(), startFleet({ workers: 2 }), launchChromium()]);
  // The browser itself tells of an input that is refused in its console.
  const expected = /\b400\b.*\/api\/v1\/streams\/studio\b/;
  dashboard = await Dashboard.open(browser, fleet.scheduler.url, '/', { expected });
});
afterAll(async () => {
  await browser?.close();
  await publisher?.stop();
  await fleet?.stop();
  await nginx?.stop();
});

/** The card of the push in the Output tab. */
const card = () => dashboard.push('0001');

// Each step begins where the one before has ended, as a person's would.
describe('an operator', () => {
  it('adds the first push by the form, and sees it wait for its source', async () => {
    const { page } = dashboard;
    const form = page.getByRole('form', { name: 'Add a push' });
    const named = (name: RegExp) =>
      form.getByRole('textbox', { name }).or(form.getByRole('combobox', { name })).first();
    await named(/^Stream/).fill('studio');
    await named(/^URL/).fill(`${nginx.url}/${KEY}`);
    await named(/^Retry timeout/).fill('4');
    await named(/^Limit/).fill('3');
    await form.getByRole('button', { name: 'Add push' }).click();
    await page.waitForURL(/\/streams\/studio\/output$/);
    await dashboard.sees(card(), 'No input');
    expect(await page.content()).not.toContain(KEY);
  });

  it('publishes, and sees it turn green with a bitrate', async () => {
    publisher = publishClip(`${fleet.worker('worker-1').rtmpUrl}/live/studio`);
    await dashboard.sees(card(), 'Pushing');
    await dashboard.sees(card(), /Bitrate [1-9][\d.,]* [kM]b\/s/i);
    await nginx.untilPublished(KEY);
  });

  it('watches the stream itself', async () => {
    const { page } = dashboard;
    await page.getByRole('tab', { name: 'Overview' }).click();
    await page.getByRole('button', { name: 'Play preview' }).click();
    const video = page.getByLabel('Preview of studio');
    const playedSeconds = () => video.evaluate((element) => (element as { currentTime?: number }).currentTime ?? 0);
    await until(async () => (await playedSeconds()) > 0.5, { what: 'the preview to play' });
    expect(await video.evaluate((element) => (element as { muted?: boolean }).muted)).toBe(true);
    await page.getByRole('button', { name: 'Stop the preview' }).click();
    await dashboard.sees(page.getByRole('main'), /h264/i);
    await page.getByRole('tab', { name: /Output/ }).click();
  });

  it('tests the target, which does not disturb the push', async () => {
    const { page } = dashboard;
    await card()
      .getByRole('button', { name: /Test target/ })
      .click();
    const dialog = page.getByRole('dialog', { name: 'Test target' });
    await dashboard.sees(dialog, /DNS ok.*TCP ok.*Handshake ok.*Publish skipped.*the push is on/i);
    await dialog.getByRole('button', { name: 'Close' }).click();
    await dashboard.sees(card(), 'Pushing');
  });

  it('tries a target before it is added, which saves nothing', async () => {
    const { page } = dashboard;
    await page.getByRole('button', { name: 'Add push' }).click();
    const form = page.getByRole('form', { name: 'Add a push' });
    await form.getByRole('textbox', { name: /^URL/ }).fill(`${nginx.url}/${TRIED}`);
    const test = form.getByRole('region', { name: 'Test of the target' });
    await form.getByRole('button', { name: 'Test target' }).click();
    await dashboard.sees(test, /DNS ok.*TCP ok.*Handshake ok.*Publish ok/i);
    expect(await test.innerText()).not.toContain(TRIED);
    await form.getByRole('textbox', { name: /^URL/ }).fill(`rtmp://127.0.0.1:1/live/${TRIED}`);
    await test.waitFor({ state: 'detached' });
    await form.getByRole('button', { name: 'Test target' }).click();
    await dashboard.sees(test, /TCP failed.*connect_refused.*Publish skipped/i);
    expect(await test.innerText()).not.toContain(TRIED);
    await form.getByRole('button', { name: 'Cancel' }).click();
    expect(await fleet.api.pushes()).toHaveLength(1);
  });

  it('edits the stream, and reads at the field what is wrong', async () => {
    const { page } = dashboard;
    await page.getByRole('tab', { name: 'Config' }).click();
    await page.getByRole('button', { name: 'Edit stream' }).click();
    const form = page.getByRole('form', { name: 'Edit stream' });
    await form.getByRole('textbox', { name: /^Title/ }).fill('Studio A');
    await form.getByRole('textbox', { name: /^Source timeout/ }).fill('7');
    await form.getByRole('textbox', { name: /^Inputs/ }).fill('publish://\ngopher://origin.example.com/x');
    await form.getByRole('button', { name: 'Save' }).click();
    await dashboard.sees(form, /gopher/);
    expect(await form.getByRole('textbox', { name: /^Inputs/ }).getAttribute('aria-invalid')).toBe('true');
    await form.getByRole('textbox', { name: /^Inputs/ }).fill(`publish://\nrtmp://origin.example.com/live/${TRIED}`);
    await form.getByRole('button', { name: 'Save' }).click();
    await form.waitFor({ state: 'detached' });
    await dashboard.sees(page.getByRole('main'), /Studio A.*input publish:\/\/; input rtmp:\S+\*\*\*7777;/);
    await page.getByRole('button', { name: 'Edit stream' }).click();
    await form.getByRole('textbox', { name: /^Comment/ }).fill('the input above stays what it is');
    await form.getByRole('button', { name: 'Save' }).click();
    await form.waitFor({ state: 'detached' });
    const stored = (await dumpRedis(fleet.redis.url)).entries().find(([key]) => key.endsWith(':studio'));
    expect(stored?.[1]).toContain(TRIED);
    expect(await page.content()).not.toContain(TRIED);
    await page.getByRole('tab', { name: /Output/ }).click();
    await dashboard.sees(card(), 'Pushing');
  });

  it('sees a target that is gone as amber, with a countdown and the reason, and then as red with the remedy', async () => {
    await nginx.kill();
    await dashboard.sees(card(), /Retrying\s*in [1-4] s · [12] of 3/);
    await dashboard.sees(card(), /refused|closed/i);
    await dashboard.sees(card(), /Failed\s*3 of 3/);
    await dashboard.sees(card(), 'Check that the target server runs');
    const count = dashboard.page.getByRole('button', { name: /Failed/ }).first();
    await dashboard.sees(count, /1\s*Failed/);
  });

  it('restarts it once the target is back', async () => {
    await nginx.restart();
    await card()
      .getByRole('button', { name: /Restart push/ })
      .click();
    await dashboard.sees(card(), 'Pushing');
  });

  it('pauses and resumes it', async () => {
    const enable = card().getByRole('switch', { name: /Enable push/ });
    await enable.click({ force: true });
    await dashboard.sees(card(), /Paused.*paused by/i);
    await nginx.untilGone(KEY);
    await enable.click({ force: true });
    await dashboard.sees(card(), 'Pushing');
  });

  it('does things to many pushes at once, and is asked before they are removed', async () => {
    const { page } = dashboard;
    for (const key of ['stream-key-number-0002', 'stream-key-number-0003'])
      await fleet.api.createPush({ stream: 'studio', url: `${nginx.url}/${key}` });
    await dashboard.visit('Pushes');
    for (const end of ['0002', '0003']) {
      await dashboard.sees(dashboard.push(end), 'Pushing');
      await dashboard.push(end).getByRole('checkbox').check({ force: true });
    }
    const bar = page.getByRole('region', { name: 'Selected pushes' });
    await dashboard.sees(bar, '2 pushes selected');
    await bar.getByRole('button', { name: 'Pause' }).click();
    for (const end of ['0002', '0003']) await dashboard.sees(dashboard.push(end), 'Paused');
    await dashboard.sees(dashboard.push('0001'), 'Pushing');
    await bar.getByRole('button', { name: 'Resume' }).click();
    for (const end of ['0002', '0003']) await dashboard.sees(dashboard.push(end), 'Pushing');
    await bar.getByRole('button', { name: 'Remove' }).click();
    await page
      .getByRole('dialog', { name: 'Remove 2 pushes?' })
      .getByRole('button', { name: 'Remove 2 pushes' })
      .click();
    for (const end of ['0002', '0003']) await dashboard.push(end).waitFor({ state: 'detached' });
    expect(await fleet.api.pushes()).toHaveLength(1);
  });

  it('drains a worker, and watches its pushes move', async () => {
    const { page } = dashboard;
    const worker = (await fleet.api.pushes())[0]!.worker!;
    const other = worker === 'worker-1' ? 'worker-2' : 'worker-1';
    await dashboard.visit('Workers');
    await page.getByRole('button', { name: `Drain ${worker}` }).click();
    const dialog = page.getByRole('dialog', { name: `Drain ${worker}?` });
    await dialog.getByRole('button', { name: 'Drain and move 1 push' }).click();
    await dashboard.sees(page.getByRole('listitem', { name: `Worker ${other}` }), /1 \/ /);
    await dashboard.visit('Pushes');
    await dashboard.sees(dashboard.push('0001'), new RegExp(`Pushing.*${other}`));
    await fleet.api.undrain(worker);
  });

  it('sees an error of the config file at its place, without the secrets of the line', async () => {
    const { page } = dashboard;
    const secret = 'a-secret-stream-key-9999';
    await fleet.writeConfig(
      `stream file {\n  input publish://;\n  push rtmp://a.example.com/live/${secret} retry_limit=many;\n}\n`,
    );
    await dashboard.sees(page.getByRole('link', { name: /1 error/ }), '1 error');
    await dashboard.visit('Config');
    const diagnostic = page.getByRole('list', { name: 'Diagnostics' }).getByRole('button');
    await dashboard.sees(diagnostic, /3:\d+ error .*retry_limit/);
    await dashboard.sees(page.getByRole('main'), /push rtmp:.*\*\*\*9999 retry_limit=many;/);
    await dashboard.sees(page.locator('.conf-place').first(), 'many');
    await dashboard.sees(page.locator('.conf-carets').first(), '^');
    expect(await page.content()).not.toContain(secret);
    await fleet.writeConfig('');
  });

  it('has given the browser nothing to complain of', () => {
    expect(dashboard.complaints).toEqual([]);
  });
});
