import type { VainReader } from '../../facts/serving-calls.js';
import type { ThreadsFact, ThreadUse } from '../../types.js';

/** Threads of one process that read again and again where nothing has come. */
export interface VainReaders { threads: ThreadUse[]; perS: number; vainShare: number; cpuShare: number }

/** Of a thread's reads. */
const MOSTLY = 0.8;
/** Reads in vain a second and thread: fewer are the ends of messages. */
const LEAST_PER_S = 1_000;

/** Of the threads that do not serve, in the process where they use most CPU. */
export function vainReaders(readers: readonly VainReader[], { threads }: ThreadsFact): VainReaders | null {
  const spinning = readers.filter((r) => r.vain >= MOSTLY * r.reads && r.vain / (r.windowNs / 1e9) >= LEAST_PER_S)
    .flatMap((r) => threads.filter((t) => t.tid === r.tid && t.pid === r.pid && t.role !== 'serving').map((use) => ({ ...r, use })));
  const all = [...new Set(spinning.map((s) => s.pid))].map((pid): VainReaders => {
    const own = spinning.filter((s) => s.pid === pid);
    const sum = (of: (s: typeof own[number]) => number): number => own.reduce((total, s) => total + of(s), 0);
    return { threads: own.map((s) => s.use), perS: sum((s) => s.vain / (s.windowNs / 1e9)), vainShare: sum((s) => s.vain) / sum((s) => s.reads), cpuShare: sum((s) => s.use.cpuShare) };
  });
  return all.sort((a, b) => b.cpuShare - a.cpuShare)[0] ?? null;
}
