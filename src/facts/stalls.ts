import type { CpuProfile } from '../parse/cpuprofile.js';
import { functionTimes } from '../parse/cpuprofile-times.js';
import type { Fact, FactReader, Frame, LongTick, TimelineStall } from '../types.js';
import { eventLoopFact } from './event-loop.js';
import { groupBy } from './group-by.js';
import { need } from './reader.js';
import { cpuProfilesFact, nodeRecordsFact, perfSamplesFact, pythonProfilesFact, pythonRecordsFact } from './recordings.js';
import { pythonGcNs } from './python-ticks.js';

type Inside = Pick<TimelineStall, 'functions' | 'sampledBy'>;

/** Functions of one stall worth a line. */
const MOST_FUNCTIONS = 8;
/** Fewer samples name nobody. */
const LEAST_SAMPLES = 2;

/** Every long tick, with what ran in it: by the runtime's profile where that covers it, else by perf, which is always on. */
export const stallsFact: Fact<TimelineStall[]> = {
  name: 'stalls',
  compute: (_run, read) => need(read(eventLoopFact)).longTicks.map((tick) => ({ ...tick, gcMs: gcMs(tick, read), ...inside(tick, read) })),
};

function gcMs(tick: LongTick, read: FactReader): number | null {
  const [node, python] = [read(nodeRecordsFact), read(pythonRecordsFact)];
  const own = node.ok ? node.value.find((r) => r.meta?.tid === tick.tid) : undefined;
  if (own) return own.gc.reduce((ns, p) => ns + overlapNs(p.startNs, p.startNs + p.durationNs, tick), 0) / 1e6;
  return python.ok && python.value.some((r) => r.meta?.pid === tick.pid && r.meta.implementation !== 'pypy') ? pythonGcNs(python.value, tick.pid, tick) / 1e6 : null;
}

function inside(tick: LongTick, read: FactReader): Inside {
  const profiles = read(cpuProfilesFact);
  const python = read(pythonProfilesFact);
  const endNs = tick.startNs + tick.lengthNs;
  const profile = profiles.ok ? profiles.value.find((p: CpuProfile) => p.tid === tick.tid && p.startNs <= tick.startNs && p.endNs >= endNs) : undefined;
  if (profile) {
    const times = functionTimes(profile, tick.startNs, endNs).functions.map((f) => ({ frame: f.frame, ms: f.selfNs / 1e6 }));
    return { functions: top(times), sampledBy: 'profile' };
  }
  const sampled = (python.ok ? python.value : []).flatMap((p) => p.threads).filter((t) => t.tid === tick.tid).flatMap((t) => t.samples)
    .filter((s) => !s.stack.own && s.atNs > tick.startNs && s.atNs - s.cpuNs / 2 < endNs && s.atNs <= endNs)
    .flatMap((s) => (s.stack.frames[0] ? [{ frame: s.stack.frames[0], ms: s.cpuNs / 1e6 }] : []));
  if (sampled.length >= LEAST_SAMPLES) return { functions: top(summed(sampled)), sampledBy: 'profile' };
  return perfInside(tick, read);
}

/** perf's samples are evenly spaced while the thread runs: each stands for an equal part of what it ran. */
function perfInside(tick: LongTick, read: FactReader): Inside {
  const perf = read(perfSamplesFact);
  const endNs = tick.startNs + tick.lengthNs;
  const samples = (perf.ok ? perf.value : []).filter((s) => s.tid === tick.tid && s.tNs >= tick.startNs && s.tNs < endNs);
  if (samples.length < LEAST_SAMPLES || tick.cause === 'blocked' || tick.cause === 'run-queue') return { functions: null, sampledBy: null };
  const each = tick.lengthNs / samples.length / 1e6;
  const leaves = samples.flatMap(({ stack: [leaf] }) => (leaf ? [{ frame: nativeFrame(leaf), ms: each }] : []));
  return { functions: top(summed(leaves)), sampledBy: 'perf' };
}

const nativeFrame = ({ name, dso, kind }: { name: string; dso: string; kind: string }): Frame => (kind === 'kernel'
  ? { name, file: null, line: null, kind: 'kernel', origin: 'kernel', package: null }
  : { name, file: dso, line: null, kind: 'native', origin: 'runtime', package: null });

const summed = (parts: readonly { frame: Frame; ms: number }[]): { frame: Frame; ms: number }[] =>
  [...groupBy(parts, ({ frame }) => `${frame.name}\0${frame.file ?? ''}\0${frame.line ?? ''}`).values()]
    .map((of) => ({ frame: (of[0] as { frame: Frame }).frame, ms: of.reduce((sum, p) => sum + p.ms, 0) }));

const top = (functions: { frame: Frame; ms: number }[]): { frame: Frame; ms: number }[] | null => {
  const some = functions.filter(({ ms }) => ms > 0).sort((a, b) => b.ms - a.ms).slice(0, MOST_FUNCTIONS);
  return some.length === 0 ? null : some;
};

const overlapNs = (startNs: number, endNs: number, tick: LongTick): number =>
  Math.max(0, Math.min(endNs, tick.startNs + tick.lengthNs) - Math.max(startNs, tick.startNs));
