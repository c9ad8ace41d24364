import { describe, expect, it } from 'vitest';
import { cpuThrottled } from '../../src/rules/cpu-throttled.js';
import { diagnose } from '../../src/rules/diagnose.js';
import { cpuUse, limits, nodeHello, readerOf, requests, thread, threads, without, type FactValues } from './facts.js';
import { absent, finding, noData } from './judge.js';

const quota = { path: '/sys/fs/cgroup/shop', cores: 0.3, periodMs: 100, throttledPeriodShare: 1, throttledShare: 0.54 };

/** As measured on a Node server with 30 ms of CPU in 100. */
const throttled = (): FactValues => ({
  ...nodeHello(),
  requests: requests(50, 9440, { window: { latencyMs: { mean: 5.3, p50: 2.1, p90: 5.3, p99: 73.2, p999: 74.2, max: 77.3 } } }),
  threads: threads([thread(0.29, { runQueueShare: 0.69 })], { cpus: 2, idleCores: 0.43 }),
  limits: limits({ quota }),
  'cpu-use': cpuUse([['server', 'node', 0.3], ['generator', 'node', 0.6]], { idleCores: 0.43 }),
});

describe('cpu-throttled', () => {
  it('sees a quota that is used up, and what mean and tail pay', () => {
    const f = finding(cpuThrottled, throttled());
    expect(f.cost.share).toBeCloseTo(0.54);
    expect(f.cost.tail?.ms).toBeCloseTo(70);
    expect(f.culprit?.name).toBe('/sys/fs/cgroup/shop');
    expect(diagnose(readerOf(throttled())).verdict.id).toBe('cpu-throttled');
  });

  it('never costs more than the thread waited, though the kernel sums over CPUs', () => {
    expect(finding(cpuThrottled, { ...throttled(), limits: limits({ quota: { ...quota, throttledShare: 1.8 } }) }).cost.share).toBeLessThanOrEqual(0.69);
  });

  it('is absent without a quota, or with one that is hardly used up', () => {
    absent(cpuThrottled, nodeHello());
    absent(cpuThrottled, { ...throttled(), limits: limits({ quota: { ...quota, throttledPeriodShare: 0.04 } }) });
    absent(cpuThrottled, { ...throttled(), limits: limits({ quota: { ...quota, throttledShare: 0.01 } }) });
  });

  it('has no data without the limits', () => void noData(cpuThrottled, without(throttled(), 'limits')));
});
