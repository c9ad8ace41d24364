/**
 * Counters of /proc/PID/stat and /proc/PID/task/TID/stat; the former sums over all threads, ended ones included.
 * Format: https://docs.kernel.org/filesystems/proc.html table 1-4, fs/proc/array.c do_task_stat()
 *
 *   4131 (node) S 4130 4130 4130 0 -1 4194560 5233 0 0 0 21 6 0 0 20 0 11 0 812345 1.. 94.. 94.. 140.. 0 0 0 ...
 */
export interface StatCounters {
  comm: string;
  state: string;
  ppid: number;
  /** Clock ticks. */
  utime: number;
  stime: number;
  /** Of children that ended and were waited for, clock ticks. */
  cutime: number;
  cstime: number;
  minflt: number;
  majflt: number;
  threads: number;
  rssPages: number;
  /** Clock ticks since boot: with the id it names a thread for good. */
  startTicks: number;
}

// Field numbers of proc(5), from the state (3), which follows the name.
const at = (fields: readonly string[], field: number): number => Number(fields[field - 3] ?? NaN);

export function parseStatCounters(text: string): StatCounters | null {
  const open = text.indexOf('(');
  // The name may itself hold parentheses and spaces.
  const close = text.lastIndexOf(')');
  if (open < 1 || close < open) return null;
  const fields = text.slice(close + 2).split(' ', 22);
  const startTicks = at(fields, 22);
  if (!Number.isFinite(startTicks)) return null;
  return {
    comm: text.slice(open + 1, close),
    state: fields[0] ?? '',
    ppid: at(fields, 4),
    minflt: at(fields, 10),
    majflt: at(fields, 12),
    utime: at(fields, 14),
    stime: at(fields, 15),
    cutime: at(fields, 16),
    cstime: at(fields, 17),
    threads: at(fields, 20),
    startTicks,
    rssPages: at(fields, 24),
  };
}
