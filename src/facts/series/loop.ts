import { NoData } from '../../errors.js';
import { quantileNs } from '../../parse/bpf-hist.js';
import type { NodeRecords, NodeSlice } from '../../parse/node-ndjson.js';
import type { FactReader, Run, TimelineSeries } from '../../types.js';
import { syscallsCaptureFact } from '../captures.js';
import { nodeRecordsFact } from '../recordings.js';
import { servingTids } from './serving.js';

/** More lines than this in one chart hide each other. */
const MOST_THREADS = 4;

/** How long the loop kept everyone waiting: the runtime's own timer all along, the kernel's ticks in their window. */
export function loop(_run: Run, read: FactReader): TimelineSeries[] {
  return someOf([...nodeLoops(read, 'loop', 'ms', 'longest delay', lateMs), ...kernelLoops(read, 'loop')], read(syscallsCaptureFact).ok);
}

/** Share of its time that the loop was at work. */
export function loopBusy(_run: Run, read: FactReader): TimelineSeries[] {
  return someOf([...nodeLoops(read, 'loop-busy', 'share', 'utilization', ({ elu }) => elu), ...kernelLoops(read, 'loop-busy')], read(syscallsCaptureFact).ok);
}

function someOf(series: TimelineSeries[], watched: boolean): TimelineSeries[] {
  if (series.length > 0) return series;
  if (watched) throw new NoData('no thread that serves was seen to run an event loop');
  throw new NoData('no event loop was watched over time', 'run as root with bpftrace, or launch a Node server through whyslow');
}

/** Whole ms, rounded down by the probe: the longest lay somewhere in the last one. */
function lateMs({ lateMs: counts }: NodeSlice): number | null {
  const most = Math.max(-1, ...Object.keys(counts).map(Number));
  return most < 0 ? null : most === 0 ? 0 : most + 0.5;
}

function nodeLoops(read: FactReader, chart: TimelineSeries['chart'], unit: TimelineSeries['unit'], what: string, value: (slice: NodeSlice) => number | null): TimelineSeries[] {
  const records = read(nodeRecordsFact);
  const tids = servingTids(read);
  const busy = ({ slices }: NodeRecords): number => slices.reduce((sum, { elu }) => sum + (elu ?? 0), 0);
  const loops = (records.ok ? records.value : []).filter(({ meta }) => meta && (!tids || tids.has(meta.tid))).sort((a, b) => busy(b) - busy(a));
  return loops.slice(0, MOST_THREADS).map(({ meta, slices }): TimelineSeries => ({
    chart, unit, kind: 'slices',
    label: loops.length === 1 ? what : `${what}, ${meta?.tid ?? ''}`,
    points: slices.flatMap((slice) => {
      const found = value(slice);
      return found === null ? [] : [{ startNs: slice.startNs, endNs: slice.endNs, value: found }];
    }),
  })).filter(({ points }) => points.length > 0);
}

function kernelLoops(read: FactReader, chart: 'loop' | 'loop-busy'): TimelineSeries[] {
  const capture = read(syscallsCaptureFact);
  const serving = capture.ok ? capture.value.serving : null;
  const tids = servingTids(read);
  const loops = (serving?.totals.loops ?? []).filter((l) => !tids || tids.has(l.tid)).sort((a, b) => b.busyNs - a.busyNs);
  const what = chart === 'loop' ? 'p99 of the ticks, by the kernel' : 'busy, by the kernel';
  return loops.slice(0, MOST_THREADS).map(({ tid }): TimelineSeries => ({
    chart, unit: chart === 'loop' ? 'ms' : 'share', kind: 'slices',
    label: loops.length === 1 ? what : `${what}, ${tid}`,
    points: (serving?.slices ?? []).flatMap((slice) => {
      const found = slice.loops.find((l) => l.tid === tid);
      if (!found) return [];
      const value = chart === 'loop' ? (quantileNs(found.ticks, 0.99) ?? 0) / 1e6 : Math.min(1, found.busyNs / (slice.endNs - slice.startNs));
      return [{ startNs: slice.startNs, endNs: slice.endNs, value }];
    }),
  })).filter(({ points }) => points.length > 0);
}
