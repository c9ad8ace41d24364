import { metric, point, processLabels, type Metric } from '../export/metric.js';
import { objectOf } from '../parse/ndjson.js';
import type { ProcessCounters, ProcHeader } from '../parse/proc-ndjson.js';

/** Processes listed, those with most CPU. */
const MOST_PROCESSES = 16;

/** The target's processes as /proc told of them last; their counters run since they began. */
export function liveProcesses(): { take(line: string): void; metrics(): Metric[]; root(): { pid: number; comm: string } | null } {
  let header: Pick<ProcHeader, 'clockTicksHz' | 'pageBytes'> | null = null;
  let live: ProcessCounters[] = [];
  let established: Record<string, number> = {};
  let rootPid: number | null = null;
  /** Not in every slice. */
  const fds = new Map<number, number>();
  return {
    take(line) {
      const raw = objectOf(line);
      if (raw?.['type'] === 'header') header = raw as unknown as ProcHeader;
      if (raw?.['type'] !== 'slice' || !Array.isArray(raw['processes'])) return;
      live = (raw['processes'] as ProcessCounters[]).filter((p) => p.role === 'target');
      rootPid ??= live[0]?.pid ?? null;
      established = (raw['established'] as Record<string, number> | undefined) ?? established;
      for (const { pid, fds: open } of live) if (open !== undefined) fds.set(pid, open);
    },
    root() {
      const root = live.find((p) => p.pid === rootPid);
      return root ? { pid: root.pid, comm: root.comm } : null;
    },
    metrics() {
      if (!header) return [];
      const { clockTicksHz, pageBytes } = header;
      const most = [...live].sort((a, b) => b.utime + b.stime - a.utime - a.stime).slice(0, MOST_PROCESSES);
      const of = (p: ProcessCounters) => processLabels(p.pid, p.comm);
      const split = (key: string, values: (p: ProcessCounters) => Record<string, number>) =>
        most.flatMap((p) => Object.entries(values(p)).map(([value, n]) => point(n, { ...of(p), [key]: value })));
      return [
        ...metric('process.cpu.time', 's', 'counter', 'CPU time of a process since its start, ended threads included.', split('cpu.mode', (p) => ({ user: p.utime / clockTicksHz, system: p.stime / clockTicksHz }))),
        ...metric('process.memory.usage', 'By', 'updown', 'Resident memory.', most.map((p) => point(p.rssPages * pageBytes, of(p)))),
        ...metric('process.thread.count', '{thread}', 'updown', 'Threads.', most.map((p) => point(p.threads, of(p))), 'process_threads'),
        ...metric('process.open_file_descriptor.count', '{file_descriptor}', 'updown', 'Descriptors open.', most.map((p) => point(fds.get(p.pid), of(p))), 'process_open_file_descriptors'),
        ...metric('process.disk.io', 'By', 'counter', 'Bytes that went to and came from storage.', split('disk.io.direction', ({ io }): Record<string, number> => (io ? { read: io.readBytes, write: io.writeBytes } : {}))),
        ...metric('process.paging.faults', '{fault}', 'counter', 'Page faults.', split('system.paging.fault.type', (p) => ({ minor: p.minflt, major: p.majflt }))),
        ...metric('whyslow.connections', '{connection}', 'updown', 'Connections of the served port that a process holds.', most.map((p) => point(established[p.pid], of(p)))),
      ];
    },
  };
}
