/** The page in a real browser: what it shows, not what its markup says. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { buildPages } from '../../scripts/build-pages.mjs';
import { flameAssets } from '../../src/cli/flame-assets.js';
import { flameHtml } from '../../src/export/flame-html.js';
import { requires } from '../require.js';
import { launchChromium, openPage } from '../export/chromium.js';
import { distinct, frame, profile, server, stack } from '../export/stacks.js';

/** d3 lets frames grow when they are first drawn. */
const GROWN_MS = 500;

/** Names of the frames by their width in pixels, the widest first; the root left out. */
const widest = (page: Page): Promise<string[]> => page.locator('g.frame').evaluateAll((all) => all
  .map((element) => ({ name: element.getAttribute('name') ?? '', px: element.querySelector('rect')?.getBoundingClientRect().width ?? 0 }))
  .sort((a, b) => b.px - a.px).map(({ name }) => name).slice(1));

const found = (page: Page, words: string): Promise<void> => expect.poll(() => page.locator('.flame-found').textContent(), { timeout: 10_000 }).toContain(words);

describe.skipIf(requires('chromium').skip)('the flame graph page', { timeout: 60_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    expect(buildPages()).toBe(true);
    browser = await launchChromium();
  }, 120_000);
  afterAll(() => browser?.close());

  it('opens from file:// without an error or a request, and the hot function is the widest that has time of its own', async () => {
    const { page, errors, requests, close } = await openPage(browser, flameHtml(server(), flameAssets()));
    expect((await widest(page)).slice(0, 3)).toEqual(['(program)', 'handle', 'renderRows']);
    expect(await page.locator('.flame-legend li').allTextContents()).toEqual(['JavaScript', 'native', 'kernel', 'garbage collection']);
    expect([errors, requests]).toEqual([[], []]);
    await close();
  });

  it('tells name, place, time and share at the pointer', async () => {
    const { page, close } = await openPage(browser, flameHtml(server(), flameAssets()));
    await page.locator('g.frame[name="renderRows"]').hover();
    expect(await page.locator('.flame-tip div').allTextContents()).toEqual([
      'renderRows', '/srv/rows.js:4', 'js', '750 ms, 83.3% of all; 7.50 ms a request', 'itself 600 ms, 66.7%',
    ]);
    await close();
  });

  it('finds by name and by file, counts time once, and lets go again', async () => {
    const { page, close } = await openPage(browser, flameHtml(server(), flameAssets()));
    await page.fill('.flame-search', 'ROWS');
    await found(page, '1 frame, 83.3%');
    expect(await page.locator('g.flame-hit').evaluateAll((all) => all.map((one) => one.getAttribute('name')))).toEqual(['renderRows']);
    await page.press('.flame-search', 'Escape');
    expect(await page.locator('g.flame-hit').count()).toBe(0);
    await page.fill('.flame-search', '(*[');
    await found(page, '0 frames, 0.00%');
    await close();
  });

  it('zooms by click and by keyboard, and back', async () => {
    const { page, errors, close } = await openPage(browser, flameHtml(server(), flameAssets()));
    const widthOf = (name: string): Promise<number> => page.locator(`g.frame[name="${name}"] rect`).evaluate((rect) => rect.getBoundingClientRect().width);
    await page.waitForTimeout(GROWN_MS);
    const before = await widthOf('toFixed');
    await page.locator('g.frame[name="toFixed"]').click();
    await expect.poll(() => widthOf('toFixed')).toBeGreaterThan(before * 4);
    await page.click('.flame-reset');
    await expect.poll(() => widthOf('toFixed')).toBeCloseTo(before, 1);

    await page.focus('.flame-search');
    await page.keyboard.press('Tab');
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowRight']) await page.keyboard.press(key);
    expect(await page.evaluate(`document.activeElement?.getAttribute('name')`)).toBe('end');
    expect(await page.locator('.flame-tip').isVisible()).toBe(true);
    await page.waitForTimeout(GROWN_MS);
    const end = await widthOf('end');
    await page.keyboard.press('Enter');
    await expect.poll(() => widthOf('end')).toBeGreaterThan(end * 4);
    await page.keyboard.press('Escape');
    await expect.poll(() => widthOf('end')).toBeCloseTo(end, 1);
    expect(errors).toEqual([]);
    await close();
  });

  it('shows hostile names as text', async () => {
    const hostile = ['<img src=x onerror=alert(1)>', '</script><script>alert(2)</script>', '\u001b[31mred\u001b[0m', '\u202eturned', 'x'.repeat(10_000), '"><svg onload=alert(3)>', '<!--<script>', '&lt;b&gt;', '__proto__'];
    const stacks = hostile.map((name, at) => stack([frame('main'), { name, kind: 'js', file: name, line: 1 }], 100 - at, { thread: name }));
    const { page, errors, requests, close } = await openPage(browser, flameHtml(profile(stacks), flameAssets()));
    const names = await page.locator('g.frame').evaluateAll((all) => all.map((one) => one.querySelector('div')?.textContent ?? ''));
    for (const text of [hostile[0], hostile[1], '\\x1b[31mred\\x1b[0m', '\\u{202e}turned', hostile[5], hostile[6], hostile[7], hostile[8]]) expect(names).toContain(text);
    await page.locator(`g.frame >> nth=3`).hover();
    expect(await page.locator('img, .flame svg svg, .flame-chart script').count()).toBe(0);
    expect([errors, requests]).toEqual([[], []]);
    await close();
  });

  it('compares two runs: what takes longer is red, what takes less is blue, what went away is there in the other\'s widths', async () => {
    const before = profile([stack('main;slow', 900), stack('main;gone', 100), stack('main;same', 200)], { requests: 1000 });
    const now = profile([stack('main;slow', 100), stack('main;grown', 200), stack('main;same', 40)], { requests: 200 });
    const { page, errors, close } = await openPage(browser, flameHtml(now, flameAssets(), { other: before }));
    const colorOf = (name: string): Promise<number[]> => page.locator(`g.frame[name="${name}"] rect`).evaluate((rect) => (rect.getAttribute('fill') ?? '').match(/\d+/g)?.map(Number) ?? []);
    const [slow, grown, same] = [await colorOf('slow'), await colorOf('grown'), await colorOf('same')];
    expect(slow[2]).toBeGreaterThan(slow[0]! + 50);
    expect(grown[0]).toBeGreaterThan(grown[2]! + 50);
    expect(same[0]).toBe(same[2]);
    expect(await page.locator('g.frame[name="gone"]').count()).toBe(0);
    await page.click('.flame-swap');
    expect(await page.locator('g.frame[name="gone"]').count()).toBe(1);
    expect(errors).toEqual([]);
    await close();
  });

  it('is dark where the system is', async () => {
    const { page, close } = await openPage(browser, flameHtml(server(), flameAssets()), { colorScheme: 'dark' });
    expect(await page.evaluate(`getComputedStyle(document.body).backgroundColor`)).toBe('rgb(22, 24, 27)');
    await close();
  });

  it('draws 100,000 distinct stacks in less than 3 s, and searches and zooms in them', { retry: 2, timeout: 120_000 }, async () => {
    const html = flameHtml(distinct(100_000), flameAssets());
    const startedMs = performance.now();
    const { page, errors, close } = await openPage(browser, html);
    await page.locator('g.frame').first().waitFor();
    const drawnMs = performance.now() - startedMs;
    await page.fill('.flame-search', 'handleSomething_');
    await found(page, ', 100.0%');
    await page.locator('g.frame >> nth=5').click();
    expect(errors).toEqual([]);
    process.stderr.write(`100,000 stacks: ${(html.length / 2 ** 20).toFixed(1)} MiB, drawn ${Math.round(drawnMs)} ms after it was asked for\n`);
    expect(drawnMs).toBeLessThan(3000);
    await close();
  });
});
