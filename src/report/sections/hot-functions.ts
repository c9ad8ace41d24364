import type { HotFunction } from '../../types.js';
import { percent } from '../numbers.js';
import { table } from '../table.js';
import { placeText } from './frame-text.js';
import type { Section } from './section.js';

const SHOWN = 8;
/** Functions with less self time are noise at the sampling rates used, unless they carry something below them. */
const LEAST_SELF = 0.005;
const LEAST_TOTAL = 0.1;

export const hotFunctions: Section = ({ hotFunctions: all }, style) => {
  const shown = all.filter(({ selfShare, totalShare }) => selfShare >= LEAST_SELF || totalShare >= LEAST_TOTAL).slice(0, SHOWN);
  if (shown.length === 0) return null;
  const rows = shown.map(({ frame, selfShare, totalShare }) => [
    percent(selfShare), percent(totalShare), frame.name === '' ? '(anonymous)' : frame.name, placeText(frame), owner(frame),
  ]);
  const columns = [
    { head: 'self', align: 'right' as const }, { head: 'total', align: 'right' as const },
    { head: 'function', paint: (text: string, row: number) => (row === 0 ? style.bold(text) : text) },
    { head: 'where' }, { head: 'owner', paint: style.dim },
  ];
  return { aside: "shares of the thread's time on a CPU", lines: table(columns, rows, style) };
};

function owner({ origin, package: name }: HotFunction['frame']): string {
  if (name !== null && name !== '') return name;
  return origin === 'app' ? 'your code' : origin;
}
