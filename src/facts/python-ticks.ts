import type { PythonProfile, PythonRecords } from '../parse/python-ndjson.js';
import type { Frame } from '../types.js';
import { groupBy } from './group-by.js';
import { owned } from './python-owned.js';
import { programFrame } from './python-waits.js';

interface Stretch { tid: number; startNs: number; lengthNs: number }

/** A function with less of a stall than this did not cause it alone: who called it is named. */
const CULPRIT_SHARE = 0.4;
/** The handler comes between two bytecodes: a call into C puts its sample off past the end of the stall. */
const LATE_NS = 10e6;
/** One look may have come upon something else. */
const LEAST_LOOKS = 2;

/**
 * What ran in a stretch of a Python thread: the innermost function that answers for a good part of it. A sample stands
 * for the CPU used before it, so it belongs to the stretch if that does.
 */
export function pythonCulprit(profiles: readonly PythonProfile[], { tid, startNs, lengthNs }: Stretch): Frame | null {
  const endNs = startNs + lengthNs;
  const samples = profiles.flatMap((p) => p.threads).filter((t) => t.tid === tid).flatMap((t) => t.samples)
    .filter((s) => !s.stack.own && s.atNs > startNs && s.atNs < endNs + LATE_NS && s.atNs - s.cpuNs / 2 < endNs);
  const totals = new Map<Frame, number>();
  let allNs = 0;
  for (const { stack, cpuNs } of samples) {
    allNs += cpuNs;
    const isOwned = owned(stack.frames);
    for (const frame of new Set(stack.frames.filter((f, i) => isOwned[i] && f.origin !== 'runtime'))) totals.set(frame, (totals.get(frame) ?? 0) + cpuNs);
  }
  // The deepest: of those with a good part, the one with the least; at equal parts the one further in.
  const order = new Map(samples.flatMap((s) => s.stack.frames).map((frame, i) => [frame, i]));
  const [deepest] = [...totals].filter(([, ns]) => ns >= CULPRIT_SHARE * allNs).sort((a, b) => a[1] - b[1] || (order.get(a[0]) ?? 0) - (order.get(b[0]) ?? 0));
  return deepest?.[0] ?? null;
}

/** In which function of the program the thread slept through a stretch: that of most looks. */
export function pythonSleeper(profiles: readonly PythonProfile[], { tid, startNs, lengthNs }: Stretch): Frame | null {
  const looks = profiles.flatMap((p) => p.waits).filter((w) => w.tid === tid).flatMap((w) => w.looks)
    .filter((l) => l.atNs >= startNs && l.atNs < startNs + lengthNs);
  const byFrame = groupBy(looks.flatMap(({ stack }) => programFrame(stack) ?? []), (f) => `${f.name}\0${f.file ?? ''}\0${String(f.line)}`);
  const [most] = [...byFrame.values()].sort((a, b) => b.length - a.length);
  return most && most.length >= LEAST_LOOKS ? most[0] ?? null : null;
}

/** Time of a stretch in collections of 1 ms or more; shorter ones are told as a sum only. */
export function pythonGcNs(records: readonly PythonRecords[], pid: number, { startNs, lengthNs }: Stretch): number {
  const pauses = records.filter((r) => r.meta?.pid === pid).flatMap((r) => r.gc).flatMap((slice) => slice.pauses);
  return pauses.reduce((ns, p) => ns + Math.max(0, Math.min(p.startNs + p.durationNs, startNs + lengthNs) - Math.max(p.startNs, startNs)), 0);
}

/** Of a stretch, what the probe itself took to write its profile. */
export function pythonOwnNs(records: readonly PythonRecords[], pid: number, { startNs, lengthNs }: Stretch): number {
  const own = records.filter((r) => r.meta?.pid === pid).flatMap((r) => r.own);
  return own.reduce((ns, o) => ns + Math.max(0, Math.min(o.endNs, startNs + lengthNs) - Math.max(o.startNs, startNs)), 0);
}
