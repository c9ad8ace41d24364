import type { LedgerPart } from '../../types.js';
import { percent } from '../numbers.js';
import { html, type Markup } from './html.js';

export interface HtmlBar { label: string; figure: string; share: number; tone: LedgerPart['state'] | 'plain' | 'unaccounted' }

/** Smaller shares are summed up in one line: they decide nothing. */
const SMALL_SHARE = 0.005;

/** One row a part, with its bar; the width of a bar is an attribute, since the page allows no style in the markup. */
export function barTable(caption: string, parts: readonly HtmlBar[]): Markup {
  const big = parts.filter(({ share }) => share >= SMALL_SHARE);
  const rest = parts.filter(({ share }) => share < SMALL_SHARE && share > 0);
  const restShare = rest.reduce((sum, { share }) => sum + share, 0);
  return html`<table class="bars"><caption class="sr">${caption}</caption><tbody>
${big.map(({ label, figure, share, tone }) => html`<tr><th scope="row">${label}</th><td class="n">${figure}</td><td class="n">${percent(share)}</td><td class="bar">${barOf(share, tone)}</td></tr>
`)}</tbody></table>
${restShare > 0 ? html`<p class="dim">${rest.length} more, ${percent(restShare)}${rest.length > 1 ? ' together' : ''}</p>` : ''}`;
}

const barOf = (share: number, tone: HtmlBar['tone']): Markup =>
  html`<svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true"><rect class="t-${tone}" width="${Math.max(4, Math.round(Math.min(1, share) * 1000))}" height="10"/></svg>`;

/** The whole in one strip, part beside part. */
export function strip(parts: readonly HtmlBar[]): Markup {
  let at = 0;
  const rects = parts.filter(({ share }) => share > 0).map(({ label, figure, share, tone }) => {
    const x = at;
    at += Math.min(1, share) * 1000;
    return html`<rect class="t-${tone}" x="${x.toFixed(1)}" width="${Math.max(0.5, at - x - 1).toFixed(1)}" height="10"><title>${label}: ${figure}, ${percent(share)}</title></rect>`;
  });
  return html`<svg class="strip" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">${rects}</svg>`;
}
