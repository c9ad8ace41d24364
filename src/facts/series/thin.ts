import type { TimelineSeries } from '../../types.js';

type Point = TimelineSeries['points'][number];

/** More points than a wide screen has columns are not seen, and make the page of a long run large. */
const MOST_POINTS = 1500;

/** Neighbours taken together until few enough are left: a mean by length, or the largest. Gaps stay gaps. */
export function thin(points: readonly Point[], keep: 'mean' | 'max', most = MOST_POINTS): Point[] {
  const together = Math.ceil(points.length / most);
  if (together <= 1) return [...points];
  const thinned: Point[] = [];
  for (let i = 0; i < points.length;) {
    let end = i + 1;
    while (end < points.length && end - i < together && !isGap(points[end - 1] as Point, points[end] as Point)) end += 1;
    thinned.push(merged(points.slice(i, end), keep));
    i = end;
  }
  return thinned;
}

/** Nobody looked in between: slices that do not touch (by more than a tenth), or looks far further apart than usual. */
const isGap = (a: Point, b: Point): boolean => a.endNs > a.startNs && b.startNs - a.endNs > (a.endNs - a.startNs) / 10;

function merged(points: readonly Point[], keep: 'mean' | 'max'): Point {
  const [first, last] = [points[0] as Point, points.at(-1) as Point];
  const weight = (p: Point): number => p.endNs - p.startNs || 1;
  const total = points.reduce((sum, p) => sum + weight(p), 0);
  const value = keep === 'max' ? Math.max(...points.map((p) => p.value)) : points.reduce((sum, p) => sum + p.value * weight(p), 0) / total;
  // Looks stand at one moment: the last of them.
  return last.endNs > last.startNs ? { startNs: first.startNs, endNs: last.endNs, value } : { ...last, value };
}
