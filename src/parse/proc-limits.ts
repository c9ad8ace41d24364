import { bracket, overlapping } from './proc-between.js';
import type { OtherProcess, ProcRecording } from './proc-ndjson.js';

/** How much a cgroup's quota held its processes back. */
export interface Throttling {
  path: string;
  /** CPU it may use, in cores; null: no quota now. */
  quotaCores: number | null;
  periodMs: number;
  periods: number;
  throttledPeriods: number;
  /** Summed over CPUs: may exceed the wall time. */
  throttledNs: number;
}

/** Growth of each cgroup's counters in a range of time. */
export function throttlingBetween({ slices }: ProcRecording, fromNs: number, toNs: number): Throttling[] {
  if (slices.length < 2 || toNs <= fromNs) return [];
  const at = (path: string, tNs: number): { periods: number; throttled: number; throttledUs: number } => {
    const { before, after, share } = bracket(slices, tNs);
    const [a, b] = [before, after].map((slice) => slice.cgroups.find((group) => group.path === path));
    const mixed = (of: (group: NonNullable<typeof b>) => number): number =>
      (b ? (a ? of(a) + share * (of(b) - of(a)) : of(b)) : a ? of(a) : 0);
    return { periods: mixed((g) => g.periods), throttled: mixed((g) => g.throttled), throttledUs: mixed((g) => g.throttledUs) };
  };
  return bracket(slices, toNs).after.cgroups.map(({ path, quotaUs, periodUs }) => {
    const [start, end] = [at(path, fromNs), at(path, toNs)];
    return {
      path, quotaCores: quotaUs === null ? null : quotaUs / periodUs, periodMs: periodUs / 1000,
      periods: end.periods - start.periods, throttledPeriods: end.throttled - start.throttled,
      throttledNs: (end.throttledUs - start.throttledUs) * 1000,
    };
  });
}

/** Cores used by others in a range, by process; each look counts for the time since the look before. Null when nobody looked. */
export function othersBetween({ header, slices }: ProcRecording, fromNs: number, toNs: number): { pid: number; comm: string; role: OtherProcess['role']; cores: number }[] | null {
  const looks = slices.filter(({ others }, i) => others !== null || i === 0);
  const seen = overlapping(looks, fromNs, toNs);
  const wallNs = seen.reduce((sum, { slice, share }) => sum + share * (slice.tNs - (looks[looks.indexOf(slice) - 1]?.tNs ?? slice.tNs)), 0);
  if (wallNs <= 0) return null;
  const byPid = new Map<string, { pid: number; comm: string; role: OtherProcess['role']; cores: number }>();
  for (const { slice, share } of seen) {
    for (const { pid, comm, role, ranTicks } of slice.others ?? []) {
      const known = byPid.get(`${pid} ${comm}`) ?? { pid, comm, role, cores: 0 };
      byPid.set(`${pid} ${comm}`, { ...known, cores: known.cores + (share * ranTicks * (1e9 / header.clockTicksHz)) / wallNs });
    }
  }
  return [...byPid.values()].sort((a, b) => b.cores - a.cores);
}
