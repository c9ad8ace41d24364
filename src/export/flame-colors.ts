/**
 * Colours of frames. The same on light and on dark pages: each is bright enough to carry black text (contrast 7:1 and more).
 */
import type { FlameKind } from './flame-tree.js';

export const KIND_COLORS: Readonly<Record<FlameKind, string>> = {
  js: '#f2cf63', python: '#86b9ea', native: '#ee9b7a', kernel: '#c3a5e6', gc: '#f09ac2', syscall: '#74cfc2',
  idle: '#c4c8cc', thread: '#d9dce0', folded: '#e4e0d4',
};

type Rgb = readonly [number, number, number];

const SAME: Rgb = [226, 226, 226];
const MORE: Rgb = [239, 90, 78];
const LESS: Rgb = [92, 150, 240];

/** A frame that gained or lost this share of the larger whole has the full colour; half a percent can be seen. */
const FULL_CHANGE = 0.2;

/** Red: more than in the other run; blue: less. Both in the same unit; `whole` is the larger of the two totals. */
export function diffColor(value: number, other: number, whole: number): string {
  const change = whole > 0 ? (value - other) / whole : 0;
  const strength = Math.sqrt(Math.min(1, Math.abs(change) / FULL_CHANGE));
  const end = change > 0 ? MORE : LESS;
  return `rgb(${SAME.map((from, at) => Math.round(from + ((end[at] ?? from) - from) * strength)).join(',')})`;
}
