import { ledgerFact } from '../../facts/ledger.js';
import { threadsFact } from '../../facts/threads.js';
import type { FactReader, Gathered, ThreadUse } from '../../types.js';
import { mostOf, spentBy, type Blocked, type Spent } from './calls.js';
import { clamp, optional } from './finding.js';

/** How the time of the threads that do the work is taken: the ground of Little's law inside the server. */
export interface Occupancy {
  /** Threads that do requests: workers where a front thread hands work to them, else the serving ones. */
  threads: number;
  /** Processes that those threads belong to. */
  processes: number;
  /** Whether they take their work from another thread. */
  fed: boolean;
  /** Requests being worked on at once, on average: occupied thread time over wall time. */
  occupied: number;
  /** Of the occupied time, in a syscall that is neither the event wait nor a wait for work. */
  blocked: number;
  /** Of the occupied time, on a CPU or in line for one. */
  onCpu: number;
  /** The call they are most blocked in (and what it waits for), and its share of the occupied time. */
  blockedIn: Blocked | null;
  /** Of their wall time, in poll: an event wait, or a single call with a time limit. */
  polls: number;
  /** Idle share of the thread that waits for requests (mean over serving threads). */
  servingIdle: number;
}

/** A worker that stands in a syscall this much of the time is at work; less is a helper's housekeeping. */
const WORKS = 0.05;
const POLL = /^p?poll$/;

export function occupancy(read: FactReader): Gathered<Occupancy> {
  const gathered = read(threadsFact);
  if (!gathered.ok) return gathered;
  const ledger = optional(read(ledgerFact));
  const use = (t: ThreadUse) => ({ pid: t.pid, polls: sum(t.waits.filter((w) => POLL.test(w.in)).map((w) => w.share)), ...spentBy(t, ledger?.threads.find((l) => l.pid === t.pid && l.tid === t.tid)) });
  const serving = gathered.value.threads.filter((t) => t.role === 'serving').map(use);
  const workers = gathered.value.threads.filter((t) => t.role === 'worker').map(use).filter((u) => u.onCpu + blockedOf(u) >= WORKS);
  if (serving.length === 0) return { ok: false, reason: 'no thread was seen serving requests', enable: 'drive load at the server while it is watched' };
  const fed = sum(workers.map(total)) > sum(serving.map(total));
  const doing = fed ? workers : serving;
  const occupied = sum(doing.map(total));
  return { ok: true, value: {
    threads: doing.length, processes: new Set(doing.map((u) => u.pid)).size, fed, occupied,
    blocked: ratio(sum(doing.map(blockedOf)), occupied),
    onCpu: ratio(sum(doing.map((u) => u.onCpu)), occupied),
    blockedIn: mostBlockedIn(doing, occupied),
    polls: sum(doing.map((u) => u.polls)) / doing.length,
    servingIdle: clamp(1 - sum(serving.map(total)) / serving.length),
  } };
}

function mostBlockedIn(threads: readonly Spent[], occupied: number): Blocked | null {
  const most = mostOf(threads.flatMap((u) => u.blocked));
  return most && { ...most, share: ratio(most.share, occupied) };
}

const blockedOf = (use: Spent): number => sum(use.blocked.map((b) => b.share));
/** Samples and CPU time overlap a little: no thread does more than one thing at once. */
const total = (use: Spent): number => clamp(use.onCpu + blockedOf(use));
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const ratio = (part: number, whole: number): number => (whole > 0 ? clamp(part / whole) : 0);
