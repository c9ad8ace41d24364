import { threadDelta, type ThreadDelta } from '../parse/proc-delta.js';
import { syscallName } from '../parse/syscall-names.js';
import { NoData } from '../errors.js';
import type { FactReader, LedgerPart, LedgerThread, Run, ThreadUse } from '../types.js';
import { quietWindows } from './artifacts.js';
import { idleTest } from './idle.js';
import { need } from './reader.js';
import { procRecordingFact } from './recordings.js';

/**
 * The ledger from /proc alone: CPU and run queue by the scheduler's clock, the rest blocked, split by the syscalls in
 * which samples found the thread. Closes by construction; the kernel's CPU time is not split by syscall.
 */
export function procLedger(run: Run, read: FactReader, roles: ReadonlyMap<number, ThreadUse['role']>): LedgerThread[] {
  const recording = need(read(procRecordingFact));
  const [window] = quietWindows(run);
  if (!window) throw new NoData('no load was driven in this run');
  return threadDelta(recording, window.startNs, window.endNs)
    .filter((t) => t.role === 'target' && roles.has(t.tid) && t.wallNs > 0)
    .map((t) => ({ pid: t.pid, tid: t.tid, name: t.name, wallNs: t.wallNs, parts: partsOf(t, roles.get(t.tid) ?? 'helper', recording.header.arch), unaccountedShare: 0 }));
}

function partsOf(t: ThreadDelta, role: ThreadUse['role'], arch: string): LedgerPart[] {
  const queueNs = t.queueNs ?? 0;
  const asleepNs = Math.max(0, t.wallNs - t.runNs - queueNs);
  const parts: Omit<LedgerPart, 'share'>[] = [
    { state: 'user', ns: t.userNs }, { state: 'kernel', ns: t.systemNs }, { state: 'run-queue', ns: queueNs },
  ];
  const places = t.places.filter((p) => p.in !== 'running');
  const looks = places.reduce((sum, p) => sum + p.count, 0);
  const bySyscall = new Map<string, number>();
  for (const place of places) {
    if (place.in === 'running') continue;
    const name = place.in < 0 ? 'page fault' : syscallName(place.in, arch);
    bySyscall.set(name, (bySyscall.get(name) ?? 0) + place.count / looks);
  }
  const isIdle = idleTest(role, [...bySyscall.keys()]);
  for (const [syscall, share] of bySyscall) {
    parts.push({ state: isIdle(syscall) ? 'idle' : 'blocked', syscall, ns: asleepNs * share });
  }
  if (looks === 0) parts.push({ state: 'blocked', ns: asleepNs });
  return parts.filter((p) => p.ns > 0).map((p) => ({ ...p, share: p.ns / t.wallNs })).sort((a, b) => b.ns - a.ns);
}
