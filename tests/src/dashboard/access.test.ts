import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium } from '../harness/chromium.ts';
import { Dashboard } from '../harness/dashboard.ts';
import { type Fleet, startFleet } from '../harness/fleet.ts';

const TOKEN = 'a-token-that-nobody-guesses';
let fleet: Fleet;
let browser: Browser;
beforeAll(async () => {
  [fleet, browser] = await Promise.all([
    startFleet({ workers: 0, schedulerEnv: { PUSHFLEET_TOKEN: TOKEN } }),
    launchChromium(),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await fleet?.stop();
});

it.each(['light', 'dark'] as const)('refuses a wrong token and takes the right one, in %s', async (colorScheme) => {
  // The browser itself tells of each 401 in its console.
  const dashboard = await Dashboard.open(browser, fleet.scheduler.url, '/workers', {
    colorScheme,
    expected: /\b401\b/,
  });
  const { page } = dashboard;
  const login = page.getByRole('form', { name: 'Log in' });
  await login.waitFor();
  expect(await dashboard.seriousIssues()).toEqual([]);
  await login.getByLabel('Token', { exact: true }).fill('wrong');
  await login.getByRole('button', { name: 'Log in' }).click();
  await dashboard.sees(login, /token is wrong/i);
  await login.getByLabel('Token', { exact: true }).fill(TOKEN);
  await login.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('heading', { name: 'Workers' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Workers' }).waitFor();
  expect(await page.evaluate('document.cookie + JSON.stringify({ ...localStorage })')).not.toContain(TOKEN);
  await page.getByRole('button', { name: 'Log out' }).click();
  await login.waitFor();
  expect(dashboard.complaints).toEqual([]);
  await dashboard.close();
});
