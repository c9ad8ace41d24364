import type { Report } from '../types.js';
import { metric, point, type Labels, type Metric, type Summary } from './metric.js';

/** Loops and collections listed; a cluster has a loop a worker. */
const MOST_LOOPS = 16;

/** The event loop, of any runtime, and the collector. */
export function nodeMetrics({ eventLoop, gc, target }: Report): Metric[] {
  const loops = (eventLoop?.threads ?? []).slice(0, MOST_LOOPS);
  const of = ({ pid, tid }: { pid: number; tid: number }): Labels => ({ 'process.pid': String(pid), 'thread.id': String(tid) });
  const ms = (value: number | null) => (value === null ? null : value / 1e3);
  const isNode = target.runtime === 'node';
  const heap = isNode ? gc?.heapUsedMB : null;
  return [
    ...metric('nodejs.eventloop.utilization', '1', 'gauge', 'Share of the time that the loop did not wait for events.', isNode ? loops.map((l) => point(l.busyShare, of(l))) : []),
    ...metric('whyslow.eventloop.utilization', '1', 'gauge', 'Share of the time that the loop did not wait for events; runtimes other than Node.', isNode ? [] : loops.map((l) => point(l.busyShare, of(l)))),
    ...metric('whyslow.eventloop.tick', 's', 'summary', 'Length of one turn of the loop, from the return of the event wait to the next one.',
      loops.map((l): Summary | null => (l.ticks === null || l.meanMs === null ? null : {
        labels: of(l), count: l.ticks, sum: (l.ticks * l.meanMs) / 1e3,
        // The longest is exact, the others are of buckets.
        quantiles: [[0.5, l.p50Ms], [0.99, l.p99Ms], [1, l.maxMs]].flatMap(([q, of]): [number, number][] => (q == null || of == null ? [] : [[q, Math.min(of, l.maxMs) / 1e3]])),
      }))),
    ...metric('nodejs.eventloop.delay.p50', 's', 'gauge', 'How late timers came, median.', fromRuntime(eventLoop?.source, loops.map((l) => point(ms(l.p50Ms), of(l))))),
    ...metric('nodejs.eventloop.delay.p99', 's', 'gauge', 'How late timers came, 99th percentile.', fromRuntime(eventLoop?.source, loops.map((l) => point(ms(l.p99Ms), of(l))))),
    ...metric('nodejs.eventloop.delay.max', 's', 'gauge', 'How late timers came at worst.', fromRuntime(eventLoop?.source, loops.map((l) => point(l.maxMs / 1e3, of(l))))),
    ...metric('whyslow.eventloop.stalled', '1', 'gauge', 'Share of the watched time inside long turns of the loop, on the worst thread.', [point(eventLoop?.stalledShare)]),
    ...metric('whyslow.eventloop.long_ticks', '{tick}', 'counter', 'Turns of the loop that were long enough to be listed.', [point(eventLoop?.longTicks.length)]),
    ...metric('whyslow.gc.time', '1', 'gauge', 'Share of the wall time of the worst thread that went to garbage collection.', [gc ? point(gc.share, of(gc)) : null]),
    ...metric(isNode ? 'v8js.gc.duration' : 'whyslow.gc.duration', 's', 'summary', 'Pauses of the garbage collector, by kind; the quantile is the longest.',
      (gc?.byKind ?? []).map((kind): Summary => ({
        labels: { ...(gc ? of(gc) : {}), [isNode ? 'v8js.gc.type' : 'whyslow.gc.type']: isNode ? v8GcType(kind.kind) : kind.kind },
        count: kind.count, sum: kind.totalMs / 1e3, quantiles: [[1, kind.maxMs / 1e3]],
      }))),
    ...metric('v8js.memory.heap.used', 'By', 'updown', 'Heap in use at the end of the load.', [heap && gc ? point(heap.last * 1e6, of(gc)) : null]),
  ];
}

/** What the kernel sees is the length of a turn; only the runtime tells how late a timer came. */
const fromRuntime = <T>(source: 'ebpf' | 'node' | undefined, points: T[]): T[] => (source === 'node' ? points : []);

/** The conventions' words; others keep their own. */
const GC_TYPE: Record<string, string> = {
  scavenge: 'minor', 'mark-sweep-compact': 'major', incremental: 'incremental', 'weak-callbacks': 'weakcb',
};
export const v8GcType = (kind: string): string => GC_TYPE[kind] ?? kind;
