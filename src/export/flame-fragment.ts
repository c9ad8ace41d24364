/** A flame graph as part of a page. */
import type { StackProfile } from '../types.js';
import { diffColor, KIND_COLORS } from './flame-colors.js';
import { flameData, KINDS, type FlameData, type FlameOptions } from './flame-data.js';
import { scriptJson } from './markup.js';

/** What the build made of page/flame-graph.ts and its style; read from dist/page by whoever may read files. */
export interface FlameAssets { script: string; css: string }

export interface FlameFragment {
  /** Of this graph. */
  html: string;
  /** The same for all graphs: once a page. */
  css: string;
  /** The same for all graphs: once a page, after the last of them. Draws every graph that it finds. */
  script: string;
}

const NAMES: Record<typeof KINDS[number], string> = {
  js: 'JavaScript', python: 'Python', native: 'native', kernel: 'kernel', gc: 'garbage collection', syscall: 'system call',
  idle: 'idle', thread: 'thread', folded: 'several small ones',
};

/** The graph as markup with its data; everything in it that came from a target is text. */
export function flameFragment(profile: StackProfile, assets: FlameAssets, options: FlameOptions = {}): FlameFragment {
  const data = flameData(profile, options);
  return {
    html: `<section class="flame" data-flame aria-label="Flame graph">
<div class="flame-bar"><label>Search <input type="search" class="flame-search" placeholder="function or file" autocomplete="off" spellcheck="false"></label>
<output class="flame-found" aria-live="polite"></output>
<button type="button" class="flame-reset" disabled>Reset zoom</button>${data.diff ? '\n<button type="button" class="flame-swap" aria-pressed="false">Widths of the other run</button>' : ''}
${legend(data)}</div>
<div class="flame-chart"></div>
<p class="flame-hint">Click or Enter zooms, arrow keys move, Escape goes back.</p>
<noscript>The graph is drawn by a script in this file.</noscript>
<script type="application/json" class="flame-data">${scriptJson(data)}</script>
</section>`,
    css: assets.css,
    script: assets.script,
  };
}

const entry = (color: string, name: string): string => `<li><i style="background:${color}"></i>${name}</li>`;

function legend({ diff, frames, scale }: FlameData): string {
  // The first is the root.
  const seen = new Set(frames.slice(1).map(([, kind]) => KINDS[kind]));
  const entries = diff
    ? [entry(diffColor(0, 1, 1), `less a ${scale.per} than in the other run`), entry(diffColor(1, 1, 1), 'as much'), entry(diffColor(1, 0, 1), 'more')]
    : KINDS.filter((kind) => seen.has(kind)).map((kind) => entry(KIND_COLORS[kind], NAMES[kind]));
  return `<ul class="flame-legend">${entries.join('')}</ul>`;
}
