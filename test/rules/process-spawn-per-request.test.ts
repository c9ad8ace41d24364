import { describe, expect, it } from 'vitest';
import { processSpawnPerRequest } from '../../src/rules/process-spawn-per-request.js';
import type { SyscallsFact } from '../../src/types.js';
import { kernelWork, requests, servingCalls, thread, threads, without, type FactValues } from './facts.js';
import { absent, finding, noData } from './judge.js';

const execs = (perRequest: number | null): SyscallsFact => ({ source: 'ebpf', calls: [{ name: 'execve', phase: 'serving', calls: 700, perRequest, errors: {}, timeNs: 9e7, p50Ns: 3e5, p99Ns: 9e5, maxNs: 1e6 }] });

/** execFile for each request (fixtures/servers/node-thumbnail-tool): clone, then asleep in read until the child has begun. */
const spawning = (): FactValues => ({
  requests: requests(50, 740),
  threads: threads([thread(0.6)]),
  syscalls: execs(1),
  'serving-calls': servingCalls({ clone: 1, read: 5, wait4: 1 }),
  'kernel-work': kernelWork({}, { msPerRequest: 1.1, childrenShare: 0.1, calls: [{ name: 'clone', kernelShare: 0.22, blockedShare: 0 }, { name: 'read', kernelShare: 0.02, blockedShare: 0.4 }] }),
});

describe('process-spawn-per-request', () => {
  it('counts making, waiting until it has begun, and the child\'s own CPU', () => {
    const f = finding(processSpawnPerRequest, spawning());
    expect(f).toMatchObject({ kind: 'cause', culprit: { kind: 'syscall', name: 'clone' } });
    expect(f.cost.share).toBeCloseTo(0.72, 2);
  });

  it('counts a child\'s life where the server waits for it', () => {
    const waits = { ...spawning(), 'kernel-work': kernelWork({}, { msPerRequest: 1.4, children: { bornPerS: 600, lifeMs: 1.2 }, calls: [{ name: 'vfork', kernelShare: 0.02, blockedShare: 0.3 }] }) };
    expect(finding(processSpawnPerRequest, waits).cost.share).toBeCloseTo(0.72, 2);
  });

  it('counts the CPU of children that ended, which only their parent\'s /proc has', () => {
    const fact = threads([thread(0.6)]);
    for (const process of fact.processes) process.childrenCpuShare = 0.6;
    const f = finding(processSpawnPerRequest, { ...spawning(), threads: fact, 'kernel-work': kernelWork({ vfork: 0.04 }, { msPerRequest: 2 }) });
    expect(f.cost.share).toBeGreaterThan(0.4);
  });

  it('counts what a server with one thread stands still for its child', () => {
    const waits = [{ in: 'vfork', fd: null, share: 0.2 }, { in: 'poll', fd: null, share: 0.4 }, { in: 'poll', fd: 3, share: 0.05, on: { kind: 'listener' as const, name: ':80' } }];
    const fact = threads([thread(0.3, { waits })]);
    for (const process of fact.processes) process.threads = 1;
    expect(finding(processSpawnPerRequest, { ...spawning(), threads: fact, 'kernel-work': kernelWork({ vfork: 0.04 }, { msPerRequest: 2 }) }).cost.share).toBeCloseTo(0.6, 1);
  });

  it('does not take threads, or a process now and then, for it', () => {
    absent(processSpawnPerRequest, { ...spawning(), syscalls: execs(0), 'serving-calls': servingCalls({ clone3: 1, futex: 4 }) });
    absent(processSpawnPerRequest, { ...spawning(), syscalls: execs(0.02), 'serving-calls': servingCalls({ clone: 0.02 }) });
    absent(processSpawnPerRequest, { ...spawning(), 'kernel-work': kernelWork({ clone: 0.01 }, { msPerRequest: 50 }) });
  });

  it('has no data without calls, or without requests to set them against', () => {
    noData(processSpawnPerRequest, without(spawning(), 'syscalls'));
    noData(processSpawnPerRequest, { ...spawning(), syscalls: execs(null) });
    noData(processSpawnPerRequest, without(spawning(), 'kernel-work'));
  });
});
