import { NoData } from '../errors.js';
import type { Fact, FactReader, Run, TimelineChart, TimelineFact, TimelineSeries } from '../types.js';
import { gc } from './series/gc.js';
import { failedLookups, syscalls } from './series/kernel.js';
import { errors, latency, rate } from './series/load.js';
import { loop, loopBusy } from './series/loop.js';
import { cpu, memory, runQueue } from './series/machine.js';
import { queues } from './series/queues.js';
import { thin } from './series/thin.js';
import { stallsFact } from './stalls.js';

/** From what clients feel to what may explain it. */
const CHARTS: Record<TimelineChart, (run: Run, read: FactReader) => TimelineSeries[]> = {
  rate, latency, errors, loop, 'loop-busy': loopBusy, gc, cpu, 'run-queue': runQueue, syscalls, 'failed-lookups': failedLookups, queues, memory,
};

/** Everything that was measured over time, on one clock; what was not is named with its reason. */
export const timelineFact: Fact<TimelineFact> = {
  name: 'timeline',
  compute(run, read) {
    const { windows } = run.manifest;
    if (windows.length === 0) throw new NoData('this run has no windows');
    const timeline: TimelineFact = {
      startNs: Math.min(...windows.map((w) => w.startNs)), endNs: Math.max(...windows.map((w) => w.endNs)),
      series: [], absent: [], stalls: [],
    };
    for (const [chart, draw] of Object.entries(CHARTS) as [TimelineChart, (typeof CHARTS)[TimelineChart]][]) {
      const drawn = read({ name: `timeline-${chart}`, compute: draw });
      if (drawn.ok) timeline.series.push(...drawn.value.map((s) => within(s, timeline)));
      else timeline.absent.push({ chart, why: drawn.reason, enable: drawn.enable ?? null });
    }
    const stalls = read(stallsFact);
    return { ...timeline, stalls: stalls.ok ? stalls.value : [] };
  },
};

/** What lies wholly outside the run (the look before its start) is cut off; long ticks keep their peaks when points are merged. */
function within(series: TimelineSeries, { startNs, endNs }: { startNs: number; endNs: number }): TimelineSeries {
  const inside = series.points.filter((p) => p.endNs >= startNs && p.startNs <= endNs)
    .map((p) => ({ ...p, startNs: Math.max(p.startNs, startNs), endNs: Math.min(p.endNs, endNs) }));
  return { ...series, points: thin(inside, series.unit === 'ms' || series.kind === 'looks' ? 'max' : 'mean') };
}
