import type { Latency } from '../../src/types.js';

/** Latency of a queue with little spread around its mean. */
export const clearLatency = (mean: number): Latency =>
  ({ mean, p50: mean * 0.97, p90: mean * 1.15, p99: mean * 1.6, p999: mean * 2.2, max: mean * 3 });

/** Latency that is the same for everyone. */
export const tightLatency = (mean: number): Latency =>
  ({ mean, p50: mean, p90: mean * 1.03, p99: mean * 1.08, p999: mean * 1.2, max: mean * 1.4 });

/** Mostly short, with a tail of those who met a stall. */
export const tailedLatency = (mean: number, stallMs: number): Latency =>
  ({ mean, p50: mean * 0.8, p90: mean * 1.2, p99: stallMs * 0.9, p999: stallMs * 1.05, max: stallMs * 1.1 });
