import { describe, expect, it } from 'vitest';
import { heavySeconds, planWindows } from '../../src/gather/plan.js';

const ALL = ['observed', 'sockets', 'ledger', 'profile'] as const;
const total = (plan: { seconds: number }[]) => plan.reduce((sum, w) => sum + w.seconds, 0);

describe('planWindows', () => {
  it.each([1, 2, 5, 10, 60])('fills %d s exactly, drops no window, keeps clean time on both sides', (durationS) => {
    const plan = planWindows(durationS, ALL);

    expect(total(plan)).toBeCloseTo(durationS);
    expect(plan.map((w) => w.name)).toEqual(['clean', 'observed', 'sockets', 'ledger', 'profile', 'clean']);
    expect(plan.every((w) => w.seconds > 0)).toBe(true);
    expect(total(plan.filter((w) => w.name === 'clean'))).toBeGreaterThanOrEqual(0.4 * durationS - 1e-9);
  });

  it('keeps the cost of a 10 s run, averaged over the load, below 5% at the measured cost of each window', () => {
    const cost = { clean: 0, observed: 0.15, sockets: 0.1, ledger: 0.25, profile: 0.07 };
    const lost = planWindows(10, ALL).reduce((sum, w) => sum + cost[w.name as keyof typeof cost] * w.seconds, 0);

    expect(lost / 10).toBeLessThan(0.05);
  });

  it('puts strace last: the server needs time to recover from it', () => {
    expect(planWindows(10, ['profile', 'strace']).at(-1)?.name).toBe('strace');
  });

  it('puts off-cpu after the last clean window, before strace', () => {
    expect(planWindows(10, ['profile', 'off-cpu', 'strace']).map((w) => w.name)).toEqual(['clean', 'profile', 'clean', 'off-cpu', 'strace']);
  });

  it('is one clean window twice where nothing heavy can run', () => {
    expect(total(planWindows(10, []))).toBeCloseTo(10);
  });
});

describe('heavySeconds', () => {
  it('is as planned where requests are few or nobody counts them, and less where they are many', () => {
    const window = { name: 'ledger', seconds: 0.4 } as const;
    expect([heavySeconds(window, null), heavySeconds(window, 100)]).toEqual([0.4, 0.4]);
    expect(heavySeconds(window, 60_000)).toBeLessThan(0.3);
  });
});
