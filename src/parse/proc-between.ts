import type { Life, ProcSlice } from './proc-ndjson.js';

/** Cumulative counters by name. */
export type Counters = Record<string, number>;

export interface Moved<T> {
  /** As last seen at the end of the range. */
  item: T;
  /** By how much each counter grew. */
  delta: Counters;
  /** The part of the range in which it lived. */
  wallNs: number;
}

interface Bracket { before: ProcSlice; after: ProcSlice; share: number }

/**
 * What grew between two times: linear between slices, zero before birth, last value after death.
 *
 *   slice ---- from ---- slice ---- slice ---- to ---- slice
 *              |<----------------------------->|
 */
export function movedBetween<T>(
  slices: readonly ProcSlice[], fromNs: number, toNs: number, lives: ReadonlyMap<string, Life>,
  pick: (slice: ProcSlice) => ReadonlyMap<string, T>, counters: (item: T) => Counters,
): Moved<T>[] {
  if (slices.length < 2 || toNs <= fromNs) return [];
  const from = bracket(slices, fromNs);
  const to = bracket(slices, toNs);
  const moved: Moved<T>[] = [];
  for (const [key, item] of pick(to.after)) {
    const life = lives.get(key) ?? { fromNs, toNs };
    const wallNs = Math.min(toNs, life.toNs) - Math.max(fromNs, life.fromNs);
    if (wallNs <= 0) continue;
    const start = valueAt(from, key, pick, counters);
    const end = valueAt(to, key, pick, counters);
    const delta: Counters = {};
    for (const name of Object.keys(end)) delta[name] = Math.max(0, (end[name] ?? 0) - (start[name] ?? 0));
    moved.push({ item, delta, wallNs });
  }
  return moved;
}

/** The two slices around a time, and how far between them it lies; the ends clamp. */
export function bracket(slices: readonly ProcSlice[], tNs: number): Bracket {
  let low = 0;
  let high = slices.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((slices[middle]?.tNs ?? 0) <= tNs) low = middle;
    else high = middle;
  }
  const before = slices[low] as ProcSlice;
  const after = slices[high] as ProcSlice;
  const span = after.tNs - before.tNs;
  return { before, after, share: span <= 0 ? 0 : Math.min(1, Math.max(0, (tNs - before.tNs) / span)) };
}

function valueAt<T>(
  { before, after, share }: Bracket, key: string,
  pick: (slice: ProcSlice) => ReadonlyMap<string, T>, counters: (item: T) => Counters,
): Counters {
  const later = pick(after).get(key);
  if (!later) return {};
  const sooner = pick(before).get(key);
  return mix(sooner ? counters(sooner) : {}, counters(later), share);
}

/** Between two cumulative readings; what the first lacks began at zero. */
export const mix = (a: Counters, b: Counters, share: number): Counters =>
  Object.fromEntries(Object.entries(b).map(([name, value]) => [name, (a[name] ?? 0) + share * (value - (a[name] ?? 0))]));

/** Slices whose time since the one before overlaps the range, with the share of it that does. */
export function overlapping(slices: readonly ProcSlice[], fromNs: number, toNs: number): { slice: ProcSlice; share: number }[] {
  const found: { slice: ProcSlice; share: number }[] = [];
  for (let i = 1; i < slices.length; i++) {
    const slice = slices[i] as ProcSlice;
    const startNs = (slices[i - 1] as ProcSlice).tNs;
    const overlapNs = Math.min(toNs, slice.tNs) - Math.max(fromNs, startNs);
    if (overlapNs > 0) found.push({ slice, share: overlapNs / (slice.tNs - startNs) });
  }
  return found;
}
