import { isIdleWait } from '../../facts/idle.js';
import { ledgerFact } from '../../facts/ledger.js';
import { threadsFact } from '../../facts/threads.js';
import type { FactReader, LedgerFact, ThreadUse } from '../../types.js';
import { mostOf, spentBy, type Blocked } from './calls.js';
import { optional } from './finding.js';

/** Loops that stand in a call other than their event wait most of the time. */
export interface BlockedLoops {
  loops: number;
  /** Of their time, in calls that block; on average. */
  share: number;
  /** The call it is most. */
  in: Blocked;
  /** Connections a loop holds. */
  connections: number;
}

/** A thread with so many connections of its own serves them by turns: a worker has one at a time, or one to come. */
const LEAST_CONNECTIONS = 3;
/** Of a loop's time. */
const MOSTLY = 0.4;

/** Null where the serving threads are no loops, or stand in their event wait. */
export function blockedLoops(read: FactReader): BlockedLoops | null {
  const threads = optional(read(threadsFact));
  if (!threads) return null;
  const ledger = optional(read(ledgerFact));
  const serving = threads.threads.filter((t) => t.role === 'serving');
  const loops = serving.filter((t) => {
    // Several threads that serve are a pool, whose connections another thread may watch (CherryPy).
    if (serving.some((o) => o !== t && o.pid === t.pid)) return false;
    const process = threads.processes.find((p) => p.pid === t.pid);
    // A loop that is always held is hardly ever seen to wait; but who else would take connections that it does not serve yet?
    if (process?.threads !== 1 && !callsOf(t, ledger).some(waitsForEvents)) return false;
    return (process?.established ?? 0) >= LEAST_CONNECTIONS;
  });
  if (loops.length === 0) return null;
  const spent = loops.map((t) => {
    const own = ledger?.threads.find((l) => l.pid === t.pid && l.tid === t.tid);
    const { blocked } = spentBy(t, own);
    // For its own threads a loop in a futex waits for another's result: no job comes to it that way.
    const futex = t.waits.filter((w) => w.in === 'futex' && w.on?.kind !== 'gil').map((w): Blocked => ({ syscall: 'futex', on: null, share: w.share }));
    return [...blocked, ...futex];
  });
  const all = spent.flat().map((b) => ({ ...b, share: b.share / loops.length }));
  const share = all.reduce((sum, b) => sum + b.share, 0);
  const most = mostOf(all);
  if (!most || share < MOSTLY) return null;
  const held = loops.reduce((sum, t) => sum + (threads.processes.find((p) => p.pid === t.pid)?.established ?? 0), 0);
  return { loops: loops.length, share, in: most, connections: held / loops.length };
}

const callsOf = (t: ThreadUse, ledger: LedgerFact | null): string[] =>
  [...t.waits.map((w) => w.in), ...(ledger?.threads.find((l) => l.pid === t.pid && l.tid === t.tid)?.parts ?? []).flatMap((p) => p.syscall ?? [])];

const waitsForEvents = (syscall: string): boolean => isIdleWait(syscall) && !syscall.startsWith('accept');
