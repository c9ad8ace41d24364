import { describe, expect, it } from 'vitest';
import { loadClientSaturated } from '../../src/rules/load-client-saturated.js';
import { flaskNagle, nodeHello, queue, requests, sockets, thread, threads, without } from './facts.js';
import { absent, finding, noData } from './judge.js';

const full = { busiestThreadShare: 0.99, totalShare: 1.05, runQueueShare: 0 };
/** Four workers share what one generator thread can send. */
const outrun = {
  requests: requests(100, 45_000),
  threads: threads([0.3, 0.32, 0.28, 0.31].map((cpu, i) => thread(cpu, { pid: 100 + i })), { generator: full }),
  sockets: sockets({ inService: 4 }),
};

describe('load-client-saturated', () => {
  it('sees a generator at its limit and a server with room', () => {
    const f = finding(loadClientSaturated, outrun);
    expect(f.kind).toBe('load');
    expect(f.cost.share).toBeCloseTo(0.67, 1);
  });

  it('is less sure without the sockets', () => {
    expect(finding(loadClientSaturated, without(outrun, 'sockets')).confidence).toBeLessThan(finding(loadClientSaturated, outrun).confidence);
  });

  it('lets a hello server at 93% under a full generator be', () => {
    expect(absent(loadClientSaturated, nodeHello())).toContain('so is the server');
  });

  it('lets a server be whose requests are all in its hands', () => {
    absent(loadClientSaturated, { ...outrun, sockets: sockets({ inService: 90 }) });
  });

  it('lets a server be that has little left', () => {
    expect(absent(loadClientSaturated, { ...outrun, threads: threads([thread(0.76)], { generator: full }) })).toContain('little left');
  });

  it('lets a generator be whose connections are dropped before the server sees them', () => {
    const dropping = { ...outrun, queue: queue({ accepted: 40_000, drops: 1_900, portDrops: 2_000 }) };
    const slow = requests(100, 45_000);
    slow.headline.latencyMs = { mean: 20, p50: 2, p90: 5, p99: 1020, p999: 1040, max: 2060 };
    expect(absent(loadClientSaturated, { ...dropping, requests: slow })).toContain('dropped');
    // Counted, but nobody waited: it was not a connection that mattered.
    finding(loadClientSaturated, dropping);
  });

  it('lets an idle generator be', () => {
    absent(loadClientSaturated, flaskNagle());
  });

  it('does not take a generator that others starve for a full one', () => {
    absent(loadClientSaturated, { ...outrun, threads: threads([thread(0.3)], { generator: { busiestThreadShare: 0.4, totalShare: 0.4, runQueueShare: 0.58 } }) });
  });

  it('has no data without a generator of ours, or without threads', () => {
    noData(loadClientSaturated, { ...outrun, threads: threads([thread(0.3)], { generator: null }) });
    expect(noData(loadClientSaturated, without(outrun, 'threads')).enable).toBe('run the probe for threads');
    noData(loadClientSaturated, { ...outrun, threads: threads([], { generator: full }) });
  });
});
