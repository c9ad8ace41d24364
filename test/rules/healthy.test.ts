import { describe, expect, it } from 'vitest';
import { healthy } from '../../src/rules/healthy.js';
import { eventLoop, flaskNagle, frame, gc, hot, hotFunction, nodeHello, requests, thread, threads, tick, without, type FactValues } from './facts.js';
import { absent, finding, noData } from './judge.js';
import { tightLatency } from './latency.js';

/** 200 requests a second asked for, and given. */
const easy: FactValues = { requests: requests(10, 200, { inFlight: 0.1, window: { latencyMs: tightLatency(0.6) } }), threads: threads([thread(0.05)]) };

describe('healthy', () => {
  it('sees a server on its runtime\'s floor, and says what the limit is', () => {
    const f = finding(healthy, nodeHello());
    expect(f.kind).toBe('state');
    expect(f.summary).toContain('the limit is the runtime itself');
    expect(f.confidence).toBeGreaterThan(0.85);
  });

  it('sees a server that has room, and says that the load sets the rate', () => {
    expect(finding(healthy, easy).summary).toContain('the load sets the rate');
  });

  it('counts a machine that is full', () => {
    const parts = Array.from({ length: 9 }, (_, i) => hotFunction(frame(`f${i}`, '/app/x.js', { line: i }), 0.04, 0.05));
    const full = { requests: requests(100, 15_000), threads: threads([thread(0.98), thread(0.97, { pid: 101 })], { cpus: 2, idleCores: 0.02 }), 'hot-functions': hot(parts, { app: 0.3, runtime: 0.5, kernel: 0.2 }) };
    expect(finding(healthy, full).summary).toContain('machine');
  });

  it('takes a framework that answers light requests for the floor, where the profile tells who answers for what', () => {
    const parts = [
      { ...hotFunction(frame('_execute', '/usr/lib/python3/dist-packages/tornado/web.py', { origin: 'dependency', kind: 'python' }), 0.12, 0.6), ownedShare: 0 },
      { ...hotFunction(frame('get', '/app/handlers.py', { kind: 'python' }), 0.03, 0.1), ownedShare: 0.1 },
    ];
    const tornado = (msEach: number): FactValues => ({ requests: requests(100, 900 / msEach), threads: threads([thread(0.9)], { cpus: 2, idleCores: 0.7 }), 'hot-functions': hot(parts, { app: 0.03, dependency: 0.5, runtime: 0.47 }) });
    expect(finding(healthy, tornado(0.12)).confidence).toBeGreaterThan(0.8);
    // As many samples in a framework that takes ten times as long are no floor: it is used heavily.
    absent(healthy, tornado(1.2));
  });

  it('counts a machine that is full by processes that each have many threads', () => {
    const gthread = Array.from({ length: 2 }, (_, i) => thread(0.6, { pid: 100 + i, runQueueShare: 0.15 }));
    const full: FactValues = { ...nodeHello(), requests: requests(100, 15_000), threads: threads(gthread, { cpus: 2, idleCores: 0.05 }) };
    expect(finding(healthy, full).kind).toBe('state');
    absent(healthy, { ...full, threads: threads(gthread, { cpus: 2, idleCores: 0.5 }) });
  });

  it('is absent where one function holds the CPU', () => {
    absent(healthy, { ...nodeHello(), 'hot-functions': hot([hotFunction(frame('rank', '/app/rank.js'), 0.6, 0.7)], { app: 0.7, runtime: 0.2 }) });
  });

  it('is absent where answers are errors, or fail', () => {
    absent(healthy, { ...nodeHello(), requests: requests(100, 60_000, { window: { non2xx: 300_000 } }) });
    absent(healthy, { ...nodeHello(), requests: requests(100, 60_000, { window: { timeouts: 30_000 } }) });
  });

  it('is absent where the loop stalls, or garbage takes the thread', () => {
    absent(healthy, { ...easy, requests: requests(10, 200, { inFlight: 0.1, window: { latencyMs: { ...tightLatency(0.6), max: 78 } } }), 'event-loop': eventLoop({ p50Ms: 0.2, meanMs: 0.3 }, [tick(0, 80), tick(1000, 80), tick(2000, 80)]) });
    absent(healthy, { ...nodeHello(), gc: gc(0.3) });
  });

  it('is absent where idle CPU and latency stand together', () => {
    absent(healthy, flaskNagle());
    absent(healthy, { ...easy, requests: requests(100, 1960, { window: { latencyMs: tightLatency(51) } }) });
  });

  it('does not call a full core healthy when it cannot see what fills it', () => {
    absent(healthy, { requests: requests(50, 90), threads: threads([thread(0.98)]) });
    // Light as the requests are, little can hide in them.
    expect(finding(healthy, without(nodeHello(), 'hot-functions')).confidence).toBeLessThan(0.7);
    absent(healthy, { ...without(nodeHello(), 'hot-functions'), requests: requests(100, 5000) });
  });

  it('has no data without requests or threads', () => {
    noData(healthy, without(nodeHello(), 'requests'));
    noData(healthy, without(nodeHello(), 'threads'));
  });
});
