import { readdirSync } from 'node:fs';
import { readProcOnce } from './proc-file.js';
import { parseStatCounters } from './proc-stat.js';

/** A process that is neither the target's nor the load generator's, and used CPU since the look before. */
export interface OtherRecord {
  pid: number;
  comm: string;
  /** probe: whyslow itself and its tools; else somebody else on the machine. */
  role: 'probe' | 'other';
  /** CPU since the look before, clock ticks. */
  ranTicks: number;
}

/** Of the busiest, so many: who holds a machine is never a crowd. */
const MOST = 12;

/** Parents asked on the way up: no tree of processes is deeper. */
const MOST_STEPS = 64;

/** Everybody else on the machine, one pass over /proc a call, some 10 us a process. The first call only remembers: null. */
export function otherTable(self: number = process.pid): (known: ReadonlySet<number>) => OtherRecord[] | null {
  let before: Map<string, number> | null = null;
  return (known) => {
    const now = new Map<string, number>();
    const records: Omit<OtherRecord, 'role'>[] = [];
    const parents = new Map<number, number>();
    for (const pid of livePids()) {
      const stat = parseStatCounters(readProcOnce(`/proc/${pid}/stat`));
      if (!stat) continue;
      parents.set(pid, stat.ppid);
      if (known.has(pid)) continue;
      const key = `${pid}@${stat.startTicks}`;
      const ticks = stat.utime + stat.stime;
      now.set(key, ticks);
      // One that came since the look before has run only since then.
      const ranTicks = ticks - (before?.get(key) ?? 0);
      if (ranTicks > 0) records.push({ pid, comm: stat.comm, ranTicks });
    }
    const isFirst = before === null;
    before = now;
    if (isFirst) return null;
    return records.sort((a, b) => b.ranTicks - a.ranTicks).slice(0, MOST)
      .map((record) => ({ ...record, role: descends(record.pid, self, parents) ? 'probe' : 'other' }));
  };
}

const livePids = (): number[] => readdirSync('/proc').filter((name) => name.charCodeAt(0) >= 48 && name.charCodeAt(0) <= 57).map(Number);

function descends(pid: number, ancestor: number, parents: ReadonlyMap<number, number>): boolean {
  let at: number | undefined = pid;
  for (let steps = 0; at !== undefined && at > 0 && steps < MOST_STEPS; steps++) {
    if (at === ancestor) return true;
    at = parents.get(at);
  }
  return false;
}
