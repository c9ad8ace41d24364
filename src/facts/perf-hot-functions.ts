import { NoData } from '../errors.js';
import type { PerfFrame, PerfSample } from '../parse/perf-script.js';
import type { FactReader, Frame, HotFunctionsFact, Run, Runtime } from '../types.js';
import { groupBy } from './group-by.js';
import { need } from './reader.js';
import { perfLoadSamplesFact } from './recordings.js';
import { threadsFact } from './threads.js';

/** Fewer samples on the CPU name nobody. */
const LEAST_SAMPLES = 30;

/** Where no runtime profile is: native and kernel frames of the busiest thread of a serving process, from perf. */
export function perfHotFunctions(run: Run, read: FactReader): HotFunctionsFact {
  const samples = need(read(perfLoadSamplesFact));
  const threads = read(threadsFact);
  const working = new Set(threads.ok ? threads.value.threads.filter((t) => t.role !== 'helper').map((t) => t.tid) : samples.map((s) => s.tid));
  const [busiest] = [...groupBy(samples.filter((s) => working.has(s.tid)), (s) => s.tid).values()].sort((a, b) => b.length - a.length);
  if (!busiest?.[0] || busiest.length < LEAST_SAMPLES) throw new NoData('too few CPU samples on the serving threads: they are hardly on a CPU');
  const { pid, tid } = busiest[0];
  const process = run.manifest.target.processes.find((p) => p.pid === pid);
  return { source: 'perf', pid, tid, samples: busiest.length, onCpuMs: null, ...tally(busiest, process?.runtime ?? 'native', process?.comm ?? ''), idleShare: idleShare(threads, tid) };
}

function tally(samples: readonly PerfSample[], runtime: Runtime, comm: string): Pick<HotFunctionsFact, 'functions' | 'byOrigin'> {
  const functions = new Map<string, { frame: Frame; self: number; total: number; callers: Frame[] }>();
  const byOrigin: HotFunctionsFact['byOrigin'] = { app: 0, dependency: 0, runtime: 0, kernel: 0, gc: 0 };
  for (const { stack } of samples) {
    const frames = stack.map((f) => frameOf(f, runtime, comm));
    const seen = new Set<string>();
    for (const [depth, frame] of frames.entries()) {
      const key = `${frame.name}\0${frame.file}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const entry = functions.get(key) ?? { frame, self: 0, total: 0, callers: frames.slice(depth + 1) };
      functions.set(key, entry);
      entry.total += 1;
      if (depth === 0) entry.self += 1;
    }
    const leaf = frames[0];
    if (leaf) byOrigin[leaf.origin] += 1 / samples.length;
  }
  return {
    byOrigin,
    functions: [...functions.values()]
      .map(({ frame, self, total, callers }) => ({ frame, selfShare: self / samples.length, totalShare: total / samples.length, callers }))
      .sort((a, b) => b.selfShare - a.selfShare || b.totalShare - a.totalShare),
  };
}

/** Code of an interpreter says nothing of the program that it runs; of a native server it is the program. */
function frameOf({ name, dso, kind }: PerfFrame, runtime: Runtime, comm: string): Frame {
  const origin = kind === 'kernel' ? 'kernel'
    : runtime === 'native' ? (dso.split('/').at(-1)?.startsWith(comm) ? 'app' : 'dependency')
      : /\/(site|dist)-packages\//.test(dso) ? 'dependency' : 'runtime';
  return { name, file: kind === 'kernel' ? null : dso, line: null, kind: kind === 'kernel' ? 'kernel' : 'native', origin, package: null };
}

const idleShare = (threads: ReturnType<FactReader>, tid: number): number => {
  const use = threads.ok ? (threads.value as { threads: { tid: number; cpuShare: number }[] }).threads.find((t) => t.tid === tid) : undefined;
  return use ? Math.max(0, 1 - use.cpuShare) : 0;
};
