/** 0x itself draws, and Chromium shows what it drew. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { zeroXHtml } from '../../src/cli/zero-x.js';
import { launchChromium, openPage } from '../export/chromium.js';
import { profile, server, stack } from '../export/stacks.js';
import { requires } from '../require.js';

describe.skipIf(requires('chromium', 'npm:0x').skip)('0x', { timeout: 60_000 }, () => {
  let browser: Browser;
  beforeAll(async () => { browser = await launchChromium(); }, 60_000);
  afterAll(() => browser?.close());

  /** What its page was given, as the page has it. */
  const named = (html: string): string[] => [...html.slice(html.lastIndexOf('visualizer(')).matchAll(/"name":"((?:[^"\\]|\\.)*)"/g)].map(([, name = '']) => name);

  it('draws a CPU profile', async () => {
    const html = await zeroXHtml(server(), 'node server.js');
    expect(named(html)).toContain('renderRows /srv/rows.js:4');
    const { page, errors, requests, close } = await openPage(browser, html);
    expect(await page.locator('canvas').count()).toBe(1);
    expect([errors, requests]).toEqual([[], []]);
    await close();
  });

  it('draws stacks of perf, JavaScript and native', async () => {
    const html = await zeroXHtml(profile([stack('node::Start@native;handle@js:/srv/app.js:10;write@kernel', 20)], { source: 'perf' }), 'node');
    expect(named(html)).toEqual(expect.arrayContaining([expect.stringContaining('handle /srv/app.js:10'), expect.stringContaining('node::Start')]));
  });

  it.each(['v8', 'perf'] as const)('shows hostile names from %s as text', async (source) => {
    const names = ['<img src=x onerror=alert(1)>', '</script><script>alert(2)</script>', '\u001b[2J', 'line\nnode 1 1.0: 1 cpu-clock:', 'x'.repeat(10_000), '${alert(3)}', '"); alert(4); ("'];
    const stacks = names.map((name) => stack([{ name, kind: 'js', file: `/srv/${name}`, line: 1 }], 30));
    const { page, errors, requests, close } = await openPage(browser, await zeroXHtml(profile(stacks, { source }), names.join(' ')));
    await page.mouse.move(600, 580);
    await page.mouse.move(610, 590);
    expect(await page.locator('img').count()).toBe(0);
    expect([errors, requests]).toEqual([[], []]);
    await close();
  });

  it('leaves V8 logs of others where we stand, which it would delete', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'whyslow-0x-test-'));
    const before = process.cwd();
    try {
      process.chdir(dir);
      writeFileSync('isolate-0x5dd8c0-1-v8.log', '');
      await zeroXHtml(profile([stack('main', 1)], { source: 'perf' }), 'x');
      expect(existsSync('isolate-0x5dd8c0-1-v8.log')).toBe(true);
    } finally {
      process.chdir(before);
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
