import { describe, expect, it } from 'vitest';
import { slowClock } from '../../src/rules/slow-clock.js';
import { kernelWork, nodeHello, requests, servingCalls, thread, threads, without, type FactValues } from './facts.js';
import { absent, finding, noData } from './judge.js';

/** A C server at full load: 160 readings a request, 38% of its work (fixtures/servers/native-stamps). */
const stamping = (): FactValues => ({
  requests: requests(50, 12_800),
  threads: threads([thread(0.81, { runQueueShare: 0.18 })]),
  'kernel-work': kernelWork({ clock_gettime: 0.384, sendto: 0.05 }, { msPerRequest: 0.062 }),
  'serving-calls': servingCalls({ clock_gettime: 158, sendto: 1 }),
});

describe('slow-clock', () => {
  it('names the call, how often, and what it takes', () => {
    const f = finding(slowClock, stamping());
    expect(f).toMatchObject({ kind: 'cause', culprit: { kind: 'syscall', name: 'clock_gettime' } });
    expect(f.confidence).toBeGreaterThan(0.8);
    expect(f.cost.share).toBeCloseTo(0.384, 2);
    expect(f.summary).toContain('158');
  });

  it('makes do with sampled stacks where nobody counted', () => {
    const f = finding(slowClock, { ...without(stamping(), 'serving-calls'), 'kernel-work': kernelWork({ clock_gettime: 0.42 }, { source: 'perf' }) });
    expect(f.culprit?.name).toBe('clock_gettime');
    expect(f.confidence).toBeLessThan(0.8);
  });

  it('is absent where the clock is read from the vDSO, and where it costs nothing', () => {
    absent(slowClock, { ...nodeHello(), 'kernel-work': kernelWork({ writev: 0.2 }), 'serving-calls': servingCalls({ writev: 1 }) });
    expect(absent(slowClock, { ...stamping(), 'serving-calls': servingCalls({ clock_gettime: 1.2 }) })).toContain('1.2');
    absent(slowClock, { ...stamping(), 'kernel-work': kernelWork({ clock_gettime: 0.03 }) });
  });

  it('has no data without kernel time', () => {
    expect(noData(slowClock, without(stamping(), 'kernel-work')).enable).toBe('run the probe for kernel-work');
  });
});
