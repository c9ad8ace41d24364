import stringWidth from 'string-width';
import { bar } from '../bars.js';
import { percent } from '../numbers.js';
import type { Style } from '../style.js';
import { wrap } from '../wrap.js';
import { dimLines } from './dim-lines.js';

export interface BarPart { label: string; figure: string; share: number }

/** Smaller shares are summed up in one line: they decide nothing. */
const SMALL_SHARE = 0.005;
const MOST_BARS = 8;
/** A label may be so long that it leaves the bar this many columns; then it is wrapped. */
const LEAST_BAR_COLUMNS = 14;
const MOST_BAR_COLUMNS = 50;
/** ` 100%` and the gaps around figures. */
const FIXED_COLUMNS = 2 + 2 + 6 + 2;

/** One bar a part, in the order given; the largest is the one in bold and colour. */
export function barLines(all: BarPart[], style: Style, paint: (text: string) => string): string[] {
  const big = all.filter(({ share }) => share >= SMALL_SHARE).slice(0, MOST_BARS);
  const figureColumns = Math.max(0, ...big.map(({ figure }) => figure.length));
  const room = style.width - FIXED_COLUMNS - figureColumns;
  const labels = big.map(({ label }) => wrap(label, Math.max(10, room - LEAST_BAR_COLUMNS)));
  const labelColumns = Math.max(0, ...labels.flat().map((line) => stringWidth(line)));
  const barColumns = Math.min(MOST_BAR_COLUMNS, room - labelColumns);
  const largest = Math.max(0, ...big.map(({ share }) => share));
  const lines = big.flatMap(({ figure, share }, i) => {
    const [first = '', ...more] = labels[i] ?? [];
    const main = share === largest;
    const words = `  ${first}${' '.repeat(labelColumns - stringWidth(first))}  ${figure.padStart(figureColumns)} ${percent(share).padStart(5)}`;
    const drawn = bar(share, barColumns, style.unicode);
    return [`${main ? style.bold(words) : words}  ${main ? paint(drawn) : drawn}`, ...more.map((line) => `  ${main ? style.bold(line) : line}`)];
  });
  return [...lines, ...restLine(all.filter((part) => !big.includes(part)), style)];
}

function restLine(rest: BarPart[], style: Style): string[] {
  const share = rest.reduce((sum, part) => sum + part.share, 0);
  return share > 0 ? dimLines(`${rest.length} more, ${percent(share)}${rest.length > 1 ? ' together' : ''}`, style) : [];
}
