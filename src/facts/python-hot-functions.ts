import { NoData } from '../errors.js';
import type { PythonProfile, PythonStack } from '../parse/python-ndjson.js';
import type { FactReader, Frame, HotFunction, HotFunctionsFact } from '../types.js';
import { pythonProfilesFact, pythonSpiedFact } from './recordings.js';
import { owned } from './python-owned.js';
import { threadsFact } from './threads.js';

/** Fewer samples on the CPU name nobody. */
const LEAST_SAMPLES = 20;

const COLLECTOR: Frame = { name: '(garbage collector)', file: null, line: null, kind: 'gc', origin: 'runtime', package: null };

interface Tally { frame: Frame; selfNs: number; totalNs: number; ownedNs: number; callers: Map<PythonStack, { ns: number; depth: number }> }
interface Seen { stack: PythonStack; ns: number }

/** Which Python functions hold the CPU, over all processes and threads that serve or work for one that serves. */
export function pythonHotFunctions(read: FactReader): HotFunctionsFact | null {
  const own = read(pythonProfilesFact);
  const gathered = own.ok ? own : read(pythonSpiedFact);
  if (!gathered.ok) return null;
  const profiles = servingOf(gathered.value, read);
  const threads = profiles.flatMap((p) => p.threads.map((t) => ({ pid: p.pid, ...t }))).filter(({ tid }) => !isHelper(tid, read));
  const samples = threads.flatMap((t) => t.samples).filter(({ stack }) => stack.frames.length > 0 && !stack.own);
  if (samples.length < LEAST_SAMPLES) return null;
  const collections = profiles.flatMap((p) => p.collections);
  const seen = withoutGc(samples.map(({ stack, cpuNs }) => ({ stack, ns: cpuNs })), collections);
  const totalNs = sum(samples.map(({ cpuNs }) => cpuNs));
  if (totalNs <= 0) throw new NoData('the Python profile holds no CPU time');
  const gcNs = totalNs - sum(seen.map(({ ns }) => ns));
  const busiest = threads.reduce((a, b) => (cpuOf(b) > cpuOf(a) ? b : a));
  const wallNs = sum(profiles.map((p) => p.endNs - p.startNs));
  const functions = tally(seen).map((t): HotFunction => ({
    frame: t.frame, selfShare: t.selfNs / totalNs, totalShare: t.totalNs / totalNs, ownedShare: t.ownedNs / totalNs, callers: callersOf(t),
  }));
  return {
    source: 'python', pid: busiest.pid, tid: busiest.tid, samples: samples.length, onCpuMs: totalNs / 1e6,
    functions: [...functions, ...collector(collections, gcNs / totalNs)].sort((a, b) => b.selfShare - a.selfShare || b.totalShare - a.totalShare),
    byOrigin: byOrigin(seen, totalNs, gcNs),
    idleShare: wallNs > 0 ? Math.max(0, 1 - totalNs / wallNs) : 0,
  };
}

function servingOf(profiles: readonly PythonProfile[], read: FactReader): readonly PythonProfile[] {
  const threads = read(threadsFact);
  const pids = new Set(threads.ok ? threads.value.processes.filter((p) => p.serving).map((p) => p.pid) : []);
  const serving = profiles.filter((p) => pids.has(p.pid));
  return serving.length > 0 ? serving : profiles;
}

/** A thread that /proc never met (it lived for one request) is no helper. */
function isHelper(tid: number, read: FactReader): boolean {
  const threads = read(threadsFact);
  return threads.ok && threads.value.threads.some((t) => t.tid === tid && t.role === 'helper');
}

/** A collection runs inside whatever allocates: its time is taken off the stacks in which collections began. */
export function withoutGc(samples: readonly Seen[], collections: PythonProfile['collections']): Seen[] {
  const leftNs = new Map<Frame | undefined, number>();
  for (const { stack, ns } of collections) leftNs.set(stack.frames[0], (leftNs.get(stack.frames[0]) ?? 0) + ns);
  return samples.map(({ stack, ns }) => {
    const taken = Math.min(ns, leftNs.get(stack.frames[0]) ?? 0);
    leftNs.set(stack.frames[0], (leftNs.get(stack.frames[0]) ?? 0) - taken);
    return { stack, ns: ns - taken };
  });
}

function tally(seen: readonly Seen[]): Tally[] {
  const tallies = new Map<string, Tally>();
  const entry = (frame: Frame): Tally => {
    const key = `${frame.name}\0${frame.file}\0${frame.line}`;
    let found = tallies.get(key);
    if (!found) tallies.set(key, (found = { frame, selfNs: 0, totalNs: 0, ownedNs: 0, callers: new Map() }));
    return found;
  };
  for (const { stack, ns } of seen) {
    const { frames } = stack;
    const isOwned = owned(frames);
    const counted = new Set<Tally>();
    for (const [depth, frame] of frames.entries()) {
      const found = entry(frame);
      if (counted.has(found)) continue;
      counted.add(found);
      found.totalNs += ns;
      if (isOwned[depth]) found.ownedNs += ns;
      if (depth === 0) found.selfNs += ns;
      const path = found.callers.get(stack) ?? { ns: 0, depth };
      found.callers.set(stack, path);
      path.ns += ns;
    }
  }
  return [...tallies.values()];
}

/** From its direct caller outwards, along the path that took most of its time. */
function callersOf({ callers }: Tally): Frame[] {
  const [most] = [...callers].sort((a, b) => b[1].ns - a[1].ns);
  return most ? most[0].frames.slice(most[1].depth + 1) : [];
}

function collector(collections: PythonProfile['collections'], share: number): HotFunction[] {
  if (share <= 0) return [];
  const [most] = [...collections].sort((a, b) => b.ns - a.ns);
  return [{ frame: COLLECTOR, selfShare: share, totalShare: share, callers: most?.stack.frames ?? [] }];
}

function byOrigin(seen: readonly Seen[], totalNs: number, gcNs: number): HotFunctionsFact['byOrigin'] {
  const shares: HotFunctionsFact['byOrigin'] = { app: 0, dependency: 0, runtime: 0, kernel: 0, gc: gcNs / totalNs };
  for (const { stack, ns } of seen) {
    const [leaf] = stack.frames;
    if (leaf) shares[leaf.origin] += ns / totalNs;
  }
  return shares;
}

const cpuOf = (thread: PythonProfile['threads'][number]): number => sum(thread.samples.map(({ cpuNs }) => cpuNs));
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
