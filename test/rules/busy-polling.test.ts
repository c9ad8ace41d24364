import { describe, expect, it } from 'vitest';
import type { PollingThread } from '../../src/facts/serving-calls.js';
import { busyPolling } from '../../src/rules/busy-polling.js';
import { frame, hot, hotFunction, requests, servingCalls, thread, threads, without, type FactValues } from './facts.js';
import { absent, finding, noData } from './judge.js';

const polling = (tid: number, emptyPolls: number, emptyNs: number, more: Partial<PollingThread> = {}): PollingThread =>
  ({ pid: 100, tid, emptyPolls, waits: emptyPolls + 10, emptyNs, pollNs: emptyPolls * 3000, windowNs: 5e8, ...more });

/** select with a timeout of 0 in a thread beside the one that serves, under one lock (fixtures/servers/bottle-event-bus). */
const spinning = (): FactValues => ({
  requests: requests(50, 850),
  threads: threads([
    thread(0.45, { name: 'python3', waits: [{ in: 'running', fd: null, share: 0.5 }, { in: 'futex', fd: null, share: 0.4 }] }),
    thread(0.4, { tid: 107, name: 'bus', role: 'worker' }),
  ]),
  'serving-calls': servingCalls({}, { polling: [polling(107, 43_000, 3.5e8)] }),
});

describe('busy-polling', () => {
  it('names the thread, and what it keeps from those that serve', () => {
    const f = finding(busyPolling, spinning());
    expect(f).toMatchObject({ kind: 'cause', culprit: { kind: 'thread', name: 'bus (107)' } });
    expect(f.cost.share).toBeGreaterThan(0.15);
    expect(f.summary).toContain('lock');
  });

  it('is a cause where it takes the core that others wait for', () => {
    const f = finding(busyPolling, { ...spinning(), threads: threads([thread(0.5, { runQueueShare: 0.4 }), thread(0.9, { pid: 200, tid: 200, role: 'helper' })], { idleCores: 0.05 }), 'serving-calls': servingCalls({}, { polling: [polling(200, 100_000, 1e8, { pid: 200 })] }) });
    expect(f.kind).toBe('cause');
    expect(f.summary).toContain('no core is idle');
  });

  it('is a note where the thread that serves burns its own idle time', () => {
    const f = finding(busyPolling, { ...spinning(), threads: threads([thread(0.98, { tid: 107 })]) });
    expect(f).toMatchObject({ kind: 'note', cost: { share: 0 } });
  });

  it('is a cause where a serving thread reads in vain, again and again', () => {
    const vain = (eagain: number) => ({
      ...spinning(), threads: threads([thread(1)]),
      'serving-calls': servingCalls({ recvfrom: 61, sendto: 2 }, {}, { recvfrom: { EAGAIN: eagain } }),
      'hot-functions': hot([hotFunction(frame('receive', '/app/hub/channel.py'), 0.1, 0.47)], { app: 0.6 }),
    });
    const f = finding(busyPolling, vain(60));
    expect(f).toMatchObject({ kind: 'cause', culprit: { kind: 'function', file: '/app/hub/channel.py' } });
    expect(f.cost.share).toBeGreaterThan(0.4);
    // A loop that reads until there is no more.
    absent(busyPolling, vain(1));
  });

  it('is a cause where threads beside those that serve read in vain, and have the lock that those wait for', () => {
    const beside = (vain: number, inLine: number): FactValues => ({
      requests: requests(50, 850),
      threads: threads([
        thread(0.001, { name: 'main' }),
        ...[107, 108, 109].map((tid) => thread(0.18, { tid, name: 'gauge', role: 'worker', waits: [{ in: 'futex', fd: null, share: 0.5, on: { kind: 'gil', name: 'GIL' } }] })),
        ...[110, 111].map((tid) => thread(0.06, { tid, name: 'pool', role: 'worker', waits: [{ in: 'futex', fd: null, share: inLine, on: { kind: 'gil', name: 'GIL' } }, { in: 'futex', fd: null, share: 0.5 }] })),
      ]),
      'serving-calls': servingCalls({}, { vainReaders: [107, 108, 109].map((tid) => ({ pid: 100, tid, reads: 5000, vain, windowNs: 5e8 })) }),
    });
    const f = finding(busyPolling, beside(4999, 0.2));
    expect(f).toMatchObject({ kind: 'cause', culprit: { kind: 'thread', name: 'gauge' } });
    expect(f.summary).toContain('3 threads');
    expect(f.cost.share).toBeGreaterThan(0.3);
    // They read what comes; nobody waits for what they have.
    absent(busyPolling, beside(500, 0.2));
    absent(busyPolling, beside(4999, 0.01));
  });

  it('is absent for zero-timeout polls between turns of work', () => {
    absent(busyPolling, { ...spinning(), 'serving-calls': servingCalls({}, { polling: [polling(107, 400, 1e6)] }) });
    // A long job cut into turns: each turn after an empty poll works for a millisecond.
    absent(busyPolling, { ...spinning(), 'serving-calls': servingCalls({}, { polling: [polling(107, 1_500, 4.5e8)] }) });
    expect(absent(busyPolling, { ...spinning(), 'serving-calls': servingCalls({}) })).toContain('in vain');
  });

  it('has no data without calls or threads', () => {
    noData(busyPolling, without(spinning(), 'serving-calls'));
    noData(busyPolling, without(spinning(), 'threads'));
  });
});
