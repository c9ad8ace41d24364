import stringWidth from 'string-width';
import { cutMiddle } from './safe-text.js';
import type { Style } from './style.js';

export interface Column {
  head: string;
  /** Right for numbers. Left columns give way when the table is too wide: their cells are cut in the middle. */
  align?: 'left' | 'right';
  /** Left out where there is no room, the last such column first. */
  optional?: boolean;
  /** Applied after cutting and before padding, so that no blank is painted. */
  paint?: (text: string, row: number) => string;
}

const INDENT = 2;
const GAP = 2;
/** Texts cut shorter than this say nothing: better to leave a number out. */
const LEAST_TEXT_COLUMNS = 10;

/** Aligned columns within the style's width. Wide characters count two. A table without any head gets no head line. */
export function table(allColumns: Column[], allRows: string[][], style: Style): string[] {
  const { columns, rows, widths } = fit(allColumns, allRows, style.width - INDENT);
  const line = (cells: string[], paint: (text: string, column: number) => string): string => {
    const drawn = cells.map((cell, i) => {
      const text = cutMiddle(cell, widths[i] ?? 0, style.unicode);
      const blanks = ' '.repeat(Math.max(0, (widths[i] ?? 0) - stringWidth(text)));
      const painted = text === '' ? '' : paint(text, i);
      return columns[i]?.align === 'right' ? blanks + painted : painted + blanks;
    });
    return (' '.repeat(INDENT) + drawn.join(' '.repeat(GAP))).trimEnd();
  };
  const body = rows.map((cells, row) => line(cells, (text, i) => columns[i]?.paint?.(text, row) ?? text));
  if (columns.every(({ head }) => head === '')) return body;
  return [line(columns.map(({ head }) => head), style.dim), ...body];
}

interface Fitted { columns: Column[]; rows: string[][]; widths: number[] }

/** Natural widths where they fit; else the widest texts give way, and optional columns before a text gets too short to read. */
function fit(columns: Column[], rows: string[][], available: number): Fitted {
  const natural = columns.map(({ head }, i) => Math.max(stringWidth(head), ...rows.map((row) => stringWidth(row[i] ?? ''))));
  const texts = columns.flatMap(({ align }, i) => (align === 'right' ? [] : [i])).sort((a, b) => (natural[a] ?? 0) - (natural[b] ?? 0));
  let left = available - GAP * (columns.length - 1) - natural.reduce((sum, width, i) => sum + (texts.includes(i) ? 0 : width), 0);
  const least = texts.reduce((sum, i) => sum + Math.min(LEAST_TEXT_COLUMNS, natural[i] ?? 0), 0);
  const spare = columns.findLastIndex(({ optional }) => optional);
  if (left < least && spare !== -1) return fit(columns.toSpliced(spare, 1), rows.map((row) => row.toSpliced(spare, 1)), available);
  const widths = [...natural];
  texts.forEach((column, i) => {
    const fair = Math.max(1, Math.floor(left / (texts.length - i)));
    widths[column] = Math.min(natural[column] ?? 0, fair);
    left -= widths[column];
  });
  return { columns, rows, widths };
}
