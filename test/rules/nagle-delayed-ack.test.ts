import { describe, expect, it } from 'vitest';
import { nagleDelayedAck } from '../../src/rules/nagle-delayed-ack.js';
import { flaskNagle, nodeHello, outbound, peer, requests, sockets, thread, threads, without } from './facts.js';
import { absent, finding, noData } from './judge.js';
import { tightLatency } from './latency.js';

const held = flaskNagle().sockets;

describe('nagle-delayed-ack', () => {
  it('sees two small sends, no TCP_NODELAY and a gap of 40 ms on a server that idles', () => {
    const f = finding(nagleDelayedAck, flaskNagle());
    expect(f.confidence).toBeGreaterThan(0.9);
    expect(f.cost.share).toBeGreaterThan(0.9);
    expect(f.cost.msPerRequest).toBeGreaterThan(38);
    expect(f.evidence[0]?.text).toBe('2 sends a response (140 B + 11 B)');
  });

  it('warns that keep-alive makes it worse until it is mended', () => {
    expect(finding(nagleDelayedAck, flaskNagle()).advice.join('\n')).toMatch(/Do not turn keep-alive on/);
  });

  it('makes do with ss, less sure', () => {
    const ss = sockets({ source: 'ss', requests: null, sendsPerResponse: null, sendBytes: [], noDelay: null, heldShare: null, heldGapMs: null, freeGapMs: null, serviceMs: null, inService: null, notSentShare: 0.91, rttMs: 20, acceptsPerRequest: null });
    const f = finding(nagleDelayedAck, { ...flaskNagle(), sockets: ss });
    expect(f.cost.share).toBeCloseTo(0.91);
    expect(f.confidence).toBeLessThan(0.75);
    expect(f.confidence).toBeGreaterThanOrEqual(0.5);
  });

  it('is absent without keep-alive: closing flushes', () => {
    absent(nagleDelayedAck, { ...flaskNagle(), requests: requests(100, 5300, { keepAlive: false }) });
    absent(nagleDelayedAck, { ...flaskNagle(), sockets: { ...held!, acceptsPerRequest: 1 } });
  });

  it('is absent with one send a response, or two with TCP_NODELAY on', () => {
    absent(nagleDelayedAck, { ...flaskNagle(), sockets: { ...held!, sendsPerResponse: 1.02 } });
    expect(absent(nagleDelayedAck, { ...flaskNagle(), sockets: sockets({ sendsPerResponse: 2, sendBytes: [140, 11], noDelay: true, heldShare: 0 }) })).toContain('TCP_NODELAY');
  });

  it('is absent where latency near 40 ms comes from the CPU', () => {
    const busy = { requests: requests(100, 2300), threads: threads([thread(0.99)]), sockets: sockets({ noDelay: false, sendsPerResponse: 2, heldShare: 0.03, heldGapMs: 41, freeGapMs: 38 }) };
    absent(nagleDelayedAck, busy);
    // Held, but no longer than anybody waits for their turn.
    absent(nagleDelayedAck, { ...busy, sockets: { ...busy.sockets, heldShare: 0.6 } });
  });

  it('costs little beside a sleep that dominates', () => {
    const f = finding(nagleDelayedAck, { ...flaskNagle(), requests: requests(100, 410, { window: { latencyMs: tightLatency(244) } }) });
    expect(f.cost.share).toBeLessThan(0.2);
    expect(f.cost.share).toBeGreaterThan(0.1);
  });

  it('never costs more than the mean: the gap is a median', () => {
    const f = finding(nagleDelayedAck, { ...flaskNagle(), requests: requests(100, 2350), sockets: { ...held!, heldShare: 1, heldGapMs: 44.4, freeGapMs: null } });
    expect(f.cost.msPerRequest).toBeCloseTo(100 / 2.35, 1);
    expect(f.cost.share).toBe(1);
  });

  it('is absent on a healthy server', () => void absent(nagleDelayedAck, nodeHello()));

  it('has no data without sockets, or where nobody saw held bytes', () => {
    expect(noData(nagleDelayedAck, without(flaskNagle(), 'sockets')).enable).toBe('run the probe for sockets');
    noData(nagleDelayedAck, { ...flaskNagle(), sockets: { ...held!, heldShare: null, notSentShare: null, heldGapMs: null } });
  });

  it('sees it on the way to another server as well, which then is not why', () => {
    const asking = (more: Parameters<typeof peer>[1]) => ({
      requests: requests(50, 1125), sockets: sockets(), threads: threads([thread(0.14)]), outbound: outbound(peer(48.6, more)),
    });
    const f = finding(nagleDelayedAck, asking({ heldShare: 0.92 }));
    expect(f).toMatchObject({ kind: 'cause', culprit: { kind: 'socket', name: expect.stringContaining('127.0.0.1:6379') as string } });
    expect(f.cost.share).toBeGreaterThan(0.9);
    expect(f.summary).toContain('Calls to');
    // One send a call, or one that is never held; a peer that is slow by itself.
    absent(nagleDelayedAck, asking({ heldShare: 0.01 }));
    absent(nagleDelayedAck, asking({ heldShare: null }));
    absent(nagleDelayedAck, asking({ heldShare: 0.92, waitMs: { mean: 5, p50: 5, p90: 6 } }));
    absent(nagleDelayedAck, asking({ heldShare: 0.92, waitMs: { mean: 300, p50: 300, p90: 310 } }));
  });
});
