import { ledgerFact } from '../../facts/ledger.js';
import { threadsFact } from '../../facts/threads.js';
import type { FactReader, Gathered, LedgerThread, ThreadUse } from '../../types.js';
import { clamp, optional } from './finding.js';

/** How the time of the threads that do the work is taken: the ground of Little's law inside the server. */
export interface Occupancy {
  /** Threads that do requests: workers where a front thread hands work to them, else the serving ones. */
  threads: number;
  /** Requests being worked on at once, on average: occupied thread time over wall time. */
  occupied: number;
  /** Of the occupied time, in a syscall that is neither the event wait nor a wait for work. */
  blocked: number;
  /** Of the occupied time, on a CPU or in line for one. */
  onCpu: number;
  /** The syscall they are most blocked in, and its share of the occupied time. */
  blockedIn: { syscall: string; share: number } | null;
  /** Idle share of the thread that waits for requests (mean over serving threads). */
  servingIdle: number;
}

/** Waits for an event, a connection or (futex) the next job: a thread in one of these is free. */
const FREE = /^(epoll_wait|epoll_pwait2?|poll|ppoll|select|pselect6|io_uring_enter|accept4?|futex|restart_syscall|rt_sigtimedwait)$/;
/** A call that does nothing but let time pass. */
export const SLEEP = /^(clock_nanosleep|nanosleep|pause)$/;
/** A worker that stands in a syscall this much of the time is at work; less is a helper's housekeeping. */
const WORKS = 0.05;

export function occupancy(read: FactReader): Gathered<Occupancy> {
  const gathered = read(threadsFact);
  if (!gathered.ok) return gathered;
  const ledger = optional(read(ledgerFact));
  const use = (t: ThreadUse): Use => usageOf(t, ledger?.threads.find((l) => l.pid === t.pid && l.tid === t.tid));
  const serving = gathered.value.threads.filter((t) => t.role === 'serving').map(use);
  const workers = gathered.value.threads.filter((t) => t.role === 'worker').map(use).filter((u) => u.onCpu + sum([...u.blocked.values()]) >= WORKS);
  if (serving.length === 0) return { ok: false, reason: 'no thread was seen serving requests', enable: 'drive load at the server while it is watched' };
  const doing = sum(workers.map(total)) > sum(serving.map(total)) ? workers : serving;
  const occupied = sum(doing.map(total));
  return { ok: true, value: {
    threads: doing.length, occupied,
    blocked: ratio(sum(doing.map(blockedOf)), occupied),
    onCpu: ratio(sum(doing.map((u) => u.onCpu)), occupied),
    blockedIn: mostBlockedIn(doing, occupied),
    servingIdle: clamp(1 - sum(serving.map(total)) / serving.length),
  } };
}

/** Of one thread's wall time. */
interface Use { onCpu: number; blocked: Map<string, number> }

/** Where it stood at 100 Hz over all clean windows; the ledger, of a short window, where nobody could look. */
function usageOf(thread: ThreadUse, ledger: LedgerThread | undefined): Use {
  const blocked = new Map<string, number>();
  const add = (syscall: string, share: number): void => {
    if (!FREE.test(syscall)) blocked.set(syscall, (blocked.get(syscall) ?? 0) + share);
  };
  if (thread.waits.length > 0) {
    for (const wait of thread.waits) if (wait.in !== 'running') add(wait.in, wait.share);
  } else {
    for (const part of ledger?.parts ?? []) if (part.state === 'blocked' && part.syscall) add(part.syscall, part.share);
  }
  return { onCpu: thread.cpuShare + thread.runQueueShare, blocked };
}

function mostBlockedIn(threads: Use[], occupied: number): Occupancy['blockedIn'] {
  const bySyscall = new Map<string, number>();
  for (const [syscall, share] of threads.flatMap((u) => [...u.blocked])) bySyscall.set(syscall, (bySyscall.get(syscall) ?? 0) + share);
  const [most] = [...bySyscall].sort((a, b) => b[1] - a[1]);
  return most ? { syscall: most[0], share: ratio(most[1], occupied) } : null;
}

const blockedOf = (use: Use): number => sum([...use.blocked.values()]);
/** Samples and CPU time overlap a little: no thread does more than one thing at once. */
const total = (use: Use): number => clamp(use.onCpu + blockedOf(use));
const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
const ratio = (part: number, whole: number): number => (whole > 0 ? clamp(part / whole) : 0);
