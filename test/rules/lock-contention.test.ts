import { describe, expect, it } from 'vitest';
import { lockContention } from '../../src/rules/lock-contention.js';
import type { ThreadUse, ThreadWait, WaitTarget } from '../../src/types.js';
import { flaskNagle, ledger, nodeHello, requests, sockets, thread, threads, without, type FactValues } from './facts.js';
import { absent, finding, noData } from './judge.js';

const wait = (call: string, share: number, on?: WaitTarget): ThreadWait => ({ in: call, fd: null, share, ...(on ? { on } : {}) });
const FUTEX: WaitTarget = { kind: 'futex', name: '0x2d712760' };
const GIL: WaitTarget = { kind: 'gil', name: 'GIL' };

/** Waitress with 50 threads, a threading.Lock held over a sleep of 10 ms: 94 requests a second, as measured. */
const line = (on: WaitTarget, past: (i: number) => ThreadWait[], users = 50): FactValues => ({
  requests: requests(50, 94.5),
  threads: threads([
    thread(0.02, { pid: 800, waits: [wait('pselect6', 0.98), wait('running', 0.02)] }),
    ...Array.from({ length: users }, (_, i) => thread(0.002, { pid: 800, tid: 801 + i, role: 'worker', runQueueShare: 0, waits: [wait('futex', 1 - past(i).reduce((s, w) => s + w.share, 0), on), ...past(i)] })),
  ]),
});
const asleepInTurn = () => [wait('clock_nanosleep', 1 / 50)];

describe('lock-contention', () => {
  it('sees a line for a lock, by the turns that its users take, and what its holders do', () => {
    const f = finding(lockContention, line(FUTEX, asleepInTurn));
    expect(f.cost.share).toBeGreaterThan(0.9);
    expect(f.culprit).toEqual({ kind: 'lock', name: 'futex 0x2d712760' });
    expect(f.summary).toContain('clock_nanosleep');
    expect(f.confidence).toBeGreaterThan(0.7);
  });

  it('sees a mutex by the value that its waiters wait on, however few they are', () => {
    const few = line({ kind: 'mutex', name: '0x404100' }, () => [wait('clock_nanosleep', 0.25), wait('running', 0.25)], 2);
    expect(finding(lockContention, { ...few, requests: requests(2, 300) }).confidence).toBeGreaterThan(0.7);
  });

  it('sees worker threads that wait for each other outside their loops', () => {
    const workers = (switches: number): FactValues => ({
      requests: requests(50, 182),
      threads: threads([
        thread(0.1, { waits: [wait('epoll_pwait', 0.9), wait('running', 0.1)] }),
        ...Array.from({ length: 16 }, (_, i) => thread(0.01, { tid: 201 + i, role: 'worker', voluntarySwitchesPerS: switches, waits: [wait('futex', 0.97, { kind: 'futex', name: `0x7f${i}` }), wait('epoll_pwait', 0.02), wait('running', 0.01)] })),
      ]),
    });
    expect(finding(lockContention, workers(36)).culprit).toEqual({ kind: 'lock', name: 'futex' });
    // A pool that waits for its jobs so.
    absent(lockContention, workers(11));
  });

  describe('where each waiter sleeps at an address of its own, as in Java', () => {
    /** 50 threads that read requests, one at a time past the lock, in a sleep of 4 ms: 232 requests a second, as measured. */
    const parked = (past = 1 / 50, flying = 50, servedMs = 146): FactValues => ({
      requests: requests(flying, 232), sockets: sockets({ serviceMs: { mean: servedMs, p10: servedMs / 9, p50: servedMs, p90: servedMs * 2, p99: servedMs * 2 }, inService: 20 }),
      threads: threads(Array.from({ length: 50 }, (_, i) => thread(0.004, { pid: 800, tid: 801 + i, runQueueShare: 0, waits: [
        wait('futex', 1 - past, { kind: 'futex', name: `0x7f${i}` }), wait('futex', past, { kind: 'futex', name: `0x8f${i}`, timed: true }),
      ] }))),
    });

    it('sees that all but one stand in line with a request in hand', () => {
      const f = finding(lockContention, parked());
      expect(f.cost.share).toBeGreaterThan(0.9);
      expect(f.summary).toContain('a wait with a time limit');
      expect(f.evidence.map((e) => e.text).join()).toContain('holds it for 4.3 ms');
    });

    it.each([
      ['more than one at a time is past it', parked(4 / 50)],
      ['nobody is: they wait for others to finish', parked(0)],
      ['most threads have no request', parked(1 / 50, 20)],
      ['requests wait before they are read', parked(1 / 50, 50, 4)],
    ])('is absent where %s', (_, values) => {
      absent(lockContention, values);
    });

    it('is absent where it is always the same thread that works', () => {
      const values = parked(0);
      const [first, ...others] = values.threads!.threads;
      absent(lockContention, { ...values, threads: threads([{ ...first!, waits: [wait('running', 1)] }, ...others]) });
    });
  });

  it('is absent for pools that wait for jobs', () => {
    // Four threads of libuv, one job after the other, while the loop waits for a timer.
    absent(lockContention, line(FUTEX, () => [], 4));
    absent(lockContention, line(FUTEX, () => [wait('fsync', 0.6)], 4));
    // One of them does all the work.
    absent(lockContention, line(FUTEX, (i) => (i === 0 ? [wait('recvfrom', 0.98)] : []), 4));
    // Whoever is past the lock runs: the CPU is the limit.
    absent(lockContention, line(FUTEX, () => [wait('running', 0.25)], 4));
  });

  it('is absent where one who has it waits for a connection: an accept mutex', () => {
    expect(absent(lockContention, { ...line({ kind: 'mutex', name: '0x1' }, () => [wait('epoll_wait', 0.5)], 2), requests: requests(50, 9000) })).toContain('no lock');
  });

  const gil = (cpuShare: number, calls: number, inLine = 0.25): FactValues => ({
    requests: requests(50, 1150),
    threads: threads([
      thread(cpuShare / 4, { pid: 800, waits: [wait('futex', inLine, GIL), wait('running', 0.4)] }),
      ...Array.from({ length: 3 }, (_, i): ThreadUse => thread(cpuShare / 4, { pid: 800, tid: 801 + i, role: 'worker', waits: [wait('futex', inLine, GIL), wait('futex', 0.3), wait('running', 0.3)] })),
    ]),
    ledger: { ...ledger(), processes: [{ pid: 800, ended: 0, onCpu: cpuShare, runQueue: 0.2, kernel: [{ syscall: 'futex', threads: 0.1 }], blocked: [] }] },
    syscalls: { source: 'ebpf', calls: [{ name: 'futex', phase: 'serving', calls: 9000, perRequest: calls, errors: {}, timeNs: 9e8, p50Ns: 7000, p99Ns: 1e6, maxNs: 4e7 }] },
  });

  it('sees the GIL handed over so often that nobody runs', () => {
    const f = finding(lockContention, gil(0.6, 15.7));
    expect(f.culprit).toEqual({ kind: 'lock', name: 'GIL' });
    expect(f.cost.share).toBeCloseTo(0.5, 1);
    expect(f.confidence).toBeGreaterThan(0.6);
  });

  it('leaves the GIL be where somebody runs all the time, where it changes hands seldom, or threads run side by side', () => {
    expect(absent(lockContention, gil(1.05, 15))).toContain('CPU is the limit');
    expect(absent(lockContention, gil(0.6, 1))).toContain('seldom');
    expect(absent(lockContention, gil(1.8, 15))).toContain('side by side');
    expect(absent(lockContention, gil(0.6, 15, 0.02))).toContain('mostly free');
  });

  it('is absent on servers without a line', () => {
    absent(lockContention, nodeHello());
    absent(lockContention, flaskNagle());
  });

  it('has no data without threads or requests', () => {
    expect(noData(lockContention, without(nodeHello(), 'threads')).enable).toBe('run the probe for threads');
    noData(lockContention, without(nodeHello(), 'requests'));
  });
});
