import type { GcKind, GcPause, DoctorSample } from '../parse/node-ndjson.js';

/** What the analysis of @clinic/doctor reads: format/process-stat.proto, and trace events of the category v8 with times in ms. */
export interface DoctorInput {
  nodeVersion: { major: number };
  processStat: { timestamp: number; delay: number; cpu: number; memory: { rss: number; heapTotal: number; heapUsed: number; external: number }; handles: number; loopUtilization: number | null }[];
  traceEvents: { name: string; args: { startTimestamp: number; endTimestamp: number } }[];
}

export interface DoctorSays {
  version: string;
  issueCategory: string;
  issues: { delay: string; cpu: string; memory: Record<string, string>; handles: string; loopUtilization: string };
}

/** V8's own names in trace events of the pauses that Doctor counts; perf_hooks tells of the same pauses by kind. */
const TRACE_NAME: Partial<Record<GcKind, string>> = { scavenge: 'V8.GCScavenger', 'mark-sweep-compact': 'V8.GCFinalizeMC' };

export function doctorInput(node: string, samples: readonly DoctorSample[], gc: readonly GcPause[]): DoctorInput {
  return {
    nodeVersion: { major: Number(/\d+/.exec(node)?.[0] ?? 0) },
    processStat: samples.map(({ atNs, delayMs, cpu, rss, heapTotal, heapUsed, external, handles, loopUtilization }) =>
      ({ timestamp: atNs / 1e6, delay: delayMs, cpu, memory: { rss, heapTotal, heapUsed, external }, handles, loopUtilization })),
    traceEvents: gc.flatMap(({ kind, startNs, durationNs }) => {
      const name = TRACE_NAME[kind];
      return name === undefined ? [] : [{ name, args: { startTimestamp: startNs / 1e6, endTimestamp: (startNs + durationNs) / 1e6 } }];
    }),
  };
}
