import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { until } from './until.ts';

export type ColorScheme = 'light' | 'dark';

export interface DashboardOptions {
  readonly colorScheme?: ColorScheme;
  readonly viewport?: { readonly width: number; readonly height: number };
  /** Complaints that the test provokes. */
  readonly expected?: RegExp;
}

/** Breaches of the policy are told in the console too, but not by every way that something may load. */
const TELL_VIOLATIONS = `addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
  console.error('policy violated: ' + violatedDirective + ' ' + blockedURI));`;

/** The dashboard in a browser, as a person uses it: things are found by role and label. */
export class Dashboard {
  readonly page: Page;
  /** What the browser has complained of: errors, breaches of the policy, requests to other hosts. */
  readonly complaints: string[] = [];
  readonly #context: BrowserContext;
  readonly #origin: string;

  private constructor(context: BrowserContext, page: Page, origin: string, expected: RegExp | undefined) {
    this.#context = context;
    this.#origin = origin;
    this.page = page;
    const complain = (text: string) => expected?.test(text) || this.complaints.push(text);
    page.on('console', (message) => {
      const { url } = message.location();
      if (message.type() === 'error') complain(`console: ${message.text()} (${url})`);
    });
    page.on('pageerror', (error) => complain(`error: ${error.stack ?? error.message}`));
    page.on('request', (request) => {
      const { protocol, origin: to } = new URL(request.url());
      if (/^https?:$/.test(protocol) && to !== origin) complain(`request to another host: ${request.url()}`);
    });
  }

  static async open(browser: Browser, url: string, path = '/', options: DashboardOptions = {}): Promise<Dashboard> {
    const { colorScheme = 'light', viewport = { width: 1280, height: 800 }, expected } = options;
    const context = await browser.newContext({ colorScheme, viewport, reducedMotion: 'reduce' });
    context.setDefaultTimeout(60_000);
    const page = await context.newPage();
    await page.addInitScript(TELL_VIOLATIONS);
    const dashboard = new Dashboard(context, page, new URL(url).origin, expected);
    await dashboard.go(path);
    return dashboard;
  }

  /** Loads a page of the dashboard. */
  async go(path: string): Promise<void> {
    await this.page.goto(this.#origin + path);
    if ((await this.page.title()) === 'Pushfleet' && (await this.page.content()).includes('npm run build'))
      throw new Error('the dashboard is not built: npm run build');
  }

  /** Goes on to a page as a click on its link would. */
  async visit(label: string): Promise<void> {
    await this.page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: label }).click();
  }

  /** The card or row of the push whose URL ends so: keys are masked up to their last four characters. */
  push(end: string): Locator {
    const name = new RegExp(`^Push (of .* )?to .*${RegExp.escape(end)}$`);
    return this.page.getByRole('listitem', { name }).or(this.page.getByRole('row', { name }));
  }

  /** Resolves when the element has the text; a string in whatever case, since styles change it. */
  async sees(element: Locator, text: string | RegExp, timeoutMs = 60_000): Promise<void> {
    let last = '';
    const matches = async () => {
      last = (await element.innerText({ timeout: 1_000 })).replace(/\s+/g, ' ');
      return typeof text === 'string' ? last.toLowerCase().includes(text.toLowerCase()) : text.test(last);
    };
    await until(matches, { what: () => `${element} to say ${text}; it says: ${last}`, timeoutMs });
  }

  /** What axe finds that is serious, as `rule: element`. */
  async seriousIssues(): Promise<string[]> {
    // There are no frames: without legacy mode axe opens a page of its own each time, which takes four times as long.
    const axe = new AxeBuilder({ page: this.page }).setLegacyMode().options({ resultTypes: ['violations'] });
    const { violations } = await axe.analyze();
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    return serious.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`),
    );
  }

  async close(): Promise<void> {
    await this.#context.close();
  }
}
