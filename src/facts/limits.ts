import { NoData } from '../errors.js';
import { throttlingBetween, type Throttling } from '../parse/proc-limits.js';
import type { ProcRecording } from '../parse/proc-ndjson.js';
import type { Fact, LimitsFact } from '../types.js';
import { loadSpan, quietWindows, seconds } from './artifacts.js';
import { groupBy } from './group-by.js';
import { need } from './reader.js';
import { procRecordingFact } from './recordings.js';

/** CPU quota and open files of the target, and how near to them it came. */
export const limitsFact: Fact<LimitsFact> = {
  name: 'limits',
  compute(run, read) {
    const recording = need(read(procRecordingFact));
    const windows = quietWindows(run);
    const span = loadSpan(run);
    const durationS = windows.reduce((sum, w) => sum + seconds(w), 0);
    if (!span || durationS <= 0) throw new NoData('no load was driven in this run');
    const groups = [...groupBy(windows.flatMap((w) => throttlingBetween(recording, w.startNs, w.endNs)), (t) => t.path).values()].map((of) => of.reduce(add));
    const [worst] = groups.filter((t) => t.quotaCores !== null || t.throttledNs > 0).sort((a, b) => b.throttledNs - a.throttledNs);
    return {
      quota: worst ? {
        path: worst.path, cores: worst.quotaCores, periodMs: worst.periodMs,
        throttledPeriodShare: worst.periods > 0 ? Math.min(1, worst.throttledPeriods / worst.periods) : 0,
        throttledShare: worst.throttledNs / 1e9 / durationS,
      } : null,
      openFiles: openFiles(recording, span.startNs, span.endNs),
    };
  },
};

const add = (a: Throttling, b: Throttling): Throttling => ({
  ...b, periods: a.periods + b.periods, throttledPeriods: a.throttledPeriods + b.throttledPeriods, throttledNs: a.throttledNs + b.throttledNs,
});

function openFiles({ slices }: ProcRecording, fromNs: number, toNs: number): LimitsFact['openFiles'] {
  const byPid = new Map<number, LimitsFact['openFiles'][number]>();
  for (const { processes, nofile, established, tNs } of slices) {
    if (nofile === null || tNs < fromNs || tNs > toNs) continue;
    for (const { pid, comm, fds } of processes.values()) {
      const limits = nofile[String(pid)];
      if (fds === undefined || !limits) continue;
      const before = byPid.get(pid);
      byPid.set(pid, {
        pid, comm, most: Math.max(fds, before?.most ?? 0), soft: limits[0], hard: limits[1],
        sockets: established === null ? before?.sockets ?? null : Math.max(established[String(pid)] ?? 0, before?.sockets ?? 0),
      });
    }
  }
  return [...byPid.values()].sort((a, b) => b.most / b.soft - a.most / a.soft);
}
