import { metric, point, type Metric } from '../export/metric.js';
import { latencyOf, mergeLatency, type LatencyBuckets } from '../parse/latency.js';
import { objectOf } from '../parse/ndjson.js';
import type { LoadSlice } from '../types.js';

/** Adds up what the load got back so far. */
export function liveLoad(): { take(line: string): void; metrics(): Metric[] } {
  let rps: number | null = null;
  let buckets: LatencyBuckets = {};
  let answered = 0;
  const failed = { 'non-2xx': 0, timeout: 0, connection: 0 };
  return {
    take(line) {
      const raw = objectOf(line);
      if (raw?.['type'] !== 'slice') return;
      const slice = raw as unknown as LoadSlice;
      rps = slice.completed / ((slice.endNs - slice.startNs || 1) / 1e9);
      answered += slice.completed;
      buckets = mergeLatency([buckets, slice.latencyUs]);
      for (const [status, n] of Object.entries(slice.statuses)) if (!/^[23]/.test(status)) failed['non-2xx'] += n;
      failed.timeout += slice.timeouts;
      failed.connection += Object.values(slice.errors).reduce((sum, n) => sum + n, 0);
    },
    metrics() {
      if (rps === null) return [];
      const { mean, p50, p90, p99, p999, max } = latencyOf(buckets);
      return [
        ...metric('whyslow.load.rate', '{request}/s', 'gauge', 'Requests answered in the last slice of the load (250 ms).', [point(rps)]),
        ...metric('http.client.request.duration', 's', 'summary', 'Latency seen by the load generator since its start, warm-up included.', answered === 0 ? [] : [{
          labels: {}, count: answered, sum: (mean / 1e3) * answered,
          quantiles: [[0.5, p50 / 1e3], [0.9, p90 / 1e3], [0.99, p99 / 1e3], [0.999, p999 / 1e3], [1, max / 1e3]],
        }]),
        ...metric('whyslow.load.failed', '{request}', 'counter', 'Requests of the load that were not answered with 2xx or 3xx.',
          Object.entries(failed).map(([type, n]) => point(n, { 'error.type': type }))),
      ];
    },
  };
}
