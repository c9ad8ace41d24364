import { readdirSync, readFileSync } from 'node:fs';

/** Threads of processes that still live, by process. */
export function threadsOf(pids: readonly number[]): Map<number, number[]> {
  const threads = new Map<number, number[]>();
  for (const pid of pids) {
    const tids = attempt(() => readdirSync(`/proc/${String(pid)}/task`));
    if (tids) threads.set(pid, tids.map(Number));
  }
  return threads;
}

/** Where a thread stands: the number of the call it is in, -1 asleep outside any, null on a CPU. */
interface Standing { pid: number; tid: number; comm: string; nr: number | null }

/** `/proc/PID/task/TID/syscall`: "running", or "NR ARGS... SP PC", or "-1 SP PC". */
export function standings(pids: readonly number[]): Standing[] {
  return [...threadsOf(pids)].flatMap(([pid, tids]) => tids.flatMap((tid): Standing[] => {
    const task = `/proc/${String(pid)}/task/${String(tid)}`;
    const syscall = attempt(() => readFileSync(`${task}/syscall`, 'utf8'));
    const comm = attempt(() => readFileSync(`${task}/comm`, 'utf8'));
    if (syscall === undefined || comm === undefined) return [];
    return [{ pid, tid, comm: comm.trim(), nr: syscall.startsWith('running') ? null : parseInt(syscall, 10) }];
  }));
}

/** A process may end between the listing and the reading. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
