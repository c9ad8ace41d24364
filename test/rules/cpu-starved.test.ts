import { describe, expect, it } from 'vitest';
import { cpuStarved } from '../../src/rules/cpu-starved.js';
import { cpuUse, limits, nodeHello, requests, thread, threads, without, type FactValues } from './facts.js';
import { absent, finding, noData } from './judge.js';

/** As measured on a Node server beside four jobs on two cores. */
const starved = (users: Parameters<typeof cpuUse>[0] = [['sibling', 'node report.js', 0.45], ['other', 'node', 0.44], ['server', 'node', 0.12], ['generator', 'node', 0.09]]): FactValues => ({
  ...nodeHello(), requests: requests(50, 2873), limits: limits(),
  threads: threads([thread(0.1, { runQueueShare: 0.87 })], { cpus: 2, idleCores: 0 }),
  'cpu-use': cpuUse(users, { idleCores: 0 }),
});

describe('cpu-starved', () => {
  it('sees a thread in line, and says who holds the CPU', () => {
    const f = finding(cpuStarved, starved());
    expect(f.summary).toContain('own tree');
    expect(f.culprit?.name).toContain('report.js');
    expect(f.cost.share).toBeGreaterThan(0.8);
  });

  it('names the load generator as such, and doubts itself', () => {
    const f = finding(cpuStarved, starved([['generator', 'node', 1.4], ['server', 'node', 0.5]]));
    expect(f.summary).toContain('the load generator holds');
    expect(f.advice[0]).toContain('another machine');
    expect(f.confidence).toBeLessThan(finding(cpuStarved, starved([['other', 'backup', 1.4], ['server', 'node', 0.5]])).confidence);
    expect(f.evidence.at(-1)).toMatchObject({ speaks: 'against' });
  });

  it('is absent where it runs more than it waits', () => {
    absent(cpuStarved, nodeHello());
    absent(cpuStarved, { ...starved(), threads: threads([thread(0.6, { runQueueShare: 0.35 })], { cpus: 2, idleCores: 0 }) });
    // As measured on an nginx hello beside others' work: room left, answers in 1.5 ms.
    absent(cpuStarved, { ...starved([['other', 'node', 1.1], ['server', 'nginx', 0.32]]), threads: threads([thread(0.32, { runQueueShare: 0.46 })], { cpus: 2, idleCores: 0 }) });
    absent(cpuStarved, { ...starved(), threads: threads([thread(0.05, { runQueueShare: 0.38 })], { cpus: 2, idleCores: 0 }) });
  });

  it('is absent where the serving processes wait for each other', () => {
    const workers = Array.from({ length: 4 }, (_, i) => thread(0.45, { pid: 100 + i, runQueueShare: 0.5 }));
    const full = { ...starved([['server', 'node', 0.45], ['server', 'node', 0.45], ['server', 'node', 0.45], ['server', 'node', 0.45], ['generator', 'wrk', 0.2]]), threads: threads(workers, { cpus: 2, idleCores: 0 }) };
    expect(absent(cpuStarved, full)).toContain('each other');
  });

  it('is absent where its own quota holds it back', () => {
    const quota = { path: '/x', cores: 0.3, periodMs: 100, throttledPeriodShare: 1, throttledShare: 0.6 };
    expect(absent(cpuStarved, { ...starved(), limits: limits({ quota }) })).toContain('quota');
  });

  it('has no data where nobody saw who runs', () => {
    noData(cpuStarved, without(starved(), 'cpu-use'));
    noData(cpuStarved, without(starved(), 'threads'));
  });
});
