import { NoData } from '../errors.js';
import type { PythonProfile, PythonStack } from '../parse/python-ndjson.js';
import type { Fact, Frame, StackFrame } from '../types.js';
import { withoutGc } from './python-hot-functions.js';
import { need } from './reader.js';
import { pythonProfilesFact } from './recordings.js';
import type { SampledStacks, StackSample } from './stack-samples.js';
import { threadNames } from './stack-threads.js';

const COLLECTOR: StackFrame = { name: '(garbage collector)', file: null, line: null, kind: 'gc' };

/** Stacks that Python's sampler saw; a sample stands for the CPU that its thread used since the one before. */
export const pythonStacksFact: Fact<SampledStacks> = {
  name: 'python-stacks',
  compute(run, read) {
    const profiles = need(read(pythonProfilesFact));
    const nameOf = threadNames(run, read);
    const framesOf = stackFrames();
    const samples = profiles.flatMap((p) => samplesOf(p, framesOf, nameOf));
    if (samples.length === 0) throw new NoData('the Python profile holds no sample: it hardly used a CPU');
    return {
      source: 'python', unit: 'cpu', window: 'profile', samples,
      watched: { startNs: Math.min(...profiles.map((p) => p.startNs)), endNs: Math.max(...profiles.map((p) => p.endNs)) },
    };
  },
};

type FramesOf = (stack: PythonStack) => readonly StackFrame[];

function samplesOf(profile: PythonProfile, framesOf: FramesOf, nameOf: ReturnType<typeof threadNames>): StackSample[] {
  const { pid, threads, collections } = profile;
  const seen = threads.flatMap(({ tid, name, samples }) => samples.filter(({ stack, cpuNs }) => !stack.own && stack.frames.length > 0 && cpuNs > 0)
    .map(({ atNs, stack, cpuNs }) => ({ stack, ns: cpuNs, atNs: Math.max(profile.startNs, atNs - cpuNs / 2), tid, thread: nameOf(pid, tid, name) })));
  const left = withoutGc(seen, collections);
  const at = (s: (typeof seen)[number], frames: readonly StackFrame[], weightNs: number): StackSample =>
    ({ pid, tid: s.tid, thread: s.thread, frames, startNs: s.atNs, endNs: s.atNs, weightNs });
  const collecting = new Map<readonly StackFrame[], readonly StackFrame[]>();
  return seen.flatMap((s, i) => {
    const frames = framesOf(s.stack);
    const ownNs = left[i]?.ns ?? s.ns;
    const gcFrames = collecting.get(frames) ?? [...frames, COLLECTOR];
    collecting.set(frames, gcFrames);
    return [...(ownNs > 0 ? [at(s, frames, ownNs)] : []), ...(s.ns > ownNs ? [at(s, gcFrames, s.ns - ownNs)] : [])];
  });
}

/** Root first; Python's kinds are ours. */
function stackFrames(): FramesOf {
  const frames = new Map<Frame, StackFrame>();
  const stacks = new Map<PythonStack, readonly StackFrame[]>();
  const frameOf = (frame: Frame): StackFrame => {
    let found = frames.get(frame);
    if (!found) frames.set(frame, (found = { name: frame.name, kind: frame.kind, file: frame.file, line: frame.line }));
    return found;
  };
  return (stack) => {
    let found = stacks.get(stack);
    if (!found) stacks.set(stack, (found = stack.frames.map(frameOf).reverse()));
    return found;
  };
}
