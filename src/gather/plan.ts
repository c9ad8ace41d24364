import type { WindowName } from '../types.js';

/** A window to be, in seconds of the measured load. */
export interface PlannedWindow {
  name: WindowName;
  seconds: number;
}

type Heavy = Extract<WindowName, 'observed' | 'sockets' | 'ledger' | 'profile' | 'off-cpu' | 'strace'>;

/**
 * Share of the load each heavy window gets, and the least that says something, s.
 * Chosen so that the cost of all, averaged over the load, stays below 5%:
 * observed 0.10 x 0.15 + sockets 0.10 x 0.10 + ledger 0.05 x 0.25 + profile 0.17 x 0.07 = 4.9%.
 */
const HEAVY: Record<Heavy, { share: number; leastS: number }> = {
  observed: { share: 0.06, leastS: 0.5 },
  sockets: { share: 0.05, leastS: 0.5 },
  ledger: { share: 0.04, leastS: 0.4 },
  profile: { share: 0.15, leastS: 0.8 },
  // Only when asked for, and then it should show something.
  'off-cpu': { share: 0.15, leastS: 1 },
  // strace slows the server twenty times: little time is enough for many calls, and more is only harm.
  strace: { share: 0.10, leastS: 0.5 },
};

/** Of the load, at most this goes to heavy windows: without clean ones there is no headline. */
const HEAVY_AT_MOST = 0.6;

/** Of the clean time, this much comes first, the rest last: the two tell drift from cost. */
const CLEAN_FIRST = 0.5;

/**
 * Cuts `durationS` of load into clean, heavy..., clean. Short loads shrink every window; none is dropped.
 *
 *   | clean | observed | sockets | ledger | profile | clean | off-cpu | strace |
 *
 * off-cpu and strace come after the last clean window: printing stacks takes a second, and a server needs time to recover from strace.
 */
export function planWindows(durationS: number, heavy: readonly Heavy[]): PlannedWindow[] {
  const wanted = heavy.map((name) => Math.max(HEAVY[name].share * durationS, HEAVY[name].leastS));
  const total = wanted.reduce((sum, s) => sum + s, 0);
  const scale = Math.min(1, (HEAVY_AT_MOST * durationS) / total);
  const cleanS = durationS - total * scale;
  const planned = heavy.map((name, i) => ({ name, seconds: (wanted[i] ?? 0) * scale }));
  const isLast = ({ name }: PlannedWindow): boolean => name === 'off-cpu' || name === 'strace';
  return [
    { name: 'clean', seconds: cleanS * CLEAN_FIRST },
    ...planned.filter((w) => !isLast(w)),
    { name: 'clean', seconds: cleanS * (1 - CLEAN_FIRST) },
    ...planned.filter(isLast),
  ];
}

/** Of requests a second: from here on less time tells as much. */
const MANY_RPS = 5000;
const ENOUGH_OF_MANY = 0.6;

/** How long a heavy window lasts at this rate: what it costs is a share of all requests, and many requests are soon seen. */
export const heavySeconds = ({ seconds }: PlannedWindow, rps: number | null): number =>
  rps !== null && rps >= MANY_RPS ? seconds * ENOUGH_OF_MANY : seconds;
