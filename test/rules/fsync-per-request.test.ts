import { describe, expect, it } from 'vitest';
import { fsyncPerRequest } from '../../src/rules/fsync-per-request.js';
import type { SyscallUse, ThreadWait } from '../../src/types.js';
import { flaskNagle, nodeHello, requests, thread, threads, without, type FactValues } from './facts.js';
import { absent, finding, noData } from './judge.js';

const JOURNAL = { kind: 'file' as const, name: '/var/lib/shop/orders.journal' };
const stood = (call: string, share: number): ThreadWait[] => [{ in: call, fd: 17, share, on: JOURNAL }, { in: 'epoll_wait', fd: 13, share: 0.1 }, { in: 'running', fd: null, share: 0.9 - share }];
const syncs = (perRequest: number, eachMs: number): SyscallUse =>
  ({ name: 'fsync', phase: 'serving', calls: 1000 * perRequest, perRequest, errors: {}, timeNs: 1000 * perRequest * eachMs * 1e6, p50Ns: eachMs * 1e6, p99Ns: eachMs * 3e6, maxNs: 2e7 });

/** Node, fsyncSync for each order: the loop stands in it. */
const onLoop = (share = 0.75, perRequest = 1): FactValues => ({
  requests: requests(50, 1200),
  threads: threads([thread(0.2, { waits: stood('fsync', share) })]),
  syscalls: { source: 'ebpf', calls: [syncs(perRequest, 0.6)] },
});

describe('fsync-per-request', () => {
  it('sees the serving thread stand in it, and names the file', () => {
    const f = finding(fsyncPerRequest, onLoop());
    expect(f.culprit).toEqual({ kind: 'path', name: JOURNAL.name });
    expect(f.cost.share).toBeCloseTo(0.75, 2);
    expect(f.confidence).toBeGreaterThan(0.8);
  });

  it('sees threads that work for the serving one queue for the disk', () => {
    const pool = [1, 2, 3, 4].map((i) => thread(0.02, { tid: 100 + i, role: 'worker', waits: stood('fdatasync', 0.2) }));
    const f = finding(fsyncPerRequest, { ...onLoop(), threads: threads([thread(0.2), ...pool]), syscalls: { source: 'ebpf', calls: [{ ...syncs(1, 0.7), name: 'fdatasync' }] } });
    expect(f.cost.share).toBeCloseTo(0.8, 1);
    expect(f.summary).toContain('threads at once');
  });

  it('sees writes that sleep, as O_SYNC makes them, and makes do without counts', () => {
    expect(finding(fsyncPerRequest, { ...without(onLoop(), 'syscalls'), threads: threads([thread(0.2, { waits: stood('pwrite64', 0.7) })]) }).summary).toContain('Writes that wait');
  });

  it('is absent for a sync now and then, for one that costs nothing, and without any', () => {
    expect(absent(fsyncPerRequest, onLoop(0.05, 0.02))).toContain('gathered already');
    expect(absent(fsyncPerRequest, { ...onLoop(0.01), syscalls: { source: 'ebpf', calls: [syncs(1, 0.01)] } })).toContain('fsync');
    absent(fsyncPerRequest, nodeHello());
    absent(fsyncPerRequest, flaskNagle());
  });

  it('has no data without threads or requests', () => {
    noData(fsyncPerRequest, without(onLoop(), 'threads'));
    noData(fsyncPerRequest, without(onLoop(), 'requests'));
  });
});
