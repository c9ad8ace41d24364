import { describe, expect, it } from 'vitest';
import { acceptQueueOverflow } from '../../src/rules/accept-queue-overflow.js';
import { nodeHello, queue, requests, thread, threads, without, type FactValues } from './facts.js';
import { absent, finding, noData } from './judge.js';

/** As measured on a Node server with a backlog of 4, 50 clients without keep-alive. */
const overflowing = (): FactValues => ({
  ...nodeHello(),
  requests: requests(50, 5548, { keepAlive: false, inFlight: 40.7, window: { latencyMs: { mean: 7.3, p50: 0.82, p90: 1.3, p99: 4, p999: 1221, max: 2703 }, completed: 31_660 } }),
  threads: threads([thread(0.53)]),
  queue: queue({ overflows: 275, drops: 275, portDrops: 327, synRetransmits: 174, retransmits: 246, accepted: 33_451, listenQueue: { max: 4, limit: 4, fullShare: 0.17 } }),
});

describe('accept-queue-overflow', () => {
  it('sees drops behind a median that looks fine, and what they cost the mean', () => {
    const f = finding(acceptQueueOverflow, overflowing());
    expect(f.cost.share).toBeGreaterThan(0.8);
    expect(f.cost.msPerRequest).toBeCloseTo(6.48, 1);
    expect(f.confidence).toBeGreaterThan(0.85);
    expect(f.summary).toContain('p50 0.82 ms');
    expect(f.culprit).toEqual({ kind: 'socket', name: 'the listening socket (queue of 4)' });
  });

  it('says so where it owns only the tail', () => {
    const tail = { ...overflowing(), requests: requests(200, 9000, { keepAlive: false, window: { latencyMs: { mean: 22, p50: 10, p90: 20, p99: 1020, p999: 1050, max: 3040 }, completed: 54_000 } }),
      queue: queue({ portDrops: 600, overflows: 600, drops: 600, accepted: 54_000 }) };
    expect(finding(acceptQueueOverflow, tail).cost.tail).toEqual({ share: 0.9804, ms: 1000 });
  });

  it('makes do with the counters of the namespace, less sure', () => {
    const blind = finding(acceptQueueOverflow, { ...overflowing(), queue: queue({ ...overflowing().queue, portDrops: null, listenQueue: null }) });
    expect(blind.confidence).toBeLessThan(finding(acceptQueueOverflow, overflowing()).confidence);
    expect(blind.evidence[0]?.text).toContain('all ports');
  });

  it('tells a server out of CPU as evidence against it', () => {
    const f = finding(acceptQueueOverflow, { ...overflowing(), threads: threads([thread(0.97)]) });
    expect(f.evidence.at(-1)).toMatchObject({ speaks: 'against' });
  });

  it('is absent for a stray drop, and for drops that nobody felt', () => {
    absent(acceptQueueOverflow, nodeHello());
    absent(acceptQueueOverflow, { ...overflowing(), queue: queue({ drops: 4, portDrops: 4 }) });
    absent(acceptQueueOverflow, { ...overflowing(), queue: queue({ drops: 12, portDrops: 12, accepted: 30_000 }) });
    // Packets after a reset: uWSGI closes with bytes unread.
    absent(acceptQueueOverflow, { ...overflowing(), queue: queue({ overflows: 0, drops: 0, portDrops: 276, accepted: 286 }) });
    expect(absent(acceptQueueOverflow, { ...overflowing(), requests: requests(50, 20_000) })).toContain('before the measured time');
  });

  it('has no data without the counters', () => void noData(acceptQueueOverflow, without(overflowing(), 'queue')));
});
