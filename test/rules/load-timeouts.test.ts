import { describe, expect, it } from 'vitest';
import { loadTimeouts } from '../../src/rules/load-timeouts.js';
import { nodeHello, queue, requests, sockets } from './facts.js';
import { absent, finding, noData } from './judge.js';

describe('load-timeouts', () => {
  it('sees requests that time out', () => {
    const f = finding(loadTimeouts, { requests: requests(200, 100, { window: { timeouts: 60 } }) });
    expect(f.kind).toBe('load');
    expect(f.cost.share).toBeCloseTo(60 / 560);
  });

  it('names the error that dominates', () => {
    const f = finding(loadTimeouts, { requests: requests(200, 1000, { window: { errors: { ECONNREFUSED: 900, ECONNRESET: 20 } } }) });
    expect(f.summary).toContain('ECONNREFUSED');
    expect(f.advice[0]).toContain('refused');
  });

  it('doubts failures that only came while heavy probes ran', () => {
    const r = requests(200, 1000);
    const outside = finding(loadTimeouts, { requests: { ...r, all: { ...r.all, timeouts: 100 } } });
    expect(outside.confidence).toBeLessThan(finding(loadTimeouts, { requests: requests(200, 1000, { window: { timeouts: 100 } }) }).confidence);
  });

  it('does not take a closed connection after each response for a failure', () => {
    const closed = { requests: requests(50, 1000, { window: { errors: { 'read error': 5000 } } }) };
    expect(absent(loadTimeouts, { ...closed, sockets: sockets({ acceptsPerRequest: 1 }) })).toContain('closing');
    // Without eBPF the kernel's count of connections says the same.
    const ss = sockets({ acceptsPerRequest: null });
    absent(loadTimeouts, { ...closed, sockets: ss, queue: queue({ accepted: 5050 }) });
    finding(loadTimeouts, { ...closed, sockets: ss, queue: queue({ accepted: 50 }) });
    finding(loadTimeouts, { ...closed, sockets: sockets({ acceptsPerRequest: 0 }) });
    finding(loadTimeouts, { ...closed, sockets: sockets({ acceptsPerRequest: 2 }) });
  });

  it('lets a stray reset pass', () => {
    absent(loadTimeouts, { requests: requests(200, 1000, { window: { errors: { ECONNRESET: 3 } } }) });
    absent(loadTimeouts, nodeHello());
  });

  it('sees a server that never answered, and has no data where nothing was sent', () => {
    expect(finding(loadTimeouts, { requests: requests(50, 0, { inFlight: null, window: { completed: 0, latencyMs: null, statuses: {}, errors: { ECONNREFUSED: 40 } } }) }).cost.share).toBe(1);
    noData(loadTimeouts, { requests: requests(50, 0, { inFlight: null, window: { completed: 0, latencyMs: null, statuses: {} } }) });
    noData(loadTimeouts, {});
  });
});
