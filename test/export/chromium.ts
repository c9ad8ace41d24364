import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

/** Background services would ask for hosts of the vendor's, at every start. */
const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export const launchChromium = (): Promise<Browser> => chromium.launch({ executablePath: '/usr/bin/chromium', args: QUIET });

/** A page opened from file://, and what went wrong on it. */
export interface Opened { page: Page; errors: string[]; requests: string[]; close(): Promise<void> }

export async function openPage(browser: Browser, html: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const dir = mkdtempSync(join(tmpdir(), 'whyslow-page-'));
  const file = join(dir, 'page.html');
  writeFileSync(file, html);
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, ...options });
  const page = await context.newPage();
  const [errors, requests]: [string[], string[]] = [[], []];
  page.on('pageerror', ({ message }) => errors.push(message));
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) errors.push(message.text()); });
  page.on('dialog', (dialog) => { errors.push(`dialog: ${dialog.message()}`); void dialog.dismiss(); });
  page.on('request', (request) => { if (!/^(data|file):/.test(request.url())) requests.push(request.url()); });
  await page.goto(pathToFileURL(file).href);
  return { page, errors, requests, close: async () => { await context.close(); rmSync(dir, { recursive: true, force: true }); } };
}
