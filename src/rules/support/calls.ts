import { idleTest } from '../../facts/idle.js';
import type { LedgerThread, ThreadUse, ThreadWait, WaitTarget } from '../../types.js';

/** A call that does nothing but let time pass. */
export const SLEEP = /^(clock_nanosleep|nanosleep|pause)$/;
/** Waits for bytes. */
export const RECEIVES = /^(recvfrom|recvmsg|read|readv)$/;
/** Brings data to the disk and waits for it. */
export const SYNCS = /^(fsync|fdatasync|sync_file_range|msync|syncfs|sync)$/;

const POLLS = /^(p?poll|select|pselect6)$/;

/** Neither an event nor a lock: the kernel restarts what a stopped thread was in; a signal thread waits for signals. */
const NOBODYS = /^(restart_syscall|rt_sigtimedwait)$/;

/** How one thread spends its wall time, as shares of it. */
export interface Spent {
  /** On a CPU, in line for one, or in line for the interpreter's lock. */
  onCpu: number;
  /** Of that, in line for the interpreter's lock. */
  gil: number;
  blocked: Blocked[];
}

export interface Blocked { syscall: string; on: WaitTarget | null; share: number }

/** Where it stood at 100 Hz over all clean windows; the ledger, of a short window, where nobody could look. */
export function spentBy(thread: ThreadUse, ledger: LedgerThread | undefined): Spent {
  const waits: ThreadWait[] = thread.waits.length > 0 ? thread.waits
    : (ledger?.parts ?? []).flatMap((p) => (p.syscall && (p.state === 'blocked' || p.state === 'idle') ? [{ in: p.syscall, fd: null, share: p.share }] : []));
  const calls = [...waits.map((w) => w.in), ...(ledger?.parts ?? []).flatMap((p) => (p.state === 'kernel' && p.syscall ? [p.syscall] : []))];
  const isIdle = idleTest(thread.role, calls);
  const gil = sum(waits.filter(isGil).map((w) => w.share));
  const blocked = waits
    .filter((w) => w.in !== 'running' && !isGil(w) && !(isIdle(w.in) && !isForService(w)) && !isForClient(w) && !NOBODYS.test(w.in) && w.in !== 'futex')
    .map((w): Blocked => ({ syscall: w.in, on: w.on ?? null, share: w.share }));
  return { onCpu: Math.min(1, thread.cpuShare + thread.runQueueShare + gil), gil, blocked: joined(blocked) };
}

export const isGil = (wait: ThreadWait): boolean => wait.on?.kind === 'gil';

/** A thread that reads from a client waits for the next request: it is free. */
const isForClient = (wait: ThreadWait): boolean => (RECEIVES.test(wait.in) || POLLS.test(wait.in)) && (wait.on?.kind === 'client' || wait.on?.kind === 'listener');

/** One descriptor in poll or select, and it is a connection to another service: a call with a time limit, no event wait. */
const isForService = (wait: ThreadWait): boolean => POLLS.test(wait.in) && (wait.on?.kind === 'peer' || wait.on?.kind === 'unix');

/** One entry a call and target, most first. */
export function joined(blocked: readonly Blocked[]): Blocked[] {
  const byKey = new Map<string, Blocked>();
  for (const b of blocked) {
    const key = `${b.syscall} ${b.on?.kind ?? ''} ${b.on?.name ?? ''}`;
    byKey.set(key, { ...b, share: b.share + (byKey.get(key)?.share ?? 0) });
  }
  return [...byKey.values()].sort((a, b) => b.share - a.share);
}

/**
 * The call that most time goes into, all its targets together, and the target that most of it waits for, as far as those are
 * known: connections that are opened for one request are gone before anybody can look at them all.
 */
export function mostOf(blocked: readonly Blocked[]): Blocked | null {
  const [most] = joined(blocked.map((b) => ({ ...b, on: null })));
  if (!most) return null;
  const known = joined(blocked.filter((b) => b.syscall === most.syscall && b.on !== null));
  const share = sum(known.map((b) => b.share));
  const [target] = known;
  return { ...most, on: target && target.share >= share / 2 ? target.on : null };
}

/** `recvfrom from 127.0.0.1:6379`, `fsync of /var/app.db`, `clock_nanosleep`. */
export function blockedIn({ syscall, on }: Pick<Blocked, 'syscall' | 'on'>): string {
  if (on === null || on.kind === 'event' || on.kind === 'other') return syscall;
  return `${syscall} (${on.name})`;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
