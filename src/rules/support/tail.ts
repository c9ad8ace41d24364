import type { RequestsFact, TailCost } from '../../types.js';

/** The tail is the slowest 1%: what meets fewer requests is further out. */
const TAIL_SHARE = 0.01;

/**
 * What a wait that meets only some requests adds to the 99th percentile:
 *
 *   p50 .... the many                                p99 .......... those who met it
 *   |--------|                                       |-------------------------------|
 *                                                              at most p99 - p50
 */
export function tailCost(requests: RequestsFact | null, metShare: number, waitMs: number): TailCost | null {
  const latency = requests?.headline.latencyMs ?? null;
  if (!latency || latency.p99 <= 0 || metShare < TAIL_SHARE) return null;
  const ms = Math.min(waitMs, latency.p99 - latency.p50);
  return ms > 0 ? { share: ms / latency.p99, ms } : null;
}
