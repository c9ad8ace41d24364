/**
 * Reads /proc/PID/stat, cmdline, exe and environ.
 *
 * Format: https://docs.kernel.org/filesystems/proc.html (table 1-4; the kernel's own is fs/proc/array.c)
 *
 *   4131 (node) S 4130 4130 4130 0 -1 4194560 5233 0 0 0 21 6 0 0 20 0 11 0 812345 1.. 94.. 94.. 140.. 0 0 0 ...
 *   77 (a) b (c) S 1 77 77 ...            <- the name may hold spaces and parentheses
 *
 * A process may vanish between any two system calls: then the answer is null or empty, never an error.
 */
import { closeSync, openSync, readFileSync, readSync, readdirSync, readlinkSync } from 'node:fs';

export interface ProcStat {
  pid: number;
  comm: string;
  /** R, S, D, T, t, Z, X, I. */
  state: string;
  ppid: number;
  pgrp: number;
  session: number;
  threads: number;
  /** CPU used, its own and that of children that it waited for. */
  cpuTicks: number;
  /** Start in clock ticks since boot: with the pid it names a process for good. */
  startTicks: number;
  /** Differs after every exec (the name and the stack's random place); fork leaves it. */
  execMark: string;
}

// Field numbers of proc(5), from the state (3) which follows the name.
const FIELD = { state: 3, ppid: 4, pgrp: 5, session: 6, utime: 14, stime: 15, cutime: 16, cstime: 17, threads: 20, startTicks: 22, startStack: 28 } as const;

export function parseStat(text: string): ProcStat | null {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 1 || close < open) return null;
  const rest = text.slice(close + 1).trim().split(' ');
  const number = (field: number): number => Number(rest[field - FIELD.state] ?? NaN);
  const comm = text.slice(open + 1, close);
  const stat: ProcStat = {
    pid: Number(text.slice(0, open)),
    comm,
    state: rest[0] ?? '',
    ppid: number(FIELD.ppid),
    pgrp: number(FIELD.pgrp),
    session: number(FIELD.session),
    threads: number(FIELD.threads),
    cpuTicks: number(FIELD.utime) + number(FIELD.stime) + number(FIELD.cutime) + number(FIELD.cstime),
    startTicks: number(FIELD.startTicks),
    execMark: `${comm} ${rest[FIELD.startStack - FIELD.state] ?? ''}`,
  };
  const whole = [stat.pid, stat.ppid, stat.pgrp, stat.session, stat.threads, stat.startTicks].every(Number.isInteger);
  return whole && stat.state !== '' ? stat : null;
}

/** Runs code, or is still able to: a leader that ended while its threads go on shows as Z. */
export const isAlive = (stat: ProcStat): boolean =>
  (stat.state !== 'Z' && stat.state !== 'X') || stat.threads > 1;

// One buffer for all: a scan of /proc costs a third of what readFileSync makes of it.
const buffer = Buffer.alloc(4096);

export function readStat(pid: number): ProcStat | null {
  let fd: number;
  try {
    fd = openSync(`/proc/${pid}/stat`, 'r');
  } catch {
    return null;
  }
  try {
    return parseStat(buffer.toString('utf8', 0, readSync(fd, buffer, 0, buffer.length, 0)));
  } catch {
    return null;
  } finally {
    closeSync(fd);
  }
}

export function listPids(): number[] {
  const pids: number[] = [];
  for (const name of readdirSync('/proc')) {
    const first = name.charCodeAt(0);
    if (first >= 48 && first <= 57) pids.push(Number(name));
  }
  return pids;
}

/** Every process of this pid namespace, in one pass. */
export function scanProcesses(): ProcStat[] {
  const stats: ProcStat[] = [];
  for (const pid of listPids()) {
    const stat = readStat(pid);
    if (stat !== null) stats.push(stat);
  }
  return stats;
}

export const childrenOf = (stats: readonly ProcStat[], pid: number): number[] =>
  stats.filter((stat) => stat.ppid === pid).map((stat) => stat.pid);

/** Text of a file below /proc; '' when it vanished or is not ours to read. */
export function readProcText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

export const readCmdline = (pid: number): string[] => {
  const text = readProcText(`/proc/${pid}/cmdline`);
  // Titles set by the program may lack the last NUL, or be padded with many.
  return text === '' ? [] : text.replace(/\0+$/, '').split('\0');
};

/** As the process was exec'd: NUL-separated NAME=value. */
export const readEnviron = (pid: number): string => readProcText(`/proc/${pid}/environ`);

export function readProcLink(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

/** The program that runs (never the script); null for kernel threads, the dead, and other users'. */
export const readExe = (pid: number): string | null =>
  readProcLink(`/proc/${pid}/exe`)?.replace(/ \(deleted\)$/, '') ?? null;
