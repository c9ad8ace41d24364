/** Drawn quantities: a bar for a share, a sparkline for a series. */

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const LEVELS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII_LEVELS = ['_', '.', '-', '=', '+', '*', '#'];

/** A share of `columns`, to an eighth of a column; anything above zero shows. */
export function bar(share: number, columns: number, unicode = true): string {
  const clipped = Math.min(1, Math.max(0, share));
  if (clipped === 0) return '';
  if (!unicode) return '#'.repeat(Math.max(1, Math.round(clipped * columns)));
  const eighths = Math.max(1, Math.round(clipped * columns * 8));
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
}

/**
 * Heights are of the largest value, from zero: a flat line is drawn flat, not as noise blown up.
 * A longer series is averaged down to `columns`.
 */
export function sparkline(values: number[], columns: number, unicode = true): string {
  const levels = unicode ? LEVELS : ASCII_LEVELS;
  const shown = squeeze(values, columns);
  const top = Math.max(...shown, 0);
  if (top === 0) return (levels[0] ?? '').repeat(shown.length);
  return shown.map((value) => levels[Math.round((Math.max(0, value) / top) * (levels.length - 1))] ?? '').join('');
}

function squeeze(values: number[], columns: number): number[] {
  if (values.length <= columns) return values;
  return Array.from({ length: columns }, (_, i) => {
    const part = values.slice(Math.floor((i * values.length) / columns), Math.floor(((i + 1) * values.length) / columns));
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
}
