import { describe, expect, it } from 'vitest';
import { gcPressure } from '../../src/rules/gc-pressure.js';
import type { GcCpuFact } from '../../src/types.js';
import { frame, gc, hot, hotFunction, nodeHello, requests, thread, threads, without, type FactValues } from './facts.js';
import { absent, finding, noData } from './judge.js';

const snapshot = frame('takeSnapshot', '/app/lib/audit/snapshot.js', { line: 14 });
const collected: FactValues = {
  requests: requests(50, 900), threads: threads([thread(0.98)]), gc: gc(0.42),
  'hot-functions': hot([hotFunction(frame('(garbage collector)', null, { kind: 'gc', origin: 'runtime', line: null }), 0.43, 0.43), hotFunction(snapshot, 0.3, 0.4)], { app: 0.35, runtime: 0.2, gc: 0.43 }),
};

describe('gc-pressure', () => {
  it('sees collections take the thread, by kind, with what allocates', () => {
    const f = finding(gcPressure, collected);
    expect(f.kind).toBe('cause');
    expect(f.cost.share).toBeCloseTo(0.43, 1);
    expect(f.confidence).toBeGreaterThan(0.85);
    expect(f.culprit?.name).toContain('takeSnapshot');
    expect(f.evidence.map((e) => e.text).join()).toMatch(/minor.*major/);
  });

  it('believes the profile where it says in what collections start', () => {
    const clone = frame('clone', '/app/lib/clone.js');
    const values = { ...collected, 'hot-functions': hot([hotFunction(frame('(garbage collector)', null, { kind: 'gc' }), 0.4, 0.4, [clone]), hotFunction(snapshot, 0.3, 0.4)], { gc: 0.4 }) };
    expect(finding(gcPressure, values).culprit?.name).toContain('clone');
  });

  it('is less sure near the threshold', () => {
    expect(finding(gcPressure, { ...collected, gc: gc(0.19) }).confidence).toBeLessThan(finding(gcPressure, collected).confidence);
  });

  it('costs a server that idles little of its latency', () => {
    const idle = { ...collected, gc: gc(0.19), requests: requests(100, 400), threads: threads([thread(0.3)]) };
    expect(finding(gcPressure, idle).cost.share).toBeLessThan(0.05);
  });

  it('is absent at the share any healthy server has', () => {
    absent(gcPressure, nodeHello());
    absent(gcPressure, { ...collected, gc: gc(0.14) });
  });

  it('does not believe pauses that waiting for a CPU stretched', () => {
    const starved = { requests: requests(50, 430), threads: threads([thread(0.36, { runQueueShare: 0.58 })]), gc: gc(0.2), 'hot-functions': hot([hotFunction(snapshot, 0.4, 0.5)], { app: 0.5, runtime: 0.4, gc: 0.03 }) };
    expect(absent(gcPressure, starved)).toContain('stretched');
    absent(gcPressure, { ...without(starved, 'hot-functions'), threads: threads([thread(0.3, { runQueueShare: 0.6 })]) });
    finding(gcPressure, { ...without(starved, 'hot-functions'), gc: gc(0.45) });
    finding(gcPressure, { ...starved, 'hot-functions': hot([hotFunction(snapshot, 0.4, 0.5)], { app: 0.5, runtime: 0.4, gc: 0.13 }) });
  });

  it('makes do without profile, threads and requests', () => {
    const f = finding(gcPressure, { gc: gc(0.42) });
    expect(f.culprit).toBeNull();
    expect(f.cost.msPerRequest).toBeNull();
  });

  describe("with the collector's own threads in the way", () => {
    const helpers = [1, 2, 3, 4].map((i) => thread(0.28, { tid: 200 + i, role: 'worker', runQueueShare: 0.57, waits: [{ in: 'running', fd: null, share: 0.83 }, { in: 'futex', fd: null, share: 0.17 }] }));
    /** As measured: a heap that is nearly full, V8 marking all the time. */
    const crowded = (more: Partial<ReturnType<typeof gcCpu>> = {}, idleCores = 0.1): FactValues => ({
      ...collected, requests: requests(50, 3770), gc: gc(0.12), 'gc-cpu': gcCpu(more),
      threads: threads([thread(0.5, { runQueueShare: 0.48 }), ...helpers], { idleCores, cpus: 2 }),
    });
    const gcCpu = (more: Partial<GcCpuFact> = {}): GcCpuFact => ({ pid: 100, ofProcess: 0.77, helpers: 4, helperCores: 1.1, stoppedShare: 0, samples: 210, ...more });

    it('counts them where they take the cores that the thread wants', () => {
      const f = finding(gcPressure, crowded());
      expect(f.cost.share).toBeCloseTo(0.77, 1);
      expect(f.summary).toContain('4 threads of the collector hold 1.1 cores');
      expect(f.confidence).toBeGreaterThan(0.85);
    });

    it('does not where a core is free, or where they take little', () => {
      absent(gcPressure, crowded({}, 0.6));
      absent(gcPressure, crowded({ ofProcess: 0.15, helperCores: 0.1 }));
    });

    it('counts the time for which it stops everybody, whatever is free', () => {
      const java = without({ ...collected, threads: threads([thread(0.3)]), 'gc-cpu': gcCpu({ ofProcess: 0.68, helpers: 1, helperCores: 0.65, stoppedShare: 0.7 }) }, 'gc', 'hot-functions');
      const f = finding(gcPressure, java);
      expect(f.cost.share).toBeLessThanOrEqual(0.7);
      expect(f.summary).toContain('70% of the time, in which the whole program stands still');
      expect(absent(gcPressure, { ...java, 'gc-cpu': gcCpu({ stoppedShare: 0.05 }) })).toContain('5% of the time');
    });

    it('knows of a runtime that tells of no pauses by them alone', () => {
      const java = without(crowded(), 'gc', 'hot-functions');
      expect(finding(gcPressure, java).cost.share).toBeCloseTo(0.77, 1);
      expect(absent(gcPressure, without(crowded({ ofProcess: 0.1 }), 'gc'))).toContain("10% of the process's CPU");
    });
  });

  it('has no data where the runtime tells nothing', () => {
    expect(noData(gcPressure, without(collected, 'gc')).enable).toBe('run the probe for gc');
  });
});
