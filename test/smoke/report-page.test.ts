/** The page in a real browser: what it shows and does, not what its markup says. */
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPages } from '../../scripts/build-pages.mjs';
import { pageAssets } from '../../src/cli/page-assets.js';
import { pageFlame } from '../../src/cli/page-flame.js';
import { renderHtml } from '../../src/report/html/page.js';
import { reportOf, stacksOf, timelineOf } from '../../src/run.js';
import type { FailedPath, Gathered, Report, TimelineFact, TimelineSeries } from '../../src/types.js';
import { launchChromium, openPage } from '../export/chromium.js';
import { sample } from '../report/samples.js';
import { requires } from '../require.js';

/** Of a run of 30 s. */
const MOST_BYTES = 1.5e6;
const RUN = fileURLToPath(new URL('../../fixtures/runs/node-hot-function', import.meta.url));
const HOSTILE = `<img src=x onerror="document.title='owned'">\u001b[2J${'x'.repeat(10_000)}`;

const pageOf = (report: Report, timeline: Gathered<TimelineFact>): string => renderHtml(report, timeline, pageAssets());

/** 30 s in slices of 250 ms: as many series as there are charts, and a stall a second. */
function longTimeline(): Gathered<TimelineFact> {
  const charts: [TimelineSeries['chart'], TimelineSeries['unit']][] = [
    ['rate', 'req/s'], ['latency', 'ms'], ['errors', 'a second'], ['loop', 'ms'], ['loop-busy', 'share'], ['gc', 'share'], ['cpu', 'cores'],
    ['run-queue', 'threads'], ['syscalls', 'a second'], ['failed-lookups', 'a second'], ['queues', 'sockets'], ['memory', 'MB'],
  ];
  const points = Array.from({ length: 120 }, (_, i) => ({ startNs: i * 0.25e9, endNs: (i + 1) * 0.25e9, value: 1000 + ((i * 7919) % 997) / 3 }));
  const stalls = Array.from({ length: 30 }, (_, i) => ({
    pid: 1, tid: 1, startNs: i * 1e9 + 0.4e9, lengthNs: 80e6, source: 'node' as const, cause: 'cpu' as const, syscall: null, gcMs: 1, sampledBy: 'profile' as const,
    culprit: { name: HOSTILE, file: HOSTILE, line: 3, kind: 'js' as const, origin: 'app' as const, package: null },
    functions: [{ frame: { name: i === 7 ? 'rebuildIndex' : HOSTILE, file: null, line: null, kind: 'js' as const, origin: 'app' as const, package: null }, ms: 70 }],
  }));
  return { ok: true, value: { startNs: 0, endNs: 30e9, absent: [{ chart: 'gc', why: HOSTILE, enable: null }], stalls, series: charts.flatMap(([chart, unit]) => [0, 1].map((n): TimelineSeries => ({ chart, unit, kind: 'slices', label: `line ${n}`, points }))) } };
}

const failed = (path: string, i: number): FailedPath => ({ path, errno: 'ENOENT', syscall: 'openat', phase: i % 2 ? 'startup' : 'serving', calls: i, perRequest: null, truncated: false });
function hostileReport(): Report {
  const clean = sample('stalls');
  return {
    ...clean, target: { ...clean.target, command: ['node', HOSTILE] }, verdict: { ...clean.verdict, summary: HOSTILE },
    failedPaths: [...Array.from({ length: 3000 }, (_, i) => failed(`/usr/lib/python3/dist-packages/some/package/module_${i}.cpython-311-x86_64-linux-gnu.so`, i)), failed(HOSTILE, 9999)],
  };
}

const range = (page: Page): Promise<string | null> => page.textContent('.range');
/** Pixels of a chart that are not its background. */
const inked = (page: Page, chart: string): Promise<number> => page.locator(`#chart-${chart} canvas`).evaluate((canvas) => {
  const { data } = (canvas as unknown as { getContext(kind: '2d'): { getImageData(...at: number[]): { data: Uint8ClampedArray } } }).getContext('2d')
    .getImageData(80, 5, (canvas as unknown as { width: number }).width - 100, 80);
  return data.filter((byte, i) => i % 4 === 3 && byte > 200).length;
});

describe.skipIf(requires('chromium').skip)('the page of a report', { timeout: 60_000 }, () => {
  let browser: Browser;
  beforeAll(async () => { browser = await launchChromium(); }, 60_000);
  afterAll(() => browser?.close(), 60_000);

  it('of a real run opens from file:// without an error or a request, and draws', async () => {
    const html = pageOf(reportOf(RUN), timelineOf(RUN));
    expect(Buffer.byteLength(html)).toBeLessThan(MOST_BYTES);
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, errors, requests, close } = await openPage(browser, html, { colorScheme });
      expect([errors, requests]).toEqual([[], []]);
      expect(await page.locator('.chart canvas').count()).toBe(3);
      expect(await inked(page, 'rate')).toBeGreaterThan(200);
      expect(await inked(page, 'latency')).toBeGreaterThan(200);
      expect(await page.locator('.absent li').count()).toBe(9);
      await close();
    }
  });

  it('has the flame graph of the run, which finds and zooms', async () => {
    expect(buildPages()).toBe(true);
    const flame = pageFlame(() => stacksOf(RUN, { kind: 'on-cpu', source: null, thread: null, phase: null, merge: false, idle: false }).profile);
    const html = renderHtml(reportOf(RUN), timelineOf(RUN), pageAssets(), flame);
    expect(Buffer.byteLength(html)).toBeLessThan(MOST_BYTES);
    const { page, errors, requests, close } = await openPage(browser, html);
    await expect.poll(() => page.locator('#flame g.frame').count()).toBeGreaterThan(5);
    await page.fill('#flame .flame-search', 'e');
    await expect.poll(() => page.textContent('#flame .flame-found')).toMatch(/\d+ frames?, /);
    await page.locator('#flame g.frame').nth(3).click();
    await expect.poll(() => page.locator('#flame .flame-reset').isEnabled()).toBe(true);
    expect([errors, requests]).toEqual([[], []]);
    await close();
  });

  it('keeps hostile text text, and stays small', async () => {
    const html = pageOf(hostileReport(), longTimeline());
    expect(Buffer.byteLength(html)).toBeLessThan(MOST_BYTES);
    const { page, errors, requests, close } = await openPage(browser, html);
    expect([errors, requests]).toEqual([[], []]);
    expect(await page.title()).not.toBe('owned');
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.textContent('.summary')).toContain('<img src=x onerror=');
    expect(await page.locator('body').innerText()).not.toContain('\u001b');
    await close();
  });

  it('would not run a script that got in all the same', async () => {
    const html = pageOf(sample('healthy'), longTimeline()).replace('</main>', '<script>document.title = "owned"</script><img src="x" onerror="document.title = \'owned\'"></main>');
    const { page, close } = await openPage(browser, html);
    expect(await page.title()).not.toBe('owned');
    await close();
  });

  it('zooms all charts together: by dragging, by keys, by windows, and back', async () => {
    const { page, errors, close } = await openPage(browser, pageOf({ ...sample('stalls'), phases: [{ name: 'clean', startNs: 5e9, endNs: 10e9 }] }, longTimeline()));
    expect(await range(page)).toBe('0.00 to 30.00 s');
    const box = await page.locator('#chart-cpu .u-over').boundingBox();
    if (!box) throw new Error('no chart');
    await page.locator('#chart-cpu').scrollIntoViewIfNeeded();
    const at = await page.locator('#chart-cpu .u-over').boundingBox() ?? box;
    await page.mouse.move(at.x + at.width / 3, at.y + 20);
    await page.mouse.down();
    await page.mouse.move(at.x + (at.width * 2) / 3, at.y + 20, { steps: 4 });
    await page.mouse.up();
    expect(await range(page)).toMatch(/^(9\.9|10\.0)\d to (19\.9|20\.0)\d s$/);
    const rate = page.locator('#chart-rate canvas');
    const before = await rate.screenshot();
    await page.focus('#chart-memory');
    await page.keyboard.press('+');
    expect(await range(page)).toMatch(/^12\.[45]\d to 17\.[45]\d s$/);
    expect((await rate.screenshot()).equals(before)).toBe(false);
    await page.keyboard.press('0');
    expect(await range(page)).toBe('0.00 to 30.00 s');
    await page.click('.windows button');
    expect(await range(page)).toBe('5.00 to 10.00 s');
    expect(errors).toEqual([]);
    await close();
  });

  it('tells the figures under the pointer in every chart', async () => {
    const { page, close } = await openPage(browser, pageOf(sample('stalls'), longTimeline()));
    await page.hover('#chart-rate .u-over');
    expect(await page.locator('#chart-rate output').first().textContent()).toMatch(/req\/s$/);
    expect(await page.locator('#chart-memory output').first().textContent()).toMatch(/MB$/);
    await close();
  });

  it('shows what was in a stall that is clicked, in the chart or in the list', async () => {
    const { page, errors, close } = await openPage(browser, pageOf(sample('stalls'), longTimeline()));
    const over = page.locator('#chart-loop .u-over');
    await over.scrollIntoViewIfNeeded();
    const { width } = await over.boundingBox() ?? { width: 0 };
    await over.click({ position: { x: (width * 7.44) / 30, y: 40 } });
    await expect.poll(() => page.locator('.stall:visible').innerText()).toContain('rebuildIndex');
    expect(await range(page)).toMatch(/^7\.1\d to 7\.7\d s$/);
    await page.click('[data-stall="3"]');
    expect(await page.locator('.stall:visible').innerText()).toContain('at 3.400 s');
    expect(errors).toEqual([]);
    await close();
  });

  it('sorts and filters its tables', async () => {
    const { page, close } = await openPage(browser, pageOf(hostileReport(), longTimeline()));
    const rows = page.locator('#path-table tbody tr:visible');
    expect(await rows.count()).toBe(12);
    await page.fill('#paths input', 'module_77 serving');
    expect(await rows.count()).toBeGreaterThan(0);
    for (const text of await rows.allInnerTexts()) expect(text).toMatch(/module_77[^]*serving/);
    await page.fill('#paths input', '');
    await page.click('#path-table th:has-text("calls") button');
    expect(await page.getAttribute('#path-table th:has-text("calls")', 'aria-sort')).toBe('ascending');
    const calls = (await page.locator('#path-table tbody tr:visible td:last-child').allInnerTexts()).map((text) => Number(text.replaceAll(',', '')));
    expect(calls).toEqual(calls.toSorted((a, b) => a - b));
    await page.click('#paths .data > button');
    expect(await rows.count()).toBe(1500);
    await close();
  });

  it('fits a telephone, and paper', async () => {
    const { page, close } = await openPage(browser, pageOf(hostileReport(), longTimeline()), { viewport: { width: 400, height: 800 }, colorScheme: 'dark' });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(400);
    await page.emulateMedia({ media: 'print' });
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
    expect(await page.locator('nav').isVisible()).toBe(false);
    await close();
  });
});
