import { isEpollWait } from '../../facts/idle.js';
import { ledgerFact } from '../../facts/ledger.js';
import { requestsFact } from '../../facts/requests.js';
import { threadsFact } from '../../facts/threads.js';
import type { FactReader, LedgerProcess, ThreadsFact, ThreadUse } from '../../types.js';
import { blockedIn, isGil, joined, spentBy } from './calls.js';
import { clamp, optional } from './finding.js';
import { parkedInLine } from './parked.js';

/** The lock that lets one thread of an interpreter run, in the process that waits for it most. */
export interface GilWait {
  pid: number;
  /** Threads in line for it at once, on average; those that lived for one request only included. */
  waiting: number;
  /** CPU of the process, share of one core. */
  cpuShare: number;
  /** CPU that goes into handing it over, share of one core. */
  handingOver: number;
  /** Time in which requests wait and yet nobody runs the program: handed over, or waited for. Share of one core. */
  lost: number;
}

/** A lock of the program's own. */
export interface LockWait {
  pid: number;
  /** Its address; null where each waiter sleeps at an address of its own. */
  address: string | null;
  /** mutex: it looks like one. futex: told by how its users behave. */
  kind: 'mutex' | 'futex';
  /** Threads that were found waiting for it. */
  users: number;
  /** Of them at once, on average. */
  waiting: number;
  /** Its users that were not in line for it, nor idle, at once: the one that holds it, and those that do without. */
  outside: number;
  /** What those do most, and the share of their time; null when they run. */
  holders: { what: string; share: number } | null;
}

/** Seen in line less than this, a thread is no user of a lock. Share of its time. */
const USES = 0.02;
/** Threads of a pool wait for work at one address, all alike; a lock has users that do something else in turn. */
const LEAST_USERS = 3;
/** One holds it: by Little's law about one thread is past the lock at any time, whoever it is. */
const ONE = { least: 0.6, most: 1.6 };
/** Of the time past the lock that one thread may have: more, and it is one worker's work, not everybody's turn. */
const TURNS = 0.6;
/** Of a thread's time in a futex, where its loop should be in its event wait. */
const STANDS = 0.7;
const WAKES_A_REQUEST = 2;
/** Of the holders' time: less, and they run, and the lock is not what keeps others from running. */
const SLEEPS = 0.5;

export function gilWait(read: FactReader): GilWait | null {
  const threads = optional(read(threadsFact));
  if (!threads) return null;
  const processes = optional(read(ledgerFact))?.processes ?? [];
  const all = threads.processes.filter((p) => p.serving).map((p) => gilOf(p, threads, processes.find((l) => l.pid === p.pid)));
  return all.filter((g) => g.waiting > 0).sort((a, b) => b.waiting - a.waiting)[0] ?? null;
}

function gilOf(process: ThreadsFact['processes'][number], threads: ThreadsFact, ledger: LedgerProcess | undefined): GilWait {
  const own = threads.threads.filter((t) => t.pid === process.pid);
  const living = sum(own.map((t) => sum(t.waits.filter(isGil).map((w) => w.share))));
  // Nobody could look at those that ended; what they do in a futex is what the others do.
  const ended = living > 0 ? ledger?.blocked.find((b) => b.syscall === 'futex')?.endedThreads ?? 0 : 0;
  const handingOver = ledger?.kernel.find((c) => c.syscall === 'futex')?.threads ?? 0;
  return { pid: process.pid, waiting: living + ended, cpuShare: process.cpuShare, handingOver, lost: clamp(1 - process.cpuShare + handingOver) };
}

/** The lock with most threads in line, of any serving process. */
export function lockWait(read: FactReader): LockWait | null {
  const threads = optional(read(threadsFact));
  if (!threads) return null;
  const ledger = optional(read(ledgerFact));
  const spentOf = (t: ThreadUse) => spentBy(t, ledger?.threads.find((l) => l.pid === t.pid && l.tid === t.tid));
  const pids = threads.processes.filter((p) => p.serving).map((p) => p.pid);
  return pids.flatMap((pid) => {
    const own = threads.threads.filter((t) => t.pid === pid).map((t) => ({ ...t, spent: spentOf(t) }));
    const addresses = new Set(own.flatMap((t) => t.waits.filter(isLock).map((w) => w.on?.name ?? '')));
    return [...[...addresses].flatMap((address) => atAddress(pid, address, own) ?? []), ...loopsInLine(pid, own, read), ...parkedInLine(pid, own, read)];
  }).sort((a, b) => b.waiting - a.waiting)[0] ?? null;
}

/** Requests that wait for it: who stands in line, and with most of a pool in line those as well who wait for a thread of it. */
export function waitsFor(lock: LockWait, inFlight: number): number {
  const queued = lock.waiting >= lock.users / 2 ? Math.max(0, inFlight - lock.users) : 0;
  return lock.waiting + queued;
}

type Known = ThreadUse & { spent: ReturnType<typeof spentBy> };

const isForAnyone = (wait: ThreadUse['waits'][number]): boolean => isEpollWait(wait.in) || wait.on?.kind === 'listener' || wait.in.startsWith('accept');

const isLock = (wait: ThreadUse['waits'][number]): boolean => wait.on?.kind === 'mutex' || wait.on?.kind === 'futex';

function atAddress(pid: number, address: string, threads: readonly Known[]): LockWait | null {
  const inLine = (t: Known): number => sum(t.waits.filter((w) => isLock(w) && w.on?.name === address).map((w) => w.share));
  const users = threads.filter((t) => inLine(t) >= USES);
  if (users.length === 0) return null;
  const kind = users.some((t) => t.waits.some((w) => w.on?.kind === 'mutex' && w.on.name === address)) ? 'mutex' : 'futex';
  const blocked = users.map((t) => sum(t.spent.blocked.map((b) => b.share)));
  const outside = users.map((t, i) => Math.min(Math.max(0, 1 - inLine(t)), t.spent.onCpu + (blocked[i] ?? 0)));
  const total = sum(outside);
  const [most] = joined(users.flatMap((t) => t.spent.blocked));
  const lock: LockWait = {
    pid, address, kind, users: users.length, waiting: sum(users.map(inLine)), outside: total,
    holders: most && total > 0 && most.share / total >= SLEEPS / 2 ? { what: blockedIn(most), share: clamp(most.share / total) } : null,
  };
  // Whoever has an accept mutex (uWSGI's thunder lock) waits for a connection: nothing is kept from anybody. Who waits for its
  // own client, or for a CPU, does so without the lock.
  const idle = sum(users.flatMap((t) => t.waits.filter(isForAnyone).map((w) => w.share)));
  if (idle >= total) return null;
  return kind === 'mutex' || behavesAsOne(lock, outside, sum(blocked)) ? lock : null;
}

/**
 * Threads with an event loop of their own, which wait for work in it, asleep in a futex instead: they wait for each other
 * (Atomics.wait gives each waiter an address of its own).
 */
function loopsInLine(pid: number, threads: readonly Known[], read: FactReader): LockWait[] {
  const inFutex = (t: Known): number => sum(t.waits.filter((w) => w.in === 'futex' && w.on?.kind !== 'gil').map((w) => w.share));
  // Who hardly ever gets to its event wait is seldom seen in it; the ledger misses no call.
  const ledger = optional(read(ledgerFact));
  const loops = (t: Known): boolean => t.waits.some((w) => isEpollWait(w.in))
    || (ledger?.threads.find((l) => l.pid === t.pid && l.tid === t.tid)?.parts ?? []).some((p) => p.syscall !== undefined && isEpollWait(p.syscall));
  const users = threads.filter((t) => t.role === 'worker' && loops(t) && inFutex(t) >= STANDS);
  const requests = optional(read(requestsFact));
  if (users.length < 2 || requests === null) return [];
  // A pool that waits for jobs this way wakes up once for each; who passes a lock, for the job and for the lock.
  const wakes = sum(users.map((t) => t.voluntarySwitchesPerS));
  if (wakes < WAKES_A_REQUEST * requests.headline.rps) return [];
  return [{ pid, address: null, kind: 'futex', users: users.length, waiting: sum(users.map(inFutex)), outside: sum(users.map((t) => t.spent.onCpu)), holders: null }];
}

/** What its users do, where the address does not tell: one of them at a time, each in its turn, and asleep while it has it. */
function behavesAsOne(lock: LockWait, outside: readonly number[], asleep: number): boolean {
  return lock.users >= LEAST_USERS && lock.outside >= ONE.least && lock.outside <= ONE.most
    && Math.max(...outside) <= TURNS * lock.outside && asleep >= SLEEPS * lock.outside;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
