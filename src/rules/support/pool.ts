import { poolFact } from '../../facts/pool.js';
import type { FactReader, PoolFact, RequestsFact } from '../../types.js';
import { optional } from './finding.js';
import { inFlight } from './latency.js';
import { occupancy } from './occupancy.js';

/** Of the pool's time: busier, and there is a queue in front of it. */
const FULL = 0.8;
/** Fewer threads at work are a helper or two, not a pool that is full. */
const LEAST_THREADS = 2;
/** Requests in flight beyond the pool's threads that make a queue. */
const QUEUE = 1.5;
/** Of the serving threads' time: a loop that works most of the time is no loop that waits for its pool. */
const LOOP_IDLES = 0.4;

export type PoolState = { full: true; pool: PoolFact; share: number } | { full: false; why: string };

/** Whether libuv's pool is what requests wait for: all its threads at work, more requests than threads, and the loop idles. */
export function fullPool(read: FactReader, requests: RequestsFact): PoolState | null {
  const pool = optional(read(poolFact));
  if (!pool) return null;
  const flying = inFlight(requests);
  const occ = optional(occupancy(read));
  const jobs = pool.threads * pool.busy;
  if (pool.threads < LEAST_THREADS) return { full: false, why: `${String(pool.threads)} threads of the pool at work` };
  if (pool.busy < FULL) return { full: false, why: `the pool's ${String(pool.threads)} threads are at work ${String(Math.round(pool.busy * 100))}% of the time` };
  if (flying < QUEUE * pool.threads) return { full: false, why: `${flying.toFixed(1)} requests in flight for ${String(pool.threads)} threads: no queue to speak of` };
  if (occ && occ.servingIdle < LOOP_IDLES) return { full: false, why: `the event loop idles only ${String(Math.round(occ.servingIdle * 100))}% of the time` };
  return { full: true, pool, share: Math.max(0, 1 - jobs / flying) };
}
