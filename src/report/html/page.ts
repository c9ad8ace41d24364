import type { Gathered, Report, TimelineFact } from '../../types.js';
import { safeText, safeValue } from '../safe-text.js';
import { contentPolicy } from './content-policy.js';
import { html, trusted, type Markup } from './html.js';
import { measuredSection, ruledOutSection } from './measured.js';
import { functionTable, pathTable, syscallTable, threadTable } from './tables.js';
import { timelineSection } from './timeline.js';
import { timeSection } from './time.js';
import { otherFindings, verdictSection } from './verdict.js';

/** Code of ours and of libraries, read by the caller: whole scripts and style sheets, in the order they run. */
export interface PageAssets { scripts: string[]; styles: string[] }

/** A flame graph made elsewhere: markup in which nothing of a target is markup, and the code that draws it. */
export interface PageFlame { about: string; html: string; css: string; script: string }

const LINKS: [id: string, label: string][] = [
  ['verdict', 'Verdict'], ['ledger', 'Time'], ['timeline', 'Timeline'], ['stalls', 'Stalls'], ['flame', 'Flame graph'], ['also', 'Also found'], ['syscalls', 'Syscalls'],
  ['paths', 'Paths'], ['functions', 'Functions'], ['threads', 'Threads'], ['ruled-out', 'Ruled out'], ['measured', 'How measured'],
];

/** The report as one file that needs nothing else: no network, no server, no other file. */
export function renderHtml(unsafeReport: Report, unsafeTimeline: Gathered<TimelineFact>, assets: PageAssets, flame: Gathered<PageFlame> | null = null): string {
  const scripts = [...assets.scripts, ...(flame?.ok ? [flame.value.script] : [])];
  const styles = [...(flame?.ok ? [flame.value.css] : []), ...assets.styles];
  // Here and only here: controls and bidi overrides become visible text; markup is escaped by html``.
  const report = safeValue(unsafeReport);
  const body = [
    verdictSection(report), timeSection(report), timelineSection(safeValue(unsafeTimeline), report), flame && flameSection(flame), otherFindings(report),
    syscallTable(report), pathTable(report), functionTable(report), threadTable(report), ruledOutSection(report), measuredSection(report),
  ].filter((section): section is Markup => section !== null);
  const text = body.map(({ markup }) => markup).join('\n');
  const { target, verdict } = report;
  const links = LINKS.filter(([id]) => text.includes(` id="${id}"`)).map(([id, label]) => html`<a href="#${id}">${label}</a>`);
  return `<!doctype html>
${html`<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy(scripts, styles, flame?.ok ?? false)}">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">
<title>${verdict.title} · whyslow</title>
${styles.map((style) => html`<style>${trusted(style)}</style>`)}
</head><body>
<a class="skip" href="#verdict">To the verdict</a>
<header><p class="brand">whyslow</p><p class="target"><code>${target.command.join(' ')}</code> <span class="dim">${target.runtime === 'native' ? '' : `${target.runtime} · `}${target.url ?? ''}</span></p></header>
<nav aria-label="Sections">${links}</nav>
<main>
${trusted(text)}
</main>
<footer><p class="dim">whyslow ${report.whyslow} · ${report.createdAt} · one file, loads nothing</p></footer>
${scripts.map((script) => html`<script>${trusted(script)}</script>`)}
</body></html>
`.markup}`;
}

function flameSection(flame: Gathered<PageFlame>): Markup {
  if (!flame.ok) return html`<section id="flame"><h2>Flame graph</h2><p>None: ${safeText(flame.reason)}.</p></section>`;
  return html`<section id="flame"><h2>Flame graph <span class="dim">${safeText(flame.value.about)}</span></h2>
${trusted(flame.value.html)}</section>`;
}
