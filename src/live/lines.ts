import type { Figures, Line, Segment, Style } from './types.js';

export const seg = (text: string, style: Style = 'plain'): Segment => ({ text, style });

/** Cuts a row to the screen and fills it up, so that nothing of what stood there before remains. */
export function fit(line: Line, columns: number, figures: Figures): Line {
  let left = columns;
  const shown: Line = [];
  for (const { text, style } of line) {
    if (left <= 0) break;
    const cut = clip(text, left, figures);
    shown.push({ text: cut, style });
    left -= figures.width(cut);
  }
  return left > 0 ? [...shown, seg(' '.repeat(left))] : shown;
}

/** As much of its beginning as fits. */
function clip(text: string, columns: number, figures: Figures): string {
  if (figures.width(text) <= columns) return text;
  let head = '';
  for (const char of text) {
    if (figures.width(head + char) > columns) break;
    head += char;
  }
  return head;
}

/** A text in so many columns, cut or filled up; `end`: filled before it. */
export function cell(text: string, columns: number, figures: Figures, end = false): string {
  const cut = figures.cut(text, columns);
  const fill = ' '.repeat(Math.max(0, columns - figures.width(cut)));
  return end ? fill + cut : cut + fill;
}

/** Breaks a sentence into at most `rows` rows of `columns`; what is too long loses its end. */
export function wrap(text: string, columns: number, rows: number, figures: Figures): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (figures.width(longer) <= columns || line === '') line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  if (line !== '') lines.push(line);
  const kept = lines.slice(0, rows);
  const last = kept.at(-1);
  if (last !== undefined && lines.length > rows) kept[rows - 1] = `${[...last].slice(0, columns - 4).join('')} ...`;
  return kept;
}
