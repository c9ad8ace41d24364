import { describe, expect, it } from 'vitest';
import { BUCKETS, bucketOf, bucketRecord, bucketStartUs } from '../../src/load/latency-buckets.js';
import { latencyOf } from '../../src/parse/latency.js';

describe('latency buckets', () => {
  it('follow each other without gap or overlap', () => {
    for (let i = 1; i < BUCKETS; i++) {
      const start = bucketStartUs(i);
      expect(bucketOf(start)).toBe(i);
      expect(bucketOf(start - 1)).toBe(i - 1);
    }
  });

  it('are at most 3% wide, and read back within 1%', () => {
    for (let us = 128; us < 2e9; us = Math.ceil(us * 1.007)) {
      const start = bucketStartUs(bucketOf(us));
      expect(start).toBeLessThanOrEqual(us);
      expect((bucketStartUs(bucketOf(us) + 1) - start) / start).toBeLessThanOrEqual(0.03);
      expect(Math.abs(latencyOf({ [start]: 1 }).p50 * 1000 - us) / us).toBeLessThan(0.01);
    }
  });

  it('take any latency', () => {
    expect([0, -1, NaN, 0.9].map(bucketOf)).toEqual([0, 0, 0, 0]);
    expect([2 ** 31 - 1, 2 ** 40, Infinity].map(bucketOf)).toEqual([BUCKETS - 1, BUCKETS - 1, BUCKETS - 1]);
  });

  it('are written without the empty ones', () => {
    const counts = new Uint32Array(BUCKETS);
    counts[bucketOf(5)] = 2;
    counts[bucketOf(1000)] = 1;
    expect(bucketRecord(counts)).toEqual({ 5: 2, 1000: 1 });
  });
});
