import { processDelta } from '../../parse/proc-delta.js';
import { parseStrace, type StraceCall } from '../../parse/strace.js';
import type { FactReader, Run, TimelineSeries } from '../../types.js';
import { artifactsOf } from '../artifacts.js';
import { failedPathsCaptureFact, syscallsCaptureFact, type ByPhase } from '../captures.js';
import { need } from '../reader.js';
import { procRecordingFact } from '../recordings.js';

interface Slice { startNs: number; endNs: number }

/** Slices of what strace told one by one, ns. */
const STRACE_SLICE_NS = 250e6;

/** System calls a second: all of them where they were traced, reads and writes all along. */
export function syscalls(run: Run, read: FactReader): TimelineSeries[] {
  const capture = read(syscallsCaptureFact);
  const of = (label: string, points: TimelineSeries['points']): TimelineSeries => ({ chart: 'syscalls', unit: 'a second', kind: 'slices', label, points });
  const traced = capture.ok
    ? [
        of('all calls', perSecond(capture.value, (slice) => slice.calls.reduce((n, c) => n + c.calls, 0))),
        of('failing calls', perSecond(capture.value, (slice) => slice.calls.flatMap((c) => c.errors).reduce((n, e) => n + e.calls, 0))),
      ]
    : [of('all calls, by strace', straced(run, () => true)), of('failing calls, by strace', straced(run, (c) => c.errno !== null))];
  const series = [...traced, of('reads and writes', readsAndWrites(read))].filter(({ points }) => points.length > 0);
  if (series.length === 0) return need(capture) as never;
  return series;
}

/** Lookups of paths that are not there, a second. */
export function failedLookups(run: Run, read: FactReader): TimelineSeries[] {
  const capture = read(failedPathsCaptureFact);
  const points = capture.ok
    ? perSecond(capture.value, (slice) => slice.failed.reduce((n, f) => n + f.calls, 0))
    : straced(run, (c) => c.errno !== null && c.path !== null);
  if (points.length === 0) return need(capture) as never;
  return [{ chart: 'failed-lookups', unit: 'a second', kind: 'slices', label: 'failing opens and lookups', points }];
}

function perSecond<T extends Slice>({ startup, serving }: ByPhase<{ slices: T[] }>, count: (slice: T) => number): TimelineSeries['points'] {
  return [...startup?.slices ?? [], ...serving?.slices ?? []].filter((s) => s.endNs > s.startNs)
    .map((slice) => ({ startNs: slice.startNs, endNs: slice.endNs, value: (count(slice) / (slice.endNs - slice.startNs)) * 1e9 }));
}

function straced(run: Run, counts: (call: StraceCall) => boolean): TimelineSeries['points'] {
  return artifactsOf(run, 'strace').flatMap((artifact) => {
    const calls = [...parseStrace([run.text(artifact)])];
    const times = calls.map((c) => c.tNs);
    const fromNs = times.reduce((a, b) => Math.min(a, b), Infinity);
    const toNs = times.reduce((a, b) => Math.max(a, b), -Infinity);
    const slices = Math.max(0, Math.ceil((toNs - fromNs) / STRACE_SLICE_NS)) || 0;
    const sums = new Array<number>(slices).fill(0);
    for (const call of calls.filter(counts)) {
      const at = Math.min(slices - 1, Math.floor((call.tNs - fromNs) / STRACE_SLICE_NS));
      sums[at] = (sums[at] ?? 0) + 1;
    }
    return sums.map((n, i) => {
      const startNs = fromNs + i * STRACE_SLICE_NS;
      const endNs = Math.min(toNs, startNs + STRACE_SLICE_NS);
      return { startNs, endNs, value: (n / (endNs - startNs || 1)) * 1e9 };
    });
  });
}

/** By /proc/PID/io, of the target's processes together; empty where it may not be read. */
function readsAndWrites(read: FactReader): TimelineSeries['points'] {
  const recording = read(procRecordingFact);
  if (!recording.ok) return [];
  const { slices } = recording.value;
  return slices.slice(1).flatMap(({ tNs }, i) => {
    const startNs = slices[i]?.tNs ?? tNs;
    const told = processDelta(recording.value, startNs, tNs).filter((p) => p.role === 'target' && p.io !== null);
    if (told.length === 0 || tNs <= startNs) return [];
    return [{ startNs, endNs: tNs, value: (told.reduce((n, p) => n + (p.io?.syscr ?? 0) + (p.io?.syscw ?? 0), 0) / (tNs - startNs)) * 1e9 }];
  });
}

