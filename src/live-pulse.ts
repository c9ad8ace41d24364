import type { CpuPoint, LoadPoint, LoopPoint, Pulse } from './live/types.js';
import { latencyOf } from './parse/latency.js';
import { parseLoad } from './parse/load.js';
import { parseNodeNdjson } from './parse/node-ndjson.js';
import { threadRuns } from './parse/thread-runs.js';
import { growingFiles } from './store/so-far.js';
import type { LoadSlice, Manifest } from './types.js';

/** What the probes have written since the last call, in the few figures that a person can follow. */
export function pulses(dir: string): (manifest: Manifest) => Pulse {
  const read = growingFiles(dir);
  return ({ artifacts }) => {
    const of = (probe: string): { text: string; pid: number; tid: number }[] => artifacts.filter((a) => a.probe === probe)
      .map(({ file, pid = 0, tid = 0 }) => ({ text: read(file).text, pid, tid }));
    return {
      load: of('load').flatMap(({ text }) => [...parseLoad(text)].filter((r) => r.type === 'slice').map(loadPoint)),
      loops: of('node').flatMap(({ text, pid, tid }) => loopPoints(text, pid, tid)),
      cpu: of('proc').flatMap(({ text }) => [...threadRuns(text)].map((point): CpuPoint => point)),
    };
  };
}

function loadPoint({ startNs, endNs, completed, statuses, errors, timeouts, latencyUs }: LoadSlice): LoadPoint {
  const latency = Object.keys(latencyUs).length === 0 ? null : latencyOf(latencyUs);
  const sum = (counts: [string, number][]): number => counts.reduce((n, [, count]) => n + count, 0);
  return {
    startNs, endNs, timeouts,
    rps: completed / ((endNs - startNs) / 1e9 || 1),
    p50Ms: latency?.p50 ?? null, p99Ms: latency?.p99 ?? null,
    errors: sum(Object.entries(errors)),
    non2xx: sum(Object.entries(statuses).filter(([status]) => !/^[23]/.test(status))),
  };
}

/** The timer that looks for delays has a period of its own, which the delay holds as well. */
const TIMER_MS = 10;

function loopPoints(text: string, pid: number, tid: number): LoopPoint[] {
  const { slices, gc } = parseNodeNdjson(text);
  return slices.map((slice, i): LoopPoint => {
    // Written behind its slice; a collection is counted once, with the slice that it began in or the first one read.
    const from = i === 0 ? 0 : slice.startNs;
    const to = i === slices.length - 1 ? Infinity : slice.endNs;
    const pauses = gc.filter((p) => p.startNs >= from && p.startNs < to).map((p) => p.durationNs / 1e6);
    return {
      pid, tid, endNs: slice.endNs, busy: slice.elu, spanMs: (slice.endNs - slice.startNs) / 1e6,
      longestMs: Math.max(0, (slice.delayNs?.max ?? 0) / 1e6 - TIMER_MS),
      gcMs: pauses.reduce((sum, ms) => sum + ms, 0), gcMaxMs: Math.max(0, ...pauses),
      heapMB: slice.heapUsed / 1e6,
    };
  });
}
