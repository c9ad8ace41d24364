import type { FactReader, RequestsFact, StackFrame, StackProfile, WeightedStack } from '../types.js';
import { requestsBetween, requestsFact } from './requests.js';
import { weightWithin, type SampledStacks, type Span, type StackSample } from './stack-samples.js';

/** What is left of a source: whose samples, and of those which times. */
export interface StackCut {
  window: StackProfile['window'];
  /** When somebody watched, and that was asked for. */
  watched: readonly Span[];
  /** Where samples of a thread count; null: of this thread nothing. */
  spansOf(tid: number): readonly Span[] | null;
  merge: Pick<WeightedStack, 'pid' | 'tid' | 'thread'> | null;
}

/** Samples of one source, cut and folded: one entry a distinct stack of a thread. */
export function stackProfile(sampled: SampledStacks, cut: StackCut, read: FactReader): StackProfile {
  const requests = read(requestsFact);
  return {
    unit: sampled.unit, source: sampled.source, window: cut.window,
    durationNs: cut.watched.reduce((ns, s) => ns + s.endNs - s.startNs, 0),
    requests: requests.ok ? answered(requests.value, cut.watched) : null,
    stacks: folded(sampled.samples, cut),
  };
}

/** Nothing that counts requests as they come back: unknown, not none. */
function answered(requests: RequestsFact, spans: readonly Span[]): number | null {
  if (requests.slices.length === 0) return null;
  return Math.round(spans.reduce((sum, { startNs, endNs }) => sum + requestsBetween(requests, startNs, endNs), 0));
}

function folded(samples: readonly StackSample[], { spansOf, merge }: StackCut): WeightedStack[] {
  const idOf = stackIds();
  const stacks = new Map<string, { -readonly [K in keyof WeightedStack]: WeightedStack[K] }>();
  for (const sample of samples) {
    const spans = spansOf(sample.tid);
    const weightNs = spans ? weightWithin(sample, spans) : 0;
    if (weightNs <= 0) continue;
    const key = `${merge ? '' : String(sample.tid)} ${String(idOf(sample.frames))}`;
    const found = stacks.get(key);
    if (found) {
      found.weightNs += weightNs;
      found.samples += sample.count ?? 1;
    } else {
      const { pid, tid, thread, frames } = sample;
      stacks.set(key, { frames, weightNs, samples: sample.count ?? 1, ...(merge ?? { pid, tid, thread }) });
    }
  }
  return [...stacks.values()].sort((a, b) => b.weightNs - a.weightNs);
}

/** The same number for stacks that read the same. Walks a tree, so that a stack of a thousand frames makes no long key. */
function stackIds(): (frames: readonly StackFrame[]) => number {
  interface Node { id: number; next: Map<string, Node> }
  let last = 0;
  const root: Node = { id: 0, next: new Map() };
  const known = new Map<readonly StackFrame[], number>();
  const keys = new Map<StackFrame, string>();
  const keyOf = (frame: StackFrame): string => {
    let key = keys.get(frame);
    if (key === undefined) keys.set(frame, (key = `${frame.kind}\0${frame.name}\0${frame.file ?? ''}\0${String(frame.line)}\0${frame.tier ?? ''}`));
    return key;
  };
  return (frames) => {
    const seen = known.get(frames);
    if (seen !== undefined) return seen;
    let at = root;
    for (const frame of frames) {
      const key = keyOf(frame);
      let next = at.next.get(key);
      if (!next) at.next.set(key, (next = { id: (last += 1), next: new Map() }));
      at = next;
    }
    known.set(frames, at.id);
    return at.id;
  };
}

/** What a merged profile is called. */
export const mergedThread = (pid: number): NonNullable<StackCut['merge']> => ({ pid, tid: null, thread: 'all threads' });
