import type { CpuProfile, ProfileNode } from '../parse/cpuprofile.js';
import { OWN_PACKAGE } from '../parse/frame.js';
import { NoData } from '../errors.js';
import type { Fact, FactReader, Run, StackFrame } from '../types.js';
import { withoutBlocked } from './blocked-spans.js';
import { need } from './reader.js';
import { cpuProfilesFact } from './recordings.js';
import type { SampledStacks, StackSample } from './stack-samples.js';
import { threadNames } from './stack-threads.js';

/** V8 counts time as it goes by; these say what of it is left in. */
interface Kept { slept: boolean; idle: boolean }

const v8Stacks = (name: string, kept: Kept): Fact<SampledStacks> => ({
  name,
  compute: (run, read) => sampled(run, read, need(read(cpuProfilesFact)).map((p) => (kept.slept ? p : withoutBlocked(p, read))), kept),
});

/** Stacks of V8's profiler while its threads were on a CPU. */
export const v8StacksFact = v8Stacks('v8-stacks', { slept: false, idle: false });
/** With calls that slept, for those who wait do not care. */
export const v8BusyStacksFact = v8Stacks('v8-busy-stacks', { slept: true, idle: false });
/** All of the time: where nothing ran, `(idle)`. */
export const v8WallStacksFact = v8Stacks('v8-wall-stacks', { slept: true, idle: true });

function sampled(run: Run, read: FactReader, profiles: readonly CpuProfile[], { slept, idle }: Kept): SampledStacks {
  const nameOf = threadNames(run, read);
  const samples = profiles.flatMap((profile) => samplesOf(profile, nameOf(profile.pid ?? 0, profile.tid ?? 0), idle));
  if (samples.length === 0) throw new NoData('the CPU profile holds no sample on a CPU');
  return {
    source: 'v8', unit: slept ? 'wall' : 'cpu', window: 'profile', samples,
    watched: { startNs: Math.min(...profiles.map((p) => p.startNs)), endNs: Math.max(...profiles.map((p) => p.endNs)) },
  };
}

function samplesOf(profile: CpuProfile, thread: string, idle: boolean): StackSample[] {
  const framesOf = stacksByNode(profile.nodes);
  const onGc = new Map<readonly StackFrame[], readonly StackFrame[]>();
  let before: readonly StackFrame[] = [];
  return profile.samples.flatMap(({ startNs, endNs, node }): StackSample[] => {
    const stack = framesOf(node);
    const leaf = stack?.at(-1);
    if (!stack || !leaf || endNs <= startNs || (leaf.kind === 'idle' && !idle)) {
      before = [];
      return [];
    }
    let frames = stack;
    // V8 hangs the collector below the root; it runs on top of whoever ran before it, as DevTools shows it too.
    if (leaf.kind === 'gc') {
      frames = onGc.get(before) ?? [...before, leaf];
      onGc.set(before, frames);
    } else before = leaf.kind === 'idle' ? [] : stack;
    return [{ pid: profile.pid ?? 0, tid: profile.tid ?? 0, thread, frames, startNs, endNs, weightNs: endNs - startNs }];
  });
}

/** Root first, without V8's own root; null for what is whyslow's. */
function stacksByNode(nodes: readonly ProfileNode[]): (index: number) => readonly StackFrame[] | null {
  const frames = nodes.map(({ frame }): StackFrame => ({
    name: frame.name, file: frame.file, line: frame.line, kind: frame.file === null && frame.name === '(idle)' ? 'idle' : frame.kind,
  }));
  const known = new Map<number, readonly StackFrame[] | null>();
  return (index) => {
    const found = known.get(index);
    if (found !== undefined) return found;
    const path: StackFrame[] = [];
    let own = false;
    for (let at = index, node = nodes[at]; node !== undefined && node.parent >= 0; at = node.parent, node = nodes[at]) {
      own ||= node.frame.package === OWN_PACKAGE;
      path.push(frames[at] as StackFrame);
    }
    const stack = own || path.length === 0 ? null : path.reverse();
    known.set(index, stack);
    return stack;
  };
}
