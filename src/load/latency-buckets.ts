/**
 * Log-linear latency buckets, as in HdrHistogram (https://hdrhistogram.github.io/HdrHistogram/):
 * whole microseconds below 128, then 64 buckets per power of two, so that none is wider than 1.6% of its value.
 *
 *   us      0 1 2 ... 127 | 128 130 ... 254 | 256 260 ... 508 | ...
 *   width   1             | 2               | 4               |
 */
const SUB_BITS = 6;
const SUB = 1 << SUB_BITS;

/** Latencies from here on share the last bucket, us (36 minutes). */
const MAX_US = 2 ** 31 - 1;

export const BUCKETS = (31 - SUB_BITS + 1) * SUB;

export function bucketOf(us: number): number {
  const whole = us >= MAX_US ? MAX_US : us | 0;
  if (whole < SUB) return whole < 0 ? 0 : whole;
  const shift = 31 - Math.clz32(whole) - SUB_BITS;
  return shift * SUB + (whole >> shift);
}

/** Lower bound of a bucket, us: its key in load.ndjson. */
export function bucketStartUs(bucket: number): number {
  if (bucket < SUB) return bucket;
  const shift = Math.floor(bucket / SUB) - 1;
  return (bucket - shift * SUB) * 2 ** shift;
}

/** Counts by bucket as load.ndjson has them: only what is not empty, keyed by lower bound. */
export function bucketRecord(counts: Uint32Array): Record<string, number> {
  const record: Record<string, number> = {};
  for (let i = 0; i < counts.length; i++) {
    const n = counts[i] ?? 0;
    if (n > 0) record[bucketStartUs(i)] = n;
  }
  return record;
}
