import { lstatSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readStat } from '../target/procfs.js';
import { SIGPROF_BIT, signalMasks } from '../target/signals.js';
import { monotonicNs } from './clock.js';
import { replaceWhole } from './control-file.js';
import { recordsFrom } from './node-control.js';
import type { ProbeContext } from './probe.js';

/** What whyslow says to every Python process: DIR/python.control, numbers on one line, in the order of these keys. */
export interface PythonOrder {
  /** The probes leave by themselves after this: whyslow is no more. */
  aliveUntilNs: number;
  profileId: number;
  fromNs: number;
  /** A lease, renewed while whyslow lives: the profile ends then at the latest. */
  toNs: number;
  stop: 0 | 1;
}

const CONTROL_FILE = 'python.control';
/** From launch to the first renewal: a build or a wrapper may come before Python. */
const FIRST_LEASE_S = 120;
const KEYS = ['aliveUntilNs', 'profileId', 'fromNs', 'toNs', 'stop'] as const;

/** Merges into the control file. */
export function orderPython(dir: string, patch: Partial<PythonOrder>): void {
  const file = join(dir, CONTROL_FILE);
  const next: PythonOrder = { aliveUntilNs: monotonicNs() + FIRST_LEASE_S * 1e9, profileId: 0, fromNs: 0, toNs: 0, stop: 0, ...readOrder(file), ...patch };
  replaceWhole(file, `${KEYS.map((key) => Math.round(next[key])).join(' ')}\n`);
}

export const endPythonOrders = (dir: string): void => rmSync(join(dir, CONTROL_FILE), { force: true });

function readOrder(file: string): Partial<PythonOrder> {
  try {
    const words = readFileSync(file, 'utf8').trim().split(' ').map(Number);
    return Object.fromEntries(KEYS.map((key, i) => [key, words[i] ?? 0]));
  } catch {
    return {};
  }
}

/** A file that one Python process of the target left. */
export interface PythonFile { file: string; pid: number; bytes: number }

/** Regular files only: the target could lay links or pipes there. */
export function pythonFiles(dir: string): PythonFile[] {
  return readdirSync(dir).flatMap((file) => {
    const [, pid] = /^python\.(\d+)\.ndjson$/.exec(file) ?? [];
    const stat = pid === undefined ? undefined : lstatSync(join(dir, file), { throwIfNoEntry: false });
    return stat?.isFile() ? [{ file, pid: Number(pid), bytes: stat.size }] : [];
  });
}

/**
 * Processes of the target that can be asked: those that wrote that they catch SIGPROF, and what was forked from them behind
 * Python's back (uWSGI's workers), which writes its first line when it is asked.
 */
export function askable(ctx: ProbeContext): PythonFile[] {
  const announced = pythonFiles(ctx.dir).filter(({ file }) => recordsFrom(ctx.dir, file, 0)[0]?.['signal'] === 'ours');
  const known = new Set(announced.map(({ pid }) => pid));
  const heirs = ctx.pids().filter((pid) => !known.has(pid) && known.has(readStat(pid)?.ppid ?? 0));
  return [...announced, ...heirs.map((pid): PythonFile => ({ file: `python.${pid}.ndjson`, pid, bytes: 0 }))]
    .filter(({ pid }) => ctx.pids().includes(pid) && catches(pid));
}

/**
 * Makes the process look for orders. SIGPROF kills who does not catch it: so it goes only to those of `askable`, and a
 * program that was exec'd since then catches nothing.
 */
export function wake({ pid }: PythonFile): boolean {
  if (!catches(pid)) return false;
  try {
    process.kill(pid, 'SIGPROF');
    return true;
  } catch {
    return false;
  }
}

const catches = (pid: number): boolean => ((signalMasks(pid)?.caught ?? 0n) & SIGPROF_BIT) !== 0n;
