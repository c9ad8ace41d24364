import { describe, expect, it } from 'vitest';
import { pageFaults } from '../../src/rules/page-faults.js';
import type { ThreadsFact } from '../../src/types.js';
import { frame, hot, hotFunction, kernelWork, nodeHello, requests, thread, threads, without, type FactValues } from './facts.js';
import { absent, finding, noData } from './judge.js';

function faulting(perS: number): ThreadsFact {
  const fact = threads([thread(0.97, { systemShare: 0.6 })]);
  for (const process of fact.processes) process.minorFaultsPerS = perS;
  return fact;
}

/** A fresh megabyte for each request (fixtures/servers/node-tile-canvas). */
const fresh = (): FactValues => ({
  requests: requests(50, 3_300),
  threads: faulting(256 * 3_300),
  'kernel-work': kernelWork({ munmap: 0.12, mmap: 0.02, writev: 0.05 }, { msPerRequest: 0.3, faultShare: 0.5 }),
  'hot-functions': hot([hotFunction(frame('canvas', '/app/lib/tiles/canvas.js'), 0.3, 0.8)], { app: 0.4, kernel: 0.5 }),
});

describe('page-faults', () => {
  it('adds faults and the calls for memory, and names the likely code', () => {
    const f = finding(pageFaults, fresh());
    expect(f.cost.share).toBeCloseTo(0.64, 2);
    expect(f.culprit).toMatchObject({ kind: 'function', file: '/app/lib/tiles/canvas.js' });
  });

  it('makes do with the calls alone', () => {
    const calls = { ...without(fresh(), 'hot-functions'), 'kernel-work': kernelWork({ munmap: 0.2 }, { faultShare: null }) };
    expect(finding(pageFaults, calls)).toMatchObject({ culprit: null, cost: { share: 0.2 } });
  });

  it('is absent for a page a request, whatever tracing makes of its cost', () => {
    expect(absent(pageFaults, { ...fresh(), threads: faulting(3_300) })).toContain('1 page faults a request');
  });

  it('is absent for faults that cost nothing, however many', () => {
    absent(pageFaults, { ...nodeHello(), 'kernel-work': kernelWork({ writev: 0.2 }, { faultShare: 0.02 }) });
    const many = threads([thread(0.9)]);
    many.processes[0]!.minorFaultsPerS = 200_000;
    expect(absent(pageFaults, { ...fresh(), threads: many, 'kernel-work': kernelWork({ madvise: 0.03 }, { faultShare: 0.05 }) })).toContain('faults a request');
  });

  it('has no data without sampled stacks', () => {
    noData(pageFaults, { ...fresh(), 'kernel-work': kernelWork({ mmap: 0.02 }, { faultShare: null }) });
    noData(pageFaults, without(fresh(), 'kernel-work'));
  });
});
