import { describe, expect, it } from 'vitest';
import { jitWarmup } from '../../src/rules/jit-warmup.js';
import { nodeHello, rateTrend, requests, thread, threads, without, type FactValues } from './facts.js';
import { absent, finding, noData } from './judge.js';

const climbing = (parts = [2000, 2400, 2900, 3300, 3700, 4000], more: Parameters<typeof rateTrend>[1] = {}): FactValues =>
  ({ ...nodeHello(), requests: requests(50, 3050), threads: threads([thread(0.97, { name: 'pypy3' })]), 'rate-trend': rateTrend(parts, more) });

describe('jit-warmup', () => {
  it('sees a rate that climbs to the end', () => {
    const f = finding(jitWarmup, climbing());
    expect(f.cost.share).toBeCloseTo(1 - 3050 / 4000, 1);
    expect(f.summary).toContain('from 2,000 to 4,000');
    expect(f.confidence).toBeGreaterThan(0.75);
  });

  it('is absent for a server that is merely noisy', () => {
    expect(absent(jitWarmup, climbing([2000, 3100, 2200, 3300, 2400, 3600]))).toContain('noise');
    expect(absent(jitWarmup, climbing(undefined, { noise: 0.3 }))).toContain('noise');
    absent(jitWarmup, nodeHello());
  });

  it('is absent for a rate that jumps', () => {
    expect(absent(jitWarmup, climbing([14_800, 16_400, 21_500, 20_600, 18_700, 35_500]))).toContain('at once');
  });

  it('is absent once it is warm, or when it waits', () => {
    expect(absent(jitWarmup, climbing([2000, 3200, 3900, 3980, 3990, 4000], { stillClimbing: false }))).toContain('steady');
    absent(jitWarmup, { ...climbing(), threads: threads([thread(0.3)]) });
    absent(jitWarmup, climbing([2000, 2080, 2160, 2240, 2320, 2390]));
  });

  it('has no data without the rate over time', () => {
    noData(jitWarmup, without(climbing(), 'rate-trend'));
    noData(jitWarmup, without(climbing(), 'threads'));
  });
});
