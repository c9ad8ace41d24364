import type { LedgerThreadTimes } from '../parse/bpf-ledger.js';
import type { Fact, FactReader, LedgerFact, LedgerPart, LedgerThread, ThreadUse } from '../types.js';
import { quietWindows } from './artifacts.js';
import { ledgerProcesses } from './ledger-processes.js';
import { ledgerCaptureFact } from './captures.js';
import { idleTest } from './idle.js';
import { procLedger } from './proc-ledger.js';
import { need } from './reader.js';
import { nodeRecordsFact } from './recordings.js';
import { splitGc } from './split-gc.js';
import { threadsFact } from './threads.js';

/** Where the wall time of each thread that works goes, without overlap: eBPF in its window, else /proc. */
export const ledgerFact: Fact<LedgerFact> = {
  name: 'ledger',
  compute(run, read) {
    const threads = need(read(threadsFact)).threads.filter((t) => t.role !== 'helper');
    const roles = new Map(threads.map((t) => [t.tid, t.role]));
    const capture = read(ledgerCaptureFact);
    const window = capture.ok ? { startNs: capture.value.openNs, endNs: capture.value.closeNs } : quietWindows(run)[0];
    const known = capture.ok
      ? capture.value.threads.filter((t) => roles.has(t.tid)).map((t) => fromKernel(t, roles.get(t.tid) ?? 'helper'))
      : procLedger(run, read, roles);
    return {
      source: capture.ok ? 'ebpf' : 'proc',
      threads: known
        .map((t) => (window ? splitGc(t, gcPauses(read, t.tid), window) : t))
        .sort((a, b) => order(roles, a) - order(roles, b) || idleShare(a) - idleShare(b)),
      ...(capture.ok ? { processes: ledgerProcesses(capture.value, new Set(threads.filter((t) => t.role === 'serving').map((t) => t.pid))) } : {}),
    };
  },
};

function fromKernel(t: LedgerThreadTimes, role: ThreadUse['role']): LedgerThread {
  const isIdle = idleTest(role, [...t.kernel, ...t.blocked].map((c) => c.name));
  const parts: Omit<LedgerPart, 'share'>[] = [
    { state: 'user', ns: t.userNs },
    { state: 'run-queue', ns: t.runQueueNs },
    ...t.kernel.map((c): Omit<LedgerPart, 'share'> => ({ state: 'kernel', syscall: c.name, ns: c.ns })),
    ...t.blocked.map((c): Omit<LedgerPart, 'share'> => (c.nr < 0
      ? { state: 'blocked', syscall: 'page fault', ns: c.ns }
      : { state: isIdle(c.name) ? 'idle' : 'blocked', syscall: c.name, ns: c.ns })),
  ];
  return {
    pid: t.pid, tid: t.tid, name: t.comm ?? '', wallNs: t.wallNs,
    parts: parts.filter((p) => p.ns > 0).map((p) => ({ ...p, share: p.ns / t.wallNs })).sort((a, b) => b.ns - a.ns),
    unaccountedShare: t.unaccountedNs / t.wallNs,
  };
}

function gcPauses(read: FactReader, tid: number) {
  const records = read(nodeRecordsFact);
  return records.ok ? records.value.find((r) => r.meta?.tid === tid)?.gc ?? [] : [];
}

/** Serving threads first. */
const order = (roles: ReadonlyMap<number, string>, t: LedgerThread): number => (roles.get(t.tid) === 'serving' ? 0 : 1);

const idleShare = (t: LedgerThread): number => t.parts.reduce((sum, p) => (p.state === 'idle' ? sum + p.share : sum), 0);
