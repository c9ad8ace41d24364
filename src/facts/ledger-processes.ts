import type { InSyscall, LedgerCapture, LedgerThreadTimes } from '../parse/bpf-ledger.js';
import type { LedgerProcess } from '../types.js';
import { groupBy } from './group-by.js';

/** Serving processes as wholes: where threads live for one request only, no single one of them tells anything. */
export function ledgerProcesses({ openNs, closeNs, threads }: LedgerCapture, pids: ReadonlySet<number>): LedgerProcess[] {
  const inThreads = (ns: number): number => ns / (closeNs - openNs);
  return [...groupBy(threads.filter((t) => pids.has(t.pid)), (t) => t.pid)].map(([pid, of]): LedgerProcess => {
    const ended = of.filter((t) => t.endNs < closeNs);
    const endedBlocked = byCall(ended, (t) => t.blocked);
    return {
      pid, ended: ended.length,
      onCpu: inThreads(sum(of, (t) => t.userNs + sum(t.kernel, (c) => c.ns))),
      runQueue: inThreads(sum(of, (t) => t.runQueueNs)),
      kernel: [...byCall(of, (t) => t.kernel)].map(([syscall, ns]) => ({ syscall, threads: inThreads(ns) })),
      blocked: [...byCall(of, (t) => t.blocked)]
        .map(([syscall, ns]) => ({ syscall, threads: inThreads(ns), endedThreads: inThreads(endedBlocked.get(syscall) ?? 0) })),
    };
  });
}

function byCall(threads: readonly LedgerThreadTimes[], pick: (t: LedgerThreadTimes) => readonly InSyscall[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { name, ns } of threads.flatMap(pick)) sums.set(name, (sums.get(name) ?? 0) + ns);
  return new Map([...sums].sort((a, b) => b[1] - a[1]));
}

const sum = <T>(items: readonly T[], of: (item: T) => number): number => items.reduce((total, item) => total + of(item), 0);
