import { readdirSync, statSync } from 'node:fs';
import { openProc, readProcOnce, type ProcFile } from './proc-file.js';
import { parseStatCounters } from './proc-stat.js';
import type { Role } from './proc-threads.js';

/** One process since its start; ended threads are counted in. */
export interface ProcessRecord {
  pid: number;
  role: Role;
  startTicks: number;
  comm: string;
  /** Clock ticks. */
  utime: number;
  stime: number;
  /** Of its children that ended, clock ticks. */
  cutime: number;
  cstime: number;
  minflt: number;
  majflt: number;
  threads: number;
  rssPages: number;
  /** Open file descriptors; absent in most slices. */
  fds?: number;
  /** /proc/PID/io; absent where it may not be read: bytes and calls of read and write alike, and bytes of storage. */
  io?: { rchar: number; wchar: number; syscr: number; syscw: number; readBytes: number; writeBytes: number };
}

interface Watched { role: Role; stat: ProcFile | null; io: ProcFile | null }

export interface ProcessTable {
  /** `withFds`: count file descriptors as well, which can be dear. */
  read(pids: readonly number[], generatorPids: readonly number[], withFds: boolean): ProcessRecord[];
  close(): void;
}

export function processTable(): ProcessTable {
  const processes = new Map<number, Watched>();
  const close = (pid: number, { stat, io }: Watched): void => {
    stat?.close();
    io?.close();
    processes.delete(pid);
  };
  const readOne = (pid: number, role: Role, withFds: boolean): ProcessRecord | null => {
    let known = processes.get(pid);
    if (!known) processes.set(pid, known = { role, stat: openProc(`/proc/${pid}/stat`), io: openProc(`/proc/${pid}/io`) });
    const stat = parseStatCounters(known.stat?.text() ?? '');
    if (!stat) {
      close(pid, known);
      return null;
    }
    const { comm, startTicks, utime, stime, cutime, cstime, minflt, majflt, threads, rssPages } = stat;
    const fds = withFds && role === 'target' ? countFds(pid) : null;
    const io = parseIo(known.io?.text() ?? '');
    return {
      pid, role, startTicks, comm, utime, stime, cutime, cstime, minflt, majflt, threads, rssPages,
      ...(fds === null ? {} : { fds }),
      ...(io === null ? {} : { io }),
    };
  };
  return {
    read(pids, generatorPids, withFds) {
      const live = new Set([...pids, ...generatorPids]);
      for (const [pid, known] of [...processes]) if (!live.has(pid)) close(pid, known);
      return [
        ...pids.map((pid) => readOne(pid, 'target', withFds)),
        ...generatorPids.map((pid) => readOne(pid, 'generator', false)),
      ].filter((record) => record !== null);
    },
    close: () => {
      for (const [pid, known] of [...processes]) close(pid, known);
    },
  };
}

/** From Linux 6.2 on the size of the folder is the count; before it is 0 and the names have to be counted. */
function countFds(pid: number): number | null {
  try {
    const { size } = statSync(`/proc/${pid}/fd`);
    return size > 0 ? size : readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return null;
  }
}

const IO_LINE = /rchar: (\d+)\nwchar: (\d+)\nsyscr: (\d+)\nsyscw: (\d+)\nread_bytes: (\d+)\nwrite_bytes: (\d+)/;

function parseIo(text: string): ProcessRecord['io'] | null {
  const match = IO_LINE.exec(text);
  if (!match) return null;
  const [rchar = 0, wchar = 0, syscr = 0, syscw = 0, readBytes = 0, writeBytes = 0] = match.slice(1).map(Number);
  return { rchar, wchar, syscr, syscw, readBytes, writeBytes };
}

/** The processes and all that descend from them, where the kernel lists children. */
export function withChildren(pids: readonly number[]): number[] {
  const all = new Set(pids);
  // A Set hands out what is added while it is walked.
  for (const pid of all) for (const child of childrenOf(pid)) all.add(child);
  return [...all];
}

const childrenOf = (pid: number): number[] =>
  readProcOnce(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
