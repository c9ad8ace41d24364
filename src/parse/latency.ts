/**
 * Reads the latency buckets of load.ndjson: counts keyed by lower bound in us, log-linear as src/load/latency-buckets.ts
 * writes them (HdrHistogram's scheme, https://hdrhistogram.github.io/HdrHistogram/): 1 us wide below 128, then 64 buckets
 * per power of two, so that a figure read from one is off by 0.8% at most.
 *
 *   {"95":2,"130":1}   two answers in [95, 96) us, one in [130, 132) us
 */
import type { Latency } from '../types.js';

export type LatencyBuckets = Record<string, number>;

const SUB_BITS = 6;

/** Adds up buckets of several slices. */
export function mergeLatency(all: Iterable<LatencyBuckets>): LatencyBuckets {
  const sum: LatencyBuckets = {};
  for (const buckets of all) {
    for (const [us, n] of Object.entries(buckets)) sum[us] = (sum[us] ?? 0) + n;
  }
  return sum;
}

/** Mean and percentiles in ms; a bucket counts as its middle. All zero where there is no answer. */
export function latencyOf(buckets: LatencyBuckets): Latency {
  const sorted = Object.entries(buckets)
    .map(([us, n]) => ({ ms: middleUs(Number(us)) / 1000, n }))
    .filter(({ ms, n }) => Number.isFinite(ms) && n > 0)
    .sort((a, b) => a.ms - b.ms);
  const total = sorted.reduce((sum, { n }) => sum + n, 0);
  const mean = total === 0 ? 0 : sorted.reduce((sum, { ms, n }) => sum + ms * n, 0) / total;
  const at = (quantile: number): number => {
    let left = Math.ceil(quantile * total);
    for (const { ms, n } of sorted) {
      left -= n;
      if (left <= 0) return ms;
    }
    return sorted.at(-1)?.ms ?? 0;
  };
  return { mean, p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: sorted.at(-1)?.ms ?? 0 };
}

function middleUs(startUs: number): number {
  const width = startUs < 2 ** (SUB_BITS + 1) ? 1 : 2 ** (31 - Math.clz32(startUs) - SUB_BITS);
  return startUs + width / 2;
}
