import { describe, expect, it } from 'vitest';
import { diagnose } from '../../src/rules/diagnose.js';
import { fdExhausted } from '../../src/rules/fd-exhausted.js';
import type { SyscallsFact } from '../../src/types.js';
import { limits, nodeHello, readerOf, requests, without, type FactValues } from './facts.js';
import { absent, finding, noData } from './judge.js';

const failing = (name: string, errors: Record<string, number>): SyscallsFact =>
  ({ source: 'ebpf', calls: [{ name, phase: 'serving', calls: 2623, perRequest: 0.5, errors, timeNs: 1e6, p50Ns: 3000, p99Ns: 9000, maxNs: 1e5 }] });

/** As measured on a Node server with 64 descriptors and 100 clients. */
const full = (): FactValues => ({
  ...nodeHello(),
  requests: requests(100, 13_500, { window: { completed: 81_085, errors: { ECONNRESET: 14_529, 'closed before the answer': 10_423 } } }),
  limits: limits({ openFiles: [{ pid: 100, comm: 'node', most: 65, soft: 64, hard: 64, sockets: 33 }] }),
  syscalls: failing('accept4', { EMFILE: 365, EAGAIN: 365 }),
});

describe('fd-exhausted', () => {
  it('sees a process at its limit and the calls that fail', () => {
    const f = finding(fdExhausted, full());
    expect(f.confidence).toBeGreaterThan(0.9);
    // 67 of 100 clients were never let in.
    expect(f.cost.share).toBeCloseTo(0.67);
    expect(f.evidence.map((e) => e.text).join()).toContain('accept4 failed 365 times with EMFILE');
  });

  it('stands before the failures that come of it', () => {
    const { verdict, findings } = diagnose(readerOf(full()));
    expect(verdict.id).toBe('fd-exhausted');
    expect(findings[1]).toMatchObject({ id: 'load-timeouts', follows: 'fd-exhausted' });
  });

  it('tells a leak from a limit that is too low', () => {
    const leak = finding(fdExhausted, { ...full(), trends: { trends: [{ what: 'open files', pid: 100, comm: 'node', unit: 'files', first: 30, last: 64, perS: 6, per1000Requests: 2, grows: true }] } });
    expect(leak.advice[0]).toContain('does not close');
    expect(finding(fdExhausted, full()).advice[0]).toContain('Raise the limit');
  });

  it('judges by either signal alone, less sure', () => {
    const both = finding(fdExhausted, full()).confidence;
    expect(finding(fdExhausted, without(full(), 'syscalls')).confidence).toBeLessThan(both);
    expect(finding(fdExhausted, { ...full(), limits: limits(), syscalls: failing('openat', { ENFILE: 3 }) }).confidence).toBeLessThan(both);
  });

  it('is absent near the limit, and for other errors', () => {
    absent(fdExhausted, nodeHello());
    absent(fdExhausted, { ...full(), syscalls: failing('accept4', { EAGAIN: 900 }), limits: limits({ openFiles: [{ pid: 100, comm: 'node', most: 62, soft: 64, hard: 64, sockets: 33 }] }) });
  });

  it('has no data with neither', () => void noData(fdExhausted, without(full(), 'limits', 'syscalls')));
});
