import { readdirSync } from 'node:fs';
import { openProc, type ProcFile } from './proc-file.js';
import { parseStatCounters } from './proc-stat.js';

export type Role = 'target' | 'generator';

/** One thread's counters since its birth; a line of proc.ndjson holds those that moved. */
export interface ThreadRecord {
  pid: number;
  tid: number;
  role: Role;
  startTicks: number;
  comm: string;
  state: string;
  /** Clock ticks. */
  utime: number;
  stime: number;
  /** /proc/PID/task/TID/schedstat: on a CPU, and runnable but waiting for one; null where the kernel does not tell. */
  runNs: number | null;
  queueNs: number | null;
  voluntary: number | null;
  involuntary: number | null;
  minflt: number;
  majflt: number;
}

interface Watched {
  pid: number;
  tid: number;
  role: Role;
  schedstat: ProcFile | null;
  /** Opened when the thread first moves: most threads of a large pool never do. */
  stat: ProcFile | null;
  status: ProcFile | null;
  syscall: ProcFile | null;
  lastSched: string;
  /** Slices since it last ran. */
  still: number;
  seen: boolean;
}

/** A thread that may be asked where it stands. */
export interface Asked { pid: number; tid: number; syscall: ProcFile }

export interface ThreadTable {
  /** Looks for new threads of `pids`, drops ended ones, and reads what moved since the last call. */
  read(pids: readonly number[], generatorPids: readonly number[]): { moved: ThreadRecord[]; gone: number[] };
  /** Target threads that ran lately, and those that did not. */
  asked(): { lively: Asked[]; quiet: Asked[] };
  /** Threads left out since there are too many. */
  unseen(): number;
  close(): void;
}

/** Four files a thread stay open at most; beyond this many threads only process totals are kept. */
const MAX_THREADS = 400;

/** Slices without running after which a thread is asked where it stands only now and then. */
const QUIET_AFTER_SLICES = 8;

export function threadTable(): ThreadTable {
  const threads = new Map<number, Watched>();
  let unseen = 0;

  const discover = (pids: readonly number[], role: Role): void => {
    for (const pid of pids) {
      for (const tid of tidsOf(pid)) {
        const known = threads.get(tid);
        if (known) known.seen = true;
        else if (threads.size >= MAX_THREADS) unseen++;
        else {
          threads.set(tid, {
            pid, tid, role, schedstat: openProc(`/proc/${pid}/task/${tid}/schedstat`),
            stat: null, status: null, syscall: null, lastSched: '', still: 0, seen: true,
          });
        }
      }
    }
  };

  const drop = (thread: Watched): void => {
    threads.delete(thread.tid);
    for (const file of [thread.schedstat, thread.stat, thread.status, thread.syscall]) file?.close();
  };

  return {
    read(pids, generatorPids) {
      const moved: ThreadRecord[] = [];
      const gone: number[] = [];
      unseen = 0;
      for (const thread of threads.values()) thread.seen = false;
      discover(pids, 'target');
      discover(generatorPids, 'generator');
      for (const thread of threads.values()) {
        if (!thread.seen) {
          gone.push(thread.tid);
          drop(thread);
          continue;
        }
        const record = readThread(thread);
        if (record) moved.push(record);
      }
      return { moved, gone };
    },
    asked() {
      const lively: Asked[] = [];
      const quiet: Asked[] = [];
      for (const thread of threads.values()) {
        if (thread.role === 'generator') continue;
        thread.syscall ??= openProc(`/proc/${thread.pid}/task/${thread.tid}/syscall`);
        if (!thread.syscall) continue;
        (thread.still < QUIET_AFTER_SLICES ? lively : quiet).push({ pid: thread.pid, tid: thread.tid, syscall: thread.syscall });
      }
      return { lively, quiet };
    },
    unseen: () => unseen,
    close: () => {
      for (const thread of [...threads.values()]) drop(thread);
    },
  };
}

function tidsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}

/** Null when nothing moved: schedstat is cheap, and a thread that never ran has no new counters. */
function readThread(thread: Watched): ThreadRecord | null {
  const sched = thread.schedstat?.text() ?? '';
  if (sched !== '' && sched === thread.lastSched) {
    thread.still++;
    return null;
  }
  thread.still = 0;
  thread.lastSched = sched;
  const base = `/proc/${thread.pid}/task/${thread.tid}`;
  thread.stat ??= openProc(`${base}/stat`);
  thread.status ??= openProc(`${base}/status`);
  const stat = parseStatCounters(thread.stat?.text() ?? '');
  if (!stat) return null;
  const [runNs, queueNs] = sched.split(' ');
  const status = thread.status?.text() ?? '';
  return {
    pid: thread.pid, tid: thread.tid, role: thread.role,
    startTicks: stat.startTicks, comm: stat.comm, state: stat.state,
    utime: stat.utime, stime: stat.stime,
    runNs: sched === '' ? null : Number(runNs), queueNs: sched === '' ? null : Number(queueNs),
    voluntary: switches(status, '\nvoluntary_ctxt_switches:'),
    involuntary: switches(status, '\nnonvoluntary_ctxt_switches:'),
    minflt: stat.minflt, majflt: stat.majflt,
  };
}

function switches(status: string, label: string): number | null {
  const at = status.indexOf(label);
  return at === -1 ? null : Number.parseInt(status.slice(at + label.length), 10);
}
