import { html, type Markup } from './html.js';

export interface DataColumn<T> {
  head: string;
  /** Numbers stand right, and sort from the largest. */
  number?: true;
  text: (row: T) => string | Markup;
  /** What the column sorts by, where the text does not tell. */
  value?: (row: T) => number | null;
}

/** Rows seen at first; the rest is a button away, and the filter finds it anyway. */
const FIRST_ROWS = 12;
/** Beyond this the page would grow too large; the JSON report has them all. */
const MOST_ROWS = 1500;

/** A table that sorts and filters where scripts run, and is whole where they do not. */
export function dataTable<T>(id: string, caption: string, columns: readonly DataColumn<T>[], all: readonly T[], sorted = 0): Markup {
  const rows = all.slice(0, MOST_ROWS);
  const heads = columns.map((c, i) => html`<th scope="col"${c.number ? html` class="n"` : ''}${i === sorted ? html` aria-sort="${c.number ? 'descending' : 'ascending'}"` : ''}>${c.head}</th>`);
  const cell = (c: DataColumn<T>, row: T): Markup => {
    const value = c.value?.(row);
    return html`<td${c.number ? html` class="n"` : ''}${value === undefined || value === null ? '' : html` data-v="${Number(value.toPrecision(6))}"`}>${c.text(row)}</td>`;
  };
  return html`<div class="data" data-first="${FIRST_ROWS}" id="${id}-data">
<div class="wide" tabindex="0" role="region" aria-label="${caption}"><table id="${id}"><caption class="sr">${caption}</caption>
<thead><tr>${heads}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${columns.map((c) => cell(c, row))}</tr>
`)}</tbody></table></div>
${all.length > rows.length ? html`<p class="dim">${all.length - rows.length} more are in the JSON report.</p>` : ''}</div>`;
}
