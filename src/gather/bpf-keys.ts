import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
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

/** A window of a heavy probe is about as long, s. */
const WINDOW_S = 0.6;
/** Between two looks at how many threads were ever made. */
const LOOK_MS = 50;

/** Threads and processes made a second, on the whole machine: a server that makes one a request needs keys for each. */
export async function bornPerS(window: WindowName | 'all'): Promise<number> {
  if (window === 'startup' || window === 'all') return 0;
  const [before, from] = [everMade(), performance.now()];
  await sleep(LOOK_MS);
  return (everMade() - before) / ((performance.now() - from) / 1000);
}

/** `processes 318230` in /proc/stat: clones since boot, threads as well. */
const everMade = (): number => Number(/^processes (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? 0);

/** How many keys to allocate for a window: a power of two. `born`: threads made a second. */
export function keysFor({ mapKeys, keysPer }: MapKeys, threads: ReadonlyMap<number, readonly number[]>, born: number, ctx: Pick<ProbeContext, 'connections'>, window: WindowName | 'all'): number {
  if (!keysPer || window === 'startup') return mapKeys;
  const tids = [...threads.values()].reduce((n, of) => n + of.length, 0) + (window === 'all' ? 0 : born * WINDOW_S);
  const needed = KEYS_AT_LEAST + keysPer.thread * tids + keysPer.connection * ctx.connections;
  return Math.min(mapKeys, 2 ** Math.ceil(Math.log2(needed)));
}
