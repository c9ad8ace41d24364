import type { ProcRecording, ProcSlice } from '../parse/proc-ndjson.js';
import { syscallName } from '../parse/syscall-names.js';
import { groupBy } from './group-by.js';
import { idleTest } from './idle.js';

/** A loop that stood in a call for a while: how long is known to about a look of the sampler. */
export interface BlockedStall { pid: number; tid: number; startNs: number; lengthNs: number; syscall: string }

/** Looks that found it there: fewer may be short calls that happened to be seen. */
const LEAST_LOOKS = 3;
/** Of the looks in the slices that it spans: fewer, and it was many short calls. */
const LEAST_DENSITY = 0.4;
/** Of its time, as a rule: a loop that always blocks has no stalls that stand out. */
const STEADY = 0.25;

/**
 * Stalls that sleep, which neither the scheduler's stretches nor an event wait of the same kind can tell: the loop waits in
 * epoll, and now and then stands in poll, read, wait4... for many looks in a row.
 *
 *   looks    e r e r r e | p p p p p p | p p r e r e | r e r r e e        e: event wait, r: runs, p: poll
 *   slices       0/6     |     6/6     |     2/6     |     0/6            one stall of 8 looks
 */
export function blockedStalls({ header, slices }: ProcRecording, pid: number, tid: number): BlockedStall[] {
  const looks = slices.slice(1).map((slice, i) => lookAt(slice, slices[i] as ProcSlice, tid, header.arch));
  const calls = [...new Set(looks.flatMap(({ places }) => places.map((p) => p.in)))];
  const isIdle = idleTest('serving', calls);
  const seen = looks.map((look) => {
    const blocked = look.places.filter((p) => p.in !== 'running' && p.in !== 'futex' && !isIdle(p.in));
    return { ...look, blocked, count: total(blocked), all: total(look.places) };
  }).filter(({ all }) => all > 0);
  const shares = seen.map(({ count, all }) => count / all).sort((a, b) => a - b);
  if ((shares[Math.floor(shares.length / 2)] ?? 1) > STEADY) return [];
  return runsOf(seen, ({ count }) => count > 0).flatMap((run): BlockedStall[] => {
    const count = run.reduce((n, s) => n + s.count, 0);
    if (count < LEAST_LOOKS || count < LEAST_DENSITY * run.reduce((n, s) => n + s.all, 0)) return [];
    const nsOf = (s: (typeof run)[number]) => ((s.endNs - s.startNs) * s.count) / s.all;
    const lengthNs = run.reduce((ns, s) => ns + nsOf(s), 0);
    const [first] = run;
    if (!first) return [];
    // It goes on into the next slice, or lies somewhere in this one.
    const startNs = run.length > 1 ? first.endNs - nsOf(first) : (first.startNs + first.endNs - lengthNs) / 2;
    const byCall = [...groupBy(run.flatMap((s) => s.blocked), (p) => p.in)].map(([syscall, of]) => ({ syscall, n: total(of) }));
    return [{ pid, tid, startNs, lengthNs, syscall: byCall.sort((a, b) => b.n - a.n)[0]?.syscall ?? '' }];
  });
}

/** Where it stood in one slice, by call. A thread that is not named in it stood where it stood, or ended. */
function lookAt(slice: ProcSlice, before: ProcSlice, tid: number, arch: string): { startNs: number; endNs: number; places: { in: string; count: number }[] } {
  const places = Object.entries(slice.samples[String(tid)] ?? {}).map(([key, count]) => ({ in: key === 'running' ? key : syscallName(parseInt(key, 10), arch), count }));
  return { startNs: before.tNs, endNs: slice.tNs, places };
}

function runsOf<T>(items: readonly T[], isIn: (item: T) => boolean): T[][] {
  return items.reduce<T[][]>((runs, item, i) => {
    if (!isIn(item)) return runs;
    const previous = items[i - 1];
    if (previous !== undefined && isIn(previous)) runs.at(-1)?.push(item);
    else runs.push([item]);
    return runs;
  }, []);
}

const total = (places: readonly { count: number }[]): number => places.reduce((n, p) => n + p.count, 0);
