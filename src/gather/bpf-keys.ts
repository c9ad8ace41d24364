import type { WindowName } from '../types.js';
import type { ProbeContext } from './probe.js';

export interface MapKeys {
  /**
   * Keys that each of its maps can hold at most. They are allocated in full when the program starts, which takes 6 ms of
   * a CPU a thousand (all maps, 2 CPUs): under load they are made to the target's measure.
   */
  mapKeys: number;
  /** Keys that a thread, and a connection, may need under load; without these it is always `mapKeys`. */
  keysPer?: { thread: number; connection: number };
}

/** The least, for what has nothing to do with threads and connections: histograms, peers, paths. */
const KEYS_AT_LEAST = 2048;

/** How many keys to allocate for a window: a power of two. */
export function keysFor({ mapKeys, keysPer }: MapKeys, threads: ReadonlyMap<number, readonly number[]>, ctx: ProbeContext, window: WindowName | 'all'): number {
  if (!keysPer || window === 'startup') return mapKeys;
  const tids = [...threads.values()].reduce((n, of) => n + of.length, 0);
  const needed = KEYS_AT_LEAST + keysPer.thread * tids + keysPer.connection * ctx.connections;
  return Math.min(mapKeys, 2 ** Math.ceil(Math.log2(needed)));
}
