import type { StraceCall } from './strace.js';

export interface StraceSyscall {
  name: string;
  calls: number;
  /** By errno name. */
  errors: Record<string, number>;
  /** In calls that returned; includes what tracing adds (about 20 us a call). */
  timeNs: number;
  maxNs: number | null;
  p50Ns: number | null;
  p99Ns: number | null;
}

export interface StracePath { path: string; errno: string; syscall: string; calls: number; truncated: boolean; timeNs: number }

export interface StraceSummary {
  calls: number;
  /** From the first call to the last end of one. */
  fromNs: number | null;
  toNs: number | null;
  /** Those that took most time first. */
  syscalls: StraceSyscall[];
  /** Calls with a path that failed, most frequent first. */
  failedPaths: StracePath[];
}

/** What calls cost and which of their paths were not there. */
export function summarizeStrace(calls: Iterable<StraceCall>): StraceSummary {
  const byName = new Map<string, { errors: Record<string, number>; calls: number; durations: number[] }>();
  const paths = new Map<string, StracePath>();
  let count = 0;
  let fromNs: number | null = null;
  let toNs: number | null = null;
  for (const call of calls) {
    count++;
    fromNs = Math.min(fromNs ?? call.tNs, call.tNs);
    toNs = Math.max(toNs ?? call.tNs, call.tNs + (call.durationNs ?? 0));
    let use = byName.get(call.syscall);
    if (!use) byName.set(call.syscall, use = { errors: {}, calls: 0, durations: [] });
    use.calls++;
    if (call.durationNs !== null) use.durations.push(call.durationNs);
    if (call.errno === null) continue;
    use.errors[call.errno] = (use.errors[call.errno] ?? 0) + 1;
    if (call.path !== null) addPath(paths, call, call.path, call.errno);
  }
  const syscalls = [...byName].map(([name, use]) => syscallOf(name, use)).sort((a, b) => b.timeNs - a.timeNs);
  return { calls: count, fromNs, toNs, syscalls, failedPaths: [...paths.values()].sort((a, b) => b.calls - a.calls) };
}

function addPath(paths: Map<string, StracePath>, call: StraceCall, path: string, errno: string): void {
  const key = `${call.syscall}\0${errno}\0${path}`;
  const known = paths.get(key);
  if (known) {
    known.calls++;
    known.timeNs += call.durationNs ?? 0;
  } else {
    paths.set(key, { path, errno, syscall: call.syscall, calls: 1, truncated: call.pathTruncated, timeNs: call.durationNs ?? 0 });
  }
}

function syscallOf(name: string, { errors, calls, durations }: { errors: Record<string, number>; calls: number; durations: number[] }): StraceSyscall {
  const sorted = Float64Array.from(durations).sort();
  const at = (quantile: number): number | null => sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))] ?? null;
  return {
    name, calls, errors,
    timeNs: sorted.reduce((sum, ns) => sum + ns, 0),
    p50Ns: at(0.5), p99Ns: at(0.99), maxNs: sorted.at(-1) ?? null,
  };
}
