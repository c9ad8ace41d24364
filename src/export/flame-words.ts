/** The figures of a frame in words: tooltips of the page and titles of the SVG. */
import type { FlameScale } from './flame-scale.js';

export interface FlameTimes {
  selfUs: number;
  totalUs: number;
  otherTotalUs: number;
  /** Of everything. */
  wholeUs: number;
}

const US_PER_MS = 1000;
const US_PER_S = 1e6;

/** Three digits that count: 1.23 s, 45.6 ms, 789 us. */
export function duration(us: number): string {
  const [value, unit] = us >= US_PER_S ? [us / US_PER_S, 's'] : us >= US_PER_MS ? [us / US_PER_MS, 'ms'] : [us, 'µs'];
  return `${value >= 100 || value === 0 ? Math.round(value) : value.toPrecision(3).replace(/\.0+$/, '')} ${unit}`;
}

export const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 2 : 1)}%`;

/** One sentence a line. */
export function timesInWords({ selfUs, totalUs, otherTotalUs, wholeUs }: FlameTimes, { per, units, otherUnits }: FlameScale, diff: boolean): string[] {
  const share = (us: number): string => percent(wholeUs > 0 ? us / wholeUs : 0);
  const lines = [
    `${duration(totalUs)}, ${share(totalUs)} of all${units > 0 ? `; ${duration(totalUs / units)} a ${per}` : ''}`,
    `itself ${duration(selfUs)}, ${share(selfUs)}`,
  ];
  if (!diff || units === 0 || otherUnits === 0) return lines;
  const [now, before] = [totalUs / units, otherTotalUs / otherUnits];
  const change = now - before;
  return [...lines, `other run ${duration(before)} a ${per}: ${change >= 0 ? '+' : '-'}${duration(Math.abs(change))}${before > 0 ? ` (${change >= 0 ? '+' : '-'}${percent(Math.abs(change) / before)})` : ' (not there)'}`];
}
