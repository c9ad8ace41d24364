import { describe, expect, it } from 'vitest';
import { timerWait } from '../../src/rules/timer-wait.js';
import { eventLoop, flaskNagle, ledger, ledgerThread, nodeHello, outbound, peer, requests, sockets, thread, threads, without, type FactValues } from './facts.js';
import { absent, finding, noData } from './judge.js';
import { tightLatency } from './latency.js';

/** setTimeout of 50 ms, 100 connections: 1,960 requests a second, all of them waiting at once. */
const timer = (): FactValues => ({
  requests: requests(100, 1960, { window: { latencyMs: tightLatency(51) } }),
  threads: threads([thread(0.12)]),
  ledger: ledger(ledgerThread({ user: 0.08, 'kernel:write': 0.03 })),
  'event-loop': eventLoop({ p50Ms: 0.1, meanMs: 0.3, maxMs: 3 }),
  sockets: sockets({ serviceMs: { mean: 50.7, p10: 50.1, p50: 50.6, p90: 51.4, p99: 54 }, inService: 99 }),
});

/** A thread a request, each asleep. */
const sleepers = (n: number, connections: number): FactValues => {
  const rps = n / 0.1;
  const list = Array.from({ length: n }, (_, i) => thread(0.004, { tid: 500 + i, name: 'python3', waits: [{ in: 'clock_nanosleep', fd: null, share: 0.98 }, { in: 'running', fd: null, share: 0.02 }] }));
  return {
    requests: requests(connections, rps, { window: { latencyMs: tightLatency((connections / rps) * 1000) } }), threads: threads(list),
    sockets: sockets({ serviceMs: { mean: 100.6, p10: 100.2, p50: 100.4, p90: 101.5, p99: 104 }, inService: n }),
  };
};

describe('timer-wait', () => {
  it('sees all requests wait together for the same time while nobody works', () => {
    const f = finding(timerWait, timer());
    expect(f.kind).toBe('cause');
    expect(f.cost.share).toBeGreaterThan(0.95);
    expect(f.evidence[0]).toMatchObject({ value: 50.6, unit: 'ms' });
  });

  it('keeps in mind that a service that always takes as long looks alike', () => {
    const f = finding(timerWait, timer());
    expect(f.confidence).toBeLessThanOrEqual(0.75);
    expect(f.evidence.at(-1)?.text).toContain('outbound');
  });

  it('is surer where timers end the event waits and no call is outstanding, and absent where none of many does', () => {
    const seen = finding(timerWait, { ...timer(), outbound: outbound(peer(0.4)), 'wait-ends': { waitsPerS: 90, timeoutsPerS: 40 } });
    expect(seen.confidence).toBeGreaterThan(0.8);
    expect(seen.evidence.some((e) => e.text.includes('40 of 90 event waits'))).toBe(true);
    expect(finding(timerWait, { ...timer(), 'wait-ends': { waitsPerS: 4, timeoutsPerS: 0 } }).confidence).toBeLessThan(finding(timerWait, timer()).confidence);
    expect(absent(timerWait, { ...timer(), 'wait-ends': { waitsPerS: 90, timeoutsPerS: 0 } })).toContain('comes from elsewhere');
  });

  it('is absent where replies of another server are what requests wait for', () => {
    expect(absent(timerWait, { ...timer(), outbound: outbound(peer(96)) })).toContain('redis-server');
    expect(absent(timerWait, { ...timer(), outbound: outbound(peer(8, { connections: 8 })) })).toContain('of 100 requests in flight wait for');
  });

  it('takes calls of others off its cost', () => {
    expect(finding(timerWait, { ...timer(), outbound: outbound(peer(30, { connections: 100 })) }).cost.share).toBeLessThan(0.75);
  });

  it('counts who waits at once truthfully', () => {
    expect(finding(timerWait, timer()).summary).toContain('all 100 in flight at once');
    const held = sockets({ serviceMs: { mean: 100, p10: 100, p50: 100, p90: 101, p99: 104 }, inService: 70, noDelay: false, heldShare: 1, heldGapMs: 43, freeGapMs: null });
    const some = finding(timerWait, { ...timer(), requests: requests(100, 690, { window: { latencyMs: tightLatency(144) } }), sockets: held });
    expect(some.summary).toContain('70 of the 100 in flight');
  });

  it('is sure of a sleep that it sees', () => {
    const f = finding(timerWait, sleepers(40, 40));
    expect(f.culprit).toEqual({ kind: 'syscall', name: 'clock_nanosleep' });
    expect(f.confidence).toBeGreaterThan(finding(timerWait, timer()).confidence);
  });

  it('is absent where a few sleep and the rest wait for a worker', () => {
    expect(absent(timerWait, sleepers(4, 50))).toContain('worker');
  });

  it('is absent where few of the requests in flight are at the server', () => {
    // 12 at once for 50 ms each make 240 a second; the other 88 wait in front.
    absent(timerWait, { ...timer(), requests: requests(100, 240), sockets: sockets({ serviceMs: { mean: 50.7, p10: 50.1, p50: 50.6, p90: 51.4, p99: 54 }, inService: 12 }) });
  });

  it('counts by Little\'s law what the short window of the sockets misses', () => {
    finding(timerWait, { ...timer(), sockets: sockets({ serviceMs: { mean: 50.7, p10: 50.1, p50: 50.6, p90: 51.4, p99: 54 }, inService: 70 }) });
  });

  it('is absent where the kernel holds the response back', () => {
    absent(timerWait, flaskNagle());
    const ss = sockets({ source: 'ss', noDelay: null, heldShare: null, serviceMs: null, inService: null, notSentShare: 0.9 });
    const few = { ...flaskNagle(), requests: requests(10, 229, { window: { latencyMs: tightLatency(43.6) } }), threads: threads([thread(0.05)]), sockets: ss };
    expect(absent(timerWait, without(few, 'ledger'))).toContain('ACK');
  });

  it('is absent where service times spread, as those of a queue do', () => {
    absent(timerWait, { ...timer(), sockets: sockets({ serviceMs: { mean: 50, p10: 12, p50: 44, p90: 110, p99: 300 }, inService: 98 }) });
  });

  it('is absent on a busy server and on a quick one', () => {
    absent(timerWait, nodeHello());
    absent(timerWait, { ...timer(), requests: requests(1, 5000), threads: threads([thread(0.2)]), sockets: sockets({ inService: 0.9, serviceMs: { mean: 0.15, p10: 0.14, p50: 0.15, p90: 0.16, p99: 0.3 } }) });
  });

  it('makes do with the client\'s latency, less sure', () => {
    expect(finding(timerWait, without(timer(), 'sockets', 'ledger')).confidence).toBeLessThan(finding(timerWait, timer()).confidence);
  });

  it('has no data without threads or latency', () => {
    noData(timerWait, without(timer(), 'threads'));
    noData(timerWait, without(timer(), 'requests'));
    noData(timerWait, { ...timer(), requests: requests(100, 1960, { inFlight: null, window: { latencyMs: null } }) });
  });
});
