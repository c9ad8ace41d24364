import { describe, expect, it } from 'vitest';
import { eventLoopBlocked } from '../../src/rules/event-loop-blocked.js';
import { eventLoop, frame, gc, nodeHello, requests, thread, threads, tick, without, type FactValues } from './facts.js';
import { absent, finding, noData } from './judge.js';
import { tailedLatency } from './latency.js';

const rebuild = frame('rebuildIndex', '/app/lib/catalog/rebuild-index.js', { line: 8 });
const every = (periodMs: number, lengthMs: number, more = {}) => Array.from({ length: 10 }, (_, i) => tick(1000 + i * periodMs + (i % 3), lengthMs, more));

/** 80 ms once a second on an otherwise quick server. */
const stalled = (): FactValues => ({
  requests: requests(50, 9000, { window: { latencyMs: tailedLatency(5.5, 80) } }),
  threads: threads([thread(0.7)]),
  'event-loop': eventLoop({ p50Ms: 0.3, meanMs: 0.6 }, every(1000, 80.6, { culprit: rebuild })),
  gc: gc(0.02),
});

describe('event-loop-blocked', () => {
  it('counts planted stalls, names the function and the beat', () => {
    const f = finding(eventLoopBlocked, stalled());
    expect(f.kind).toBe('cause');
    expect(f.evidence[0]).toMatchObject({ value: 10, unit: 'ticks' });
    expect(f.culprit).toMatchObject({ kind: 'function', file: '/app/lib/catalog/rebuild-index.js', line: 8 });
    expect(f.cost.share).toBeCloseTo(0.0806, 2);
    expect(f.summary).toMatch(/every 1,00\d ms/);
  });

  it('finds the beat when a stall or two went unseen, and none where there is none', () => {
    const gaps = every(1000, 80).filter((_, i) => i !== 3 && i !== 7);
    expect(finding(eventLoopBlocked, { ...stalled(), 'event-loop': eventLoop({ p50Ms: 0.3, meanMs: 0.6 }, gaps) }).summary).toMatch(/every/);
    const odd = [0, 130, 900, 2400, 2700, 6100].map((at) => tick(at, 90));
    expect(finding(eventLoopBlocked, { ...stalled(), 'event-loop': eventLoop({ p50Ms: 0.3, meanMs: 0.6 }, odd) }).summary).not.toMatch(/every/);
  });

  it('names the majority of causes and the blocking call', () => {
    const mixed = [...every(1000, 120, { cause: 'blocked', syscall: 'fdatasync' }), tick(500, 30, { culprit: null })];
    const f = finding(eventLoopBlocked, { ...stalled(), 'event-loop': eventLoop({ p50Ms: 0.3, meanMs: 0.6 }, mixed) });
    expect(f.culprit).toEqual({ kind: 'syscall', name: 'fdatasync' });
  });

  it('sees a rare long collection, but leaves much garbage to gc-pressure', () => {
    const collections = { ...stalled(), 'event-loop': eventLoop({ p50Ms: 0.3, meanMs: 0.6 }, every(900, 110, { cause: 'gc' })) };
    expect(finding(eventLoopBlocked, collections).summary).toContain('garbage collection');
    expect(absent(eventLoopBlocked, { ...collections, gc: gc(0.35) })).toContain('gc-pressure');
  });

  it('is absent where every tick is heavy', () => {
    const heavy = eventLoop({ p50Ms: 55, meanMs: 60, maxMs: 95 }, every(100, 90));
    expect(absent(eventLoopBlocked, { ...stalled(), 'event-loop': heavy })).toContain('every tick is heavy');
    // A third of the ticks: the median is short, the mean is not.
    absent(eventLoopBlocked, { ...stalled(), 'event-loop': eventLoop({ p50Ms: 0.1, meanMs: 27 }, every(300, 80)) });
  });

  it('is absent where a long tick holds as many requests as are in flight', () => {
    // Worker threads: each request is copied for 0.4 ms, and all 50 come at once.
    const batches: FactValues = {
      requests: requests(50, 1700, { window: { latencyMs: tailedLatency(29, 60) } }), threads: threads([thread(0.62, { runQueueShare: 0.35 })]),
      'event-loop': eventLoop({ p50Ms: 0.7, meanMs: 2.8 }, every(280, 28, { culprit: rebuild })), gc: gc(0.02),
    };
    expect(absent(eventLoopBlocked, batches)).toContain('all requests in flight together take 28.5 ms');
    finding(eventLoopBlocked, { ...batches, 'event-loop': eventLoop({ p50Ms: 0.7, meanMs: 2.8 }, every(280, 58, { culprit: rebuild })) });
  });

  it('is absent where the thread merely waited for a CPU', () => {
    absent(eventLoopBlocked, { ...stalled(), 'event-loop': eventLoop({ p50Ms: 0.3, meanMs: 0.6 }, every(1000, 60, { cause: 'run-queue' })) });
  });

  it('is absent for a chance stall or two, and on a quick server', () => {
    absent(eventLoopBlocked, { ...stalled(), 'event-loop': eventLoop({ p50Ms: 0.3, meanMs: 0.6 }, [tick(100, 45), tick(4000, 60)]) });
    absent(eventLoopBlocked, nodeHello());
  });

  it('does not charge the server with stalls that no client felt while no heavy probe ran', () => {
    const felt = requests(50, 9000, { window: { latencyMs: tailedLatency(5.5, 80) } });
    const calm = requests(50, 9000, { window: { latencyMs: { ...tailedLatency(5.5, 80), p99: 9, p999: 11, max: 12 } } });
    finding(eventLoopBlocked, { ...stalled(), requests: felt });
    expect(absent(eventLoopBlocked, { ...stalled(), requests: calm })).toContain('probes');
  });

  it('costs more of the latency than of the time when requests come at a rate', () => {
    // 100 a second, 0.4 ms each: a stall of 400 ms holds up to 40 of them, 200 ms on average.
    const open = requests(200, 100, { inFlight: 0.4, window: { latencyMs: tailedLatency(9, 400) } });
    const f = finding(eventLoopBlocked, { ...stalled(), requests: open, 'event-loop': eventLoop({ p50Ms: 0.3, meanMs: 0.4 }, every(1000, 400)) });
    expect(f.cost.share).toBeGreaterThan(0.8);
  });

  it('makes do with the runtime\'s own delay, less sure', () => {
    const node = eventLoop({ p50Ms: 0, meanMs: 0 }, every(1000, 80, { source: 'node', cause: 'unknown' }), { source: 'node' });
    node.threads = node.threads.map((t) => ({ ...t, p50Ms: null, meanMs: null, ticks: null }));
    const f = finding(eventLoopBlocked, { 'event-loop': node });
    expect(f.confidence).toBeLessThan(finding(eventLoopBlocked, stalled()).confidence);
    expect(f.cost.msPerRequest).toBeNull();
  });

  it('has no data without an event loop', () => {
    expect(noData(eventLoopBlocked, without(stalled(), 'event-loop')).enable).toBe('run the probe for event-loop');
  });

  /** Tornado, each request asks Redis in a blocking call: 50 connections on one loop. */
  const always = (call: string, share: number, established = 50): FactValues => {
    const loop = thread(0.1, { waits: [{ in: call, fd: 9, share, on: { kind: 'peer', name: '127.0.0.1:6379' } }, { in: 'epoll_wait', fd: 4, share: 0.9 - share }, { in: 'running', fd: null, share: 0.1 }] });
    const seen = threads([loop]);
    return { requests: requests(50, 30), threads: { ...seen, processes: seen.processes.map((p) => ({ ...p, established })) }, 'event-loop': eventLoop({ p50Ms: 33, meanMs: 33, maxMs: 40 }) };
  };

  it('sees a loop that every request blocks, and names the peer', () => {
    const f = finding(eventLoopBlocked, always('recvfrom', 0.88));
    expect(f.culprit).toEqual({ kind: 'socket', name: '127.0.0.1:6379' });
    expect(f.cost.share).toBeGreaterThan(0.8);
    // poll is an event wait, but not of a loop that waits in epoll.
    finding(eventLoopBlocked, always('poll', 0.85));
    finding(eventLoopBlocked, without(always('clock_nanosleep', 0.8), 'event-loop'));
  });

  it('leaves workers with one connection each, syncs, and loops that wait for events to others', () => {
    absent(eventLoopBlocked, always('recvfrom', 0.88, 1));
    absent(eventLoopBlocked, always('fsync', 0.88));
    absent(eventLoopBlocked, always('recvfrom', 0.2));
  });
});
