import { describe, expect, it } from 'vitest';
import { blockedDownstream } from '../../src/rules/blocked-downstream.js';
import { workerPoolExhausted } from '../../src/rules/worker-pool-exhausted.js';
import { ledger, ledgerThread, nodeHello, outbound, peer, requests, sockets, thread, threads, without, type FactValues } from './facts.js';
import { absent, finding, noData } from './judge.js';
import { tightLatency } from './latency.js';

const serviceOf = (ms: number) => ({ mean: ms, p10: ms * 0.98, p50: ms, p90: ms * 1.03, p99: ms * 1.1 });

/** An API that takes 40 ms, with a connection for each of the 50 requests. */
const slowPeer = (): FactValues => ({
  requests: requests(50, 1200, { window: { latencyMs: tightLatency(41.6) } }),
  threads: threads([thread(0.3)]), ledger: ledger(ledgerThread({ user: 0.25 })),
  sockets: sockets({ serviceMs: serviceOf(41), inService: 49 }),
  outbound: outbound(peer(48.2, { connections: 50, callsPerS: 1200, waitMs: { mean: 40.2, p50: 40, p90: 41 } })),
});

/** The same through eight connections. */
const poolOf = (n: number, callMs = 40): FactValues => {
  const rps = n / (callMs / 1000);
  return {
    requests: requests(50, rps), threads: threads([thread(0.09)]), ledger: ledger(ledgerThread({ user: 0.08 })),
    sockets: sockets({ serviceMs: serviceOf(50_000 / rps), inService: 49 }),
    outbound: outbound(peer(n * 0.99, { connections: n, callsPerS: rps, waitMs: { mean: callMs, p50: callMs, p90: callMs * 1.1 } })),
  };
};

/** Four sync workers, each in recv for its reply; they read one request at a time. */
const workers = (): FactValues => {
  const list = [0, 1, 2, 3].map((i) => thread(0.01, { pid: 200 + i, name: 'gunicorn', waits: [{ in: 'recvfrom', fd: 9, share: 0.97 }] }));
  return {
    requests: requests(50, 39), threads: threads(list), sockets: sockets({ serviceMs: serviceOf(101), inService: 3.9 }),
    outbound: outbound(peer(3.9, { connections: 3.9, callsPerS: 39, waitMs: { mean: 100, p50: 100, p90: 101 } })),
  };
};

describe('blocked-downstream', () => {
  it('sees that all requests in flight wait for one peer', () => {
    const f = finding(blockedDownstream, slowPeer());
    expect(f.culprit).toEqual({ kind: 'socket', name: '127.0.0.1:6379 (redis-server)' });
    expect(f.cost.share).toBeGreaterThan(0.9);
    expect(f.summary).toContain('of 50 requests in flight');
  });

  it.each([[8, '7.9 of 8 connections'], [1, 'The one connection']])('tells too few connections (%i) from a slow peer', (n, text) => {
    const f = finding(blockedDownstream, poolOf(n));
    expect(f.summary).toContain(text);
    expect(f.cost.share).toBeGreaterThan(0.95);
    expect(f.advice[0]).toMatch(n === 1 ? /one call at a time/ : /limit of 8/);
  });

  it('does not take connections that come and go for a limit', () => {
    const f = finding(blockedDownstream, { ...slowPeer(), outbound: outbound(peer(46, { connections: 22 })) });
    expect(f.summary).toContain('46 of 50 requests in flight');
  });

  it('sees that the peer is what is out of CPU, on connections that were not counted as well', () => {
    const full: FactValues = { ...workers(), 'cpu-use': { cpus: 2, idleCores: 0.4, stolenCores: 0, users: [{ who: 'sibling', pid: 900, comm: 'redis-server', cores: 0.99 }] } };
    full.outbound = outbound(peer(3.7, { protocol: 'unix', port: 0, connections: null, callsPerS: 39 }));
    const f = finding(blockedDownstream, full);
    expect(f.cost.share).toBeGreaterThan(0.9);
    expect(f.evidence.map((e) => e.text).join()).toContain('itself used 99% of a core');
    expect(f.advice[0]).toMatch(/only lengthen/);
    expect(absent(workerPoolExhausted, full)).toContain('out of CPU');
    // With room left at the peer, more workers help.
    finding(workerPoolExhausted, { ...full, 'cpu-use': { ...full['cpu-use']!, users: [] } });
  });

  describe('where connections come and go', () => {
    /** Tornado with max_clients=2 and a connection a call, as measured. */
    const hidden = (pending: number, more: Partial<FactValues> = {}): FactValues => ({
      requests: requests(50, 85), threads: threads([thread(0.09)]), ledger: ledger(ledgerThread({ user: 0.08 })),
      outbound: outbound(peer(pending, { connections: 1.45, callsPerS: 83.6, waitMs: { mean: 22, p50: 22, p90: 23 } })), ...more,
    });

    it('tells a limit by the whole number of calls that are under way all the time, less surely', () => {
      const f = finding(blockedDownstream, hidden(1.88));
      expect(f.cost.share).toBeGreaterThan(0.9);
      expect(f.summary).toContain('of 2 connections');
      expect(f.confidence).toBeLessThan(finding(blockedDownstream, poolOf(2)).confidence);
      expect(f.evidence.some((e) => e.text.includes('come and go'))).toBe(true);
    });

    it('does not where the number is none, where not each request calls, or where the loop has work', () => {
      absent(blockedDownstream, hidden(1.5));
      absent(blockedDownstream, hidden(1.88, { requests: requests(50, 400) }));
      absent(blockedDownstream, hidden(1.88, { threads: threads([thread(0.6)]) }));
    });
  });

  it('does not name what has no fixed peer', () => {
    absent(blockedDownstream, { ...slowPeer(), outbound: outbound(peer(48, { protocol: 'udp', port: 0, peer: 'UDP without a fixed peer', waitMs: null })) });
  });

  it('sees workers that wait for a peer', () => {
    const f = finding(blockedDownstream, workers());
    expect(f.summary).toMatch(/4 workers/);
    expect(f.cost.share).toBeGreaterThan(0.9);
    expect(finding(blockedDownstream, without(workers(), 'sockets')).summary).toMatch(/4 workers/);
  });

  it('is less sure of samples of ss, and says what they miss', () => {
    const f = finding(blockedDownstream, { ...slowPeer(), outbound: { source: 'ss', peers: [peer(44, { callsPerS: null, waitMs: null, connections: 50 })] } });
    expect(f.confidence).toBeLessThan(finding(blockedDownstream, slowPeer()).confidence);
    expect(f.evidence.at(-1)?.text).toContain('ss');
  });

  it('says that the peer is of the own tree, and that the machine is full', () => {
    const full = threads([thread(0.3)], { idleCores: 0.02 });
    const f = finding(blockedDownstream, { ...slowPeer(), threads: full, outbound: outbound(peer(48, { ownTree: true })) });
    expect(f.evidence.some((e) => e.text.includes('own tree'))).toBe(true);
    expect(f.advice.some((a) => a.includes('No core'))).toBe(true);
  });

  it('is absent where calls are a small part of the latency', () => {
    expect(absent(blockedDownstream, { ...slowPeer(), outbound: outbound(peer(4.4, { connections: 50 })) })).toContain('4.4 of 50');
  });

  it('is absent where connections are not full: 8 of 10 busy is no limit', () => {
    const f = finding(blockedDownstream, { ...poolOf(8), outbound: outbound(peer(8, { connections: 10 })) });
    expect(f.cost.share).toBeCloseTo(8 / 50);
  });

  it('is absent without calls, with a peer that never replies, with a resolver, and on a busy server', () => {
    absent(blockedDownstream, { ...nodeHello(), outbound: outbound() });
    absent(blockedDownstream, { ...slowPeer(), outbound: outbound() });
    absent(blockedDownstream, { ...slowPeer(), outbound: outbound(peer(48, { answered: false })) });
    absent(blockedDownstream, { ...slowPeer(), outbound: outbound(peer(48, { port: 53, protocol: 'udp' })) });
    absent(blockedDownstream, { ...slowPeer(), threads: threads([thread(0.95)]) });
  });

  it('has no data where outbound calls were not watched', () => {
    noData(blockedDownstream, without(slowPeer(), 'outbound'));
    noData(blockedDownstream, without(slowPeer(), 'requests'));
    noData(blockedDownstream, without(slowPeer(), 'threads'));
  });
});
