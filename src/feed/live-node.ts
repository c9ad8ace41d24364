import { metric, point, type Labels, type Metric } from '../export/metric.js';
import { v8GcType } from '../export/node-metrics.js';
import { parseNodeNdjson, type NodeSlice } from '../parse/node-ndjson.js';

interface Thread { labels: Labels; last: NodeSlice | null; gc: Map<string, { count: number; ns: number; maxNs: number }> }

/** Threads listed. */
const MOST_THREADS = 32;

/** What Node's own probe told last, a thread. */
export function liveNode(): { take(pid: string, tid: string, lines: string[]): void; metrics(): Metric[] } {
  const threads = new Map<string, Thread>();
  return {
    take(pid, tid, lines) {
      if (lines.length === 0 || (threads.size >= MOST_THREADS && !threads.has(tid))) return;
      const thread = threads.get(tid) ?? { labels: { 'process.pid': pid, 'thread.id': tid }, last: null, gc: new Map() };
      threads.set(tid, thread);
      const { slices, gc } = parseNodeNdjson(lines.join('\n'));
      thread.last = slices.at(-1) ?? thread.last;
      for (const { kind, durationNs } of gc) {
        const sum = thread.gc.get(kind) ?? { count: 0, ns: 0, maxNs: 0 };
        thread.gc.set(kind, { count: sum.count + 1, ns: sum.ns + durationNs, maxNs: Math.max(sum.maxNs, durationNs) });
      }
    },
    metrics() {
      const all = [...threads.values()];
      const of = (value: (slice: NodeSlice) => number | null | undefined) => all.map(({ labels, last }) => (last === null ? null : point(value(last), labels)));
      const delay = (which: 'min' | 'mean' | 'p50' | 'p99' | 'max', help: string) =>
        metric(`nodejs.eventloop.delay.${which}`, 's', 'gauge', help, of((s) => (s.delayNs === null ? null : s.delayNs[which] / 1e9)));
      return [
        ...metric('nodejs.eventloop.utilization', '1', 'gauge', 'Event-loop utilization of the last 250 ms; none while a CPU profile runs.', of((s) => s.elu)),
        ...delay('min', 'Event-loop delay of the last 250 ms, least; as monitorEventLoopDelay gives it, its resolution of 10 ms included.'),
        ...delay('mean', 'Event-loop delay of the last 250 ms, mean.'),
        ...delay('p50', 'Event-loop delay of the last 250 ms, median.'),
        ...delay('p99', 'Event-loop delay of the last 250 ms, 99th percentile.'),
        ...delay('max', 'Event-loop delay of the last 250 ms, most.'),
        ...metric('v8js.memory.heap.used', 'By', 'updown', 'Heap in use.', of((s) => s.heapUsed)),
        ...metric('v8js.gc.duration', 's', 'summary', 'Pauses of the garbage collector since the watch began; the quantile is the longest.', all.flatMap(({ labels, gc }) =>
          [...gc].map(([kind, { count, ns, maxNs }]) => ({ labels: { ...labels, 'v8js.gc.type': v8GcType(kind) }, count, sum: ns / 1e9, quantiles: [[1, maxNs / 1e9] as [number, number]] })))),
      ];
    },
  };
}
