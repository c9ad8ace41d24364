import { kernelEntry } from '../parse/perf-kernel.js';
import { mappedName } from '../parse/perf-map-name.js';
import { parsePerfMap, type PerfMap } from '../parse/perf-map.js';
import { perfHeader, type PerfFrame, type PerfSample } from '../parse/perf-script.js';
import { NoData } from '../errors.js';
import type { Fact, Run, StackFrame } from '../types.js';
import { artifactsOf } from './artifacts.js';
import { need } from './reader.js';
import { perfLoadSamplesFact } from './recordings.js';
import type { SampledStacks, StackSample } from './stack-samples.js';
import { threadNames } from './stack-threads.js';

/** What whyslow asks perf for, Hz: for recordings without a line that says it. */
const FREQUENCY_HZ = 97;

/** Native and kernel stacks of all the target's threads, as perf sampled them on a CPU. */
export const perfStacksFact: Fact<SampledStacks> = {
  name: 'perf-stacks',
  compute(run, read) {
    const samples = need(read(perfLoadSamplesFact));
    if (samples.length === 0) throw new NoData('perf holds no sample: the target hardly used a CPU');
    const nameOf = threadNames(run, read);
    const periodNs = periodOf(run);
    const times = samples.map((s) => s.tNs);
    const framesOf = stackFrames(perfMaps(run));
    return {
      source: 'perf', unit: 'cpu', window: 'profile',
      watched: { startNs: times.reduce((a, b) => Math.min(a, b)), endNs: times.reduce((a, b) => Math.max(a, b)) + periodNs },
      samples: samples.map((s): StackSample =>
        ({ pid: s.pid, tid: s.tid, thread: nameOf(s.pid, s.tid, s.comm), frames: framesOf(s), startNs: s.tNs, endNs: s.tNs, weightNs: periodNs })),
    };
  },
};

/** Names of code made at run time, by process: saved with --perf-map. */
const perfMaps = (run: Run): Map<number, PerfMap> =>
  new Map(artifactsOf(run, 'perf').flatMap((a) => (a.pid === undefined ? [] : [[a.pid, parsePerfMap(run.text(a))] as const])));

function periodOf(run: Run): number {
  const [artifact] = artifactsOf(run, 'perf');
  const header = artifact ? perfHeader(run.text(artifact)) : null;
  return header && header.frequencyHz > 0 ? (1e9 * header.keptOneOf) / header.frequencyHz : 1e9 / FREQUENCY_HZ;
}

/**
 * Root first, with a frame for the call by which the thread came into the kernel:
 *
 *   main  uv_run  uv__io_poll  __GI___writev | writev | do_syscall_64  do_writev  tcp_sendmsg
 *   native                                   | syscall| kernel
 */
function stackFrames(maps: ReadonlyMap<number, PerfMap>): (sample: PerfSample) => readonly StackFrame[] {
  const known = new Map<string, StackFrame>();
  const shared = (given: PerfFrame, pid: number): StackFrame => {
    const frame = renamed(given, maps.get(pid));
    const key = `${frame.kind}\0${frame.name}\0${frame.dso}`;
    let found = known.get(key);
    if (!found) known.set(key, (found = frameOf(frame)));
    return found;
  };
  return ({ pid, stack }) => {
    const inProcess = (frame: PerfFrame): StackFrame => shared(frame, pid);
    const entry = kernelEntry(stack);
    const firstUser = stack.findIndex((f) => f.kind !== 'kernel');
    const user = firstUser === -1 ? [] : stack.slice(firstUser);
    const kernel = firstUser === -1 ? stack : stack.slice(0, firstUser);
    const call: StackFrame[] = entry?.kind === 'syscall' ? [{ name: entry.name, kind: 'syscall', file: null, line: null }] : [];
    return [...withoutRepeats(user.map(inProcess).reverse()), ...call, ...kernel.map(inProcess).reverse()];
  };
}

/** With the name of what lay there last; perf may have taken an older one. */
function renamed(frame: PerfFrame, map: PerfMap | undefined): PerfFrame {
  const name = frame.address === undefined ? null : map?.(frame.address);
  return name ? { ...frame, name, kind: 'jit' } : frame;
}

/** Frames that perf has no name for say nothing by their number. */
const withoutRepeats = (frames: readonly StackFrame[]): StackFrame[] =>
  frames.filter((frame, i) => !(frame.name === '[unknown]' && frames[i - 1]?.name === '[unknown]'));

function frameOf({ name, dso, kind }: PerfFrame): StackFrame {
  if (kind === 'kernel') return { name, kind: 'kernel', file: null, line: null };
  const mapped = kind === 'jit' ? mappedName(name) : null;
  if (mapped) return mapped;
  return { name, kind: 'native', file: dso === '' || dso === '[unknown]' || kind === 'jit' ? null : dso, line: null };
}
