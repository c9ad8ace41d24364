import { NoData } from '../errors.js';
import type { Fact, FactReader, Trend, TrendsFact } from '../types.js';
import { loadSpan, seconds } from './artifacts.js';
import { need } from './reader.js';
import { nodeRecordsFact, procRecordingFact } from './recordings.js';
import { requestsBetween, requestsFact } from './requests.js';

type Kind = Pick<Trend, 'what' | 'unit'> & { least: number };
interface Series { kind: Kind; pid: number; comm: string; points: Point[]; /** What must grow as well for this growth to be more than warming up. */ because?: Point[] }
interface Point { tNs: number; value: number }

/** What is counted, and the least growth over the load worth a line: less is a connection or two, or a buffer. */
const KINDS = {
  fds: { what: 'open files', unit: 'files', least: 16 },
  sockets: { what: 'connections', unit: 'sockets', least: 16 },
  threads: { what: 'threads', unit: 'threads', least: 4 },
  rss: { what: 'memory', unit: 'MB', least: 20 },
  heap: { what: 'heap', unit: 'MB', least: 20 },
} satisfies Record<string, Kind>;

/** Of what was there at first: a smaller growth is breathing. */
const LEAST_GROWTH = 0.15;
/** Quarters of the load: each must lie above the one before, and the last step must not have died down. */
const QUARTERS = 4;
const STILL_GROWS = 0.3;

/** Descriptors, connections, threads and memory over the load: what only ever grows will run out. */
export const trendsFact: Fact<TrendsFact> = {
  name: 'trends',
  compute(run, read) {
    const span = loadSpan(run);
    if (!span) throw new NoData('no load was driven in this run');
    const requests = read(requestsFact);
    const n = requests.ok ? requestsBetween(requests.value, span.startNs, span.endNs) : 0;
    const trends = series(read, span).flatMap(({ kind, pid, comm, points, because }): Trend[] => {
      const inside = points.filter(({ tNs }) => tNs >= span.startNs && tNs <= span.endNs);
      const first = inside[0]?.value;
      const last = inside.at(-1)?.value;
      // A process that ends between two looks leaves half a row.
      if (first === undefined || last === undefined || !Number.isFinite(first) || !Number.isFinite(last) || Math.abs(last - first) < Math.max(kind.least, LEAST_GROWTH * first)) return [];
      return [{
        what: kind.what, unit: kind.unit, pid, comm, first, last, perS: (last - first) / seconds(span),
        per1000Requests: n > 0 ? ((last - first) / n) * 1000 : null,
        grows: growsSteadily(inside, span) && (because === undefined || growsSteadily(because, span)),
      }];
    });
    return { trends: trends.sort((a, b) => Number(b.grows) - Number(a.grows) || b.last / (b.first || 1) - a.last / (a.first || 1)) };
  },
};

/**
 *   leak   _.-'     cache that fills   .-----     breathing   /\/\
 *        .'                          .'                      /    \
 */
function growsSteadily(points: readonly Point[], { startNs, endNs }: { startNs: number; endNs: number }): boolean {
  const means = Array.from({ length: QUARTERS }, (_, i) => {
    const part = points.filter(({ tNs }) => Math.min(QUARTERS - 1, Math.floor(((tNs - startNs) / (endNs - startNs)) * QUARTERS)) === i);
    return part.length === 0 ? NaN : part.reduce((sum, p) => sum + p.value, 0) / part.length;
  });
  const steps = means.slice(1).map((mean, i) => mean - (means[i] ?? NaN));
  return steps.every((step) => step > 0) && (steps.at(-1) ?? 0) >= STILL_GROWS * (steps[0] ?? Infinity);
}

function series(read: FactReader, span: { startNs: number; endNs: number }): Series[] {
  const { slices, header } = need(read(procRecordingFact));
  const looked = slices.filter((s) => s.tNs >= span.startNs && s.tNs <= span.endNs);
  const processes = [...(looked.at(-1)?.processes.values() ?? [])].filter((p) => p.role === 'target');
  const records = read(nodeRecordsFact);
  return processes.flatMap(({ pid, comm, startTicks }) => {
    const of = (kind: Kind, value: (slice: (typeof looked)[number]) => number | undefined): Series => ({
      kind, pid, comm,
      points: looked.flatMap((slice): Point[] => {
        const found = value(slice);
        return found === undefined ? [] : [{ tNs: slice.tNs, value: found }];
      }),
    });
    const at = (slice: (typeof looked)[number]) => slice.processes.get(`${pid}@${startTicks}`);
    const recorded = records.ok ? records.value.filter((r) => r.meta?.pid === pid) : [];
    const heap = recorded.filter((r) => r.meta?.tid === pid).flatMap((r) => r.slices);
    // A V8 that warms up takes pages for half a minute; what it holds tells a leak. Other threads' heaps are not in the sum.
    const held = recorded.length === 1 && heap.length > 0 ? { because: heap.map((s) => ({ tNs: s.endNs, value: (s.heapUsed + s.external) / 1e6 })) } : {};
    return [
      of(KINDS.fds, (slice) => (slice.nofile === null ? undefined : at(slice)?.fds)),
      of(KINDS.sockets, (slice) => slice.established?.[String(pid)]),
      of(KINDS.threads, (slice) => at(slice)?.threads),
      { ...of(KINDS.rss, (slice) => ((at(slice)?.rssPages ?? NaN) * header.pageBytes) / 1e6), ...held },
      { kind: KINDS.heap, pid, comm, points: heap.map((s) => ({ tNs: s.endNs, value: s.heapUsed / 1e6 })) },
    ];
  });
}
