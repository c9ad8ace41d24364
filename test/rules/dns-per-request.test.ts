import { describe, expect, it } from 'vitest';
import { blockedDownstream } from '../../src/rules/blocked-downstream.js';
import { dnsPerRequest } from '../../src/rules/dns-per-request.js';
import { timerWait } from '../../src/rules/timer-wait.js';
import { nodeHello, outbound, peer, pool, requests, sockets, thread, threads, without, type FactValues } from './facts.js';
import { absent, finding, noData } from './judge.js';
import { tightLatency } from './latency.js';

const resolver = (pending: number, callsPerS: number) =>
  peer(pending, { peer: '10.0.0.2:53', protocol: 'udp', port: 53, process: null, connections: null, callsPerS, waitMs: { mean: 12, p50: 12, p90: 13 } });

/** A question of 12 ms for each of 3,700 requests a second. */
const lookup = (): FactValues => ({
  requests: requests(50, 3700, { window: { latencyMs: tightLatency(13.5) } }), threads: threads([thread(0.4)]),
  sockets: sockets({ serviceMs: { mean: 13, p10: 12, p50: 13, p90: 14, p99: 16 }, inService: 48 }),
  outbound: outbound(resolver(44.4, 3700)),
});

describe('dns-per-request', () => {
  it('sees that each request waits for the resolver', () => {
    const f = finding(dnsPerRequest, lookup());
    expect(f.culprit).toEqual({ kind: 'socket', name: '10.0.0.2:53' });
    expect(f.cost.share).toBeCloseTo(0.89, 2);
    expect(f.summary).toMatch(/^1 questions? to 10\.0\.0\.2:53/);
  });

  it('is neither a timer nor a slow service', () => {
    absent(timerWait, lookup());
    absent(blockedDownstream, lookup());
  });

  it('sees a thread pool full of getaddrinfo, also of names in /etc/hosts', () => {
    const f = finding(dnsPerRequest, { ...lookup(), outbound: outbound(), requests: requests(50, 3000), pool: pool(4, [{ kind: 'dns', name: 'getaddrinfo', share: 0.8 }]) });
    expect(f.culprit?.name).toBe('getaddrinfo');
    expect(f.cost.share).toBeGreaterThan(0.6);
  });

  it('is absent where answers are kept, or come at once', () => {
    absent(dnsPerRequest, { ...lookup(), outbound: outbound(resolver(20, 1800)) });
    expect(absent(dnsPerRequest, { ...lookup(), outbound: outbound(resolver(2, 3700)) })).toContain('wait for a resolver');
  });

  it('is absent where nobody asks', () => {
    absent(dnsPerRequest, nodeHello());
    absent(dnsPerRequest, { ...lookup(), outbound: outbound(peer(40)) });
  });

  it('has no data where questions share a socket, and a timer is doubted then', () => {
    const shared = { ...lookup(), threads: threads([thread(0.2)]), outbound: outbound({ ...resolver(0.9, 3700), waitMs: null }) };
    expect(noData(dnsPerRequest, shared).why).toContain('share a socket');
    expect(finding(timerWait, shared).confidence).toBeLessThan(0.5);
  });

  it('has no data where nobody looked', () => {
    noData(dnsPerRequest, without(lookup(), 'outbound'));
    noData(dnsPerRequest, without(lookup(), 'requests'));
  });
});
