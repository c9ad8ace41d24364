import type { Report, TimelineChart, TimelineFact, TimelineSeries, WindowName } from '../../types.js';

/** What the page draws from: seconds since the run's start, arrays short enough for one file. */
export interface ChartData {
  endS: number;
  windows: { name: string; kind: 'clean' | 'heavy' | 'other'; fromS: number; toS: number }[];
  charts: { id: TimelineChart; title: string; unit: TimelineSeries['unit']; series: { label: string; kind: TimelineSeries['kind']; x: number[]; y: (number | null)[] }[] }[];
  stalls: { fromS: number; toS: number; ms: number }[];
}

/** In the order drawn: from what clients feel to what may explain it. */
export const CHART_TITLES: Record<TimelineChart, string> = {
  rate: 'Throughput', latency: 'Latency', errors: 'Failing answers', loop: 'Event loop: ticks that kept everyone waiting', 'loop-busy': 'Event loop: busy',
  gc: 'Garbage collection', cpu: 'CPU', 'run-queue': 'Run queue', syscalls: 'System calls', 'failed-lookups': 'Failing opens', queues: 'Queues: connections of the served port', memory: 'Memory',
};

/** What each part of a run is for; the words of the terminal's README. */
export const WINDOW_WORDS: Record<WindowName, string> = {
  startup: 'startup', warmup: 'warm-up', clean: 'clean', observed: 'syscalls, loop', sockets: 'sockets, paths', ledger: 'ledger',
  profile: 'profile', 'off-cpu': 'off-CPU', strace: 'strace', drain: 'drain',
};

const HEAVY: readonly WindowName[] = ['observed', 'sockets', 'ledger', 'profile', 'off-cpu', 'strace'];
export const windowKind = (name: WindowName): 'clean' | 'heavy' | 'other' => (name === 'clean' ? 'clean' : HEAVY.includes(name) ? 'heavy' : 'other');

/** The page marks and lists no more stalls than this; the longest are kept. */
const MOST_STALLS = 300;

export const seconds = (ns: number, originNs: number): number => Math.round((ns - originNs) / 1e5) / 1e4;

/** The stalls that the page shows, in order of time. */
export function shownStalls({ stalls }: TimelineFact): TimelineFact['stalls'] {
  const longest = new Set(stalls.toSorted((a, b) => b.lengthNs - a.lengthNs).slice(0, MOST_STALLS));
  return stalls.filter((stall) => longest.has(stall));
}

export function chartData(timeline: TimelineFact, phases: Report['phases']): ChartData {
  const at = (ns: number): number => seconds(ns, timeline.startNs);
  const ids = Object.keys(CHART_TITLES) as TimelineChart[];
  return {
    endS: at(timeline.endNs),
    windows: phases.map(({ name, startNs, endNs }) => ({ name: WINDOW_WORDS[name], kind: windowKind(name), fromS: at(startNs), toS: at(endNs) })),
    charts: ids.flatMap((id) => {
      const series = timeline.series.filter((s) => s.chart === id);
      const [first] = series;
      if (!first) return [];
      return [{ id, title: CHART_TITLES[id], unit: first.unit, series: series.map((s) => ({ label: s.label, kind: s.kind, ...arrays(s, at) })) }];
    }),
    stalls: shownStalls(timeline).map(({ startNs, lengthNs }) => ({ fromS: at(startNs), toS: at(startNs + lengthNs), ms: short(lengthNs / 1e6) })),
  };
}

/** A tenth of a slice between two of them is how clocks round; more, and nobody looked. */
const TOUCH_SHARE = 0.1;

/**
 * Steps, with a null where a gap begins, so that nothing is drawn where nobody looked:
 *
 *   slices  |--a--|--b--|        |--c--|      x: a0 b0 b1 b1 c0 c1     y: a b b null c c
 */
function arrays({ kind, points }: TimelineSeries, at: (ns: number) => number): { x: number[]; y: (number | null)[] } {
  if (kind === 'looks') return { x: points.map((p) => at(p.startNs)), y: points.map((p) => short(p.value)) };
  const x: number[] = [];
  const y: (number | null)[] = [];
  for (const [i, { startNs, endNs, value }] of points.entries()) {
    x.push(at(startNs));
    y.push(short(value));
    const next = points[i + 1];
    if (next && next.startNs - endNs <= (endNs - startNs) * TOUCH_SHARE) continue;
    x.push(at(endNs), at(endNs) + 0.0001);
    y.push(short(value), null);
  }
  return { x: x.map((s) => Math.round(s * 1e4) / 1e4), y };
}

/** Four digits are more than a chart shows. */
const short = (value: number): number => Number(value.toPrecision(4));
