import type { LoadSlice } from '../types.js';
import { BUCKETS, bucketOf, bucketRecord } from './latency-buckets.js';

/** Counts what comes back, until cut into a slice. The calls are on the path of every request: no allocation there. */
export interface Tally {
  answer(status: number, bytes: number, latencyMs: number): void;
  error(code: string): void;
  timeout(): void;
  opened(): void;
  /** What was counted since the last cut; starts anew. */
  cut(endNs: number): LoadSlice;
}

export function tally(beginNs: number): Tally {
  let startNs = beginNs;
  const latency = new Uint32Array(BUCKETS);
  const statuses = new Uint32Array(1000);
  let errors: Record<string, number> = {};
  let timeouts = 0;
  let connectionsOpened = 0;
  let bytes = 0;
  let completed = 0;
  return {
    answer(status, size, latencyMs) {
      completed++;
      bytes += size;
      const bucket = bucketOf(latencyMs * 1000);
      latency[bucket] = (latency[bucket] ?? 0) + 1;
      statuses[status] = (statuses[status] ?? 0) + 1;
    },
    error(code) { errors[code] = (errors[code] ?? 0) + 1; },
    timeout() { timeouts++; },
    opened() { connectionsOpened++; },
    cut(endNs) {
      const byStatus: Record<string, number> = {};
      statuses.forEach((n, status) => { if (n > 0) byStatus[status] = n; });
      const slice: LoadSlice = {
        type: 'slice', startNs, endNs, completed, statuses: byStatus, errors, timeouts, bytes, connectionsOpened,
        latencyUs: bucketRecord(latency),
      };
      latency.fill(0);
      statuses.fill(0);
      errors = {};
      startNs = endNs;
      completed = bytes = timeouts = connectionsOpened = 0;
      return slice;
    },
  };
}
