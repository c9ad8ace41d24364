import type { HistBucket } from './bpftrace-json.js';

/** Counts by length; a bucket holds lowNs <= x < highNs. Empty buckets are left out; in order. */
export interface NsHist { count: number; buckets: { lowNs: number; highNs: number; count: number }[] }

export interface SummedHist extends NsHist { sumNs: number }

/** From bpftrace's hist(): powers of two. `before` is what the cumulative map held earlier. */
export function log2Hist(after: readonly HistBucket[] | undefined, before?: readonly HistBucket[]): NsHist {
  const earlier = new Map(before?.map((b) => [b.min, b.count]));
  return fromBuckets((after ?? []).map((b) => ({ lowNs: Math.max(b.min, 0), highNs: b.max + 1, count: b.count - (earlier.get(b.min) ?? 0) })));
}

/** Unit of the fine buckets, ns: `ns >> 6`. */
const FINE_UNIT_NS = 64;

/**
 * From the programs' own fine buckets, 16 an octave: key = exponent x 32 + mantissa, value = count.
 * A bucket is mantissa << exponent (x 64 ns), 1 << exponent wide: 6% of its value at most.
 */
export function fineHist(after: ReadonlyMap<number, number>, sumNs: number): SummedHist {
  const buckets = [...after].map(([key, count]) => {
    const exponent = Math.floor(key / 32);
    const lowNs = (key % 32) * 2 ** exponent * FINE_UNIT_NS;
    return { lowNs, highNs: lowNs + 2 ** exponent * FINE_UNIT_NS, count };
  });
  return { ...fromBuckets(buckets), sumNs };
}

function fromBuckets(buckets: NsHist['buckets']): NsHist {
  const filled = buckets.filter((b) => b.count > 0).sort((a, b) => a.lowNs - b.lowNs);
  return { count: filled.reduce((sum, b) => sum + b.count, 0), buckets: filled };
}

/** Several into one; buckets of different kinds may lie side by side. */
export function mergeHists(hists: readonly NsHist[]): NsHist {
  const byEdge = new Map<string, NsHist['buckets'][number]>();
  for (const b of hists.flatMap((h) => h.buckets)) {
    const edge = `${String(b.lowNs)}-${String(b.highNs)}`;
    byEdge.set(edge, { ...b, count: b.count + (byEdge.get(edge)?.count ?? 0) });
  }
  return fromBuckets([...byEdge.values()]);
}

/** Quantile 0..1, linear inside its bucket. Null of nothing. */
export function quantileNs(hist: NsHist, q: number): number | null {
  if (hist.count === 0) return null;
  let left = q * hist.count;
  for (const b of hist.buckets) {
    if (left <= b.count) return b.lowNs + (b.highNs - b.lowNs) * (left / b.count);
    left -= b.count;
  }
  return hist.buckets.at(-1)?.highNs ?? null;
}
