import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { PageAssets } from '../report/html/page.js';

/** As they run in the page, one after another, sharing what they define. */
const SCRIPTS = ['format', 'tables', 'charts', 'zoom'];
const PAGE = new URL('../../page/', import.meta.url);

/** What the page brings along: uPlot as it is published, and our own code for browsers. Read only when a page is made. */
export function pageAssets(): PageAssets {
  const library = (file: string): string => readFileSync(createRequire(import.meta.url).resolve(`uplot/dist/${file}`), 'utf8');
  const own = (file: string): string => readFileSync(new URL(file, PAGE), 'utf8');
  return {
    scripts: [library('uPlot.iife.min.js'), ...SCRIPTS.map((name) => own(`${name}.js`))],
    styles: [library('uPlot.min.css'), own('report.css')],
  };
}
