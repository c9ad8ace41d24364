/**
 * Stacks merged from the root: what a flame graph draws. With a second profile, each frame holds both sides.
 *
 *   a;b;c 3        all 5            a frame is wide when time passed in it or below it;
 *   a;b   1   ->   a 5              siblings stand heaviest first.
 *   a;d   1        b 4     d 1
 *                  c 3
 */
import type { FrameKind, StackFrame, StackProfile, WeightedStack } from '../types.js';

/** `thread`: a thread's name over its stacks; `folded`: frames too small to be kept each on its own. */
export type FlameKind = FrameKind | 'thread' | 'folded';

export interface FlameFrame extends Omit<StackFrame, 'kind'> { kind: FlameKind }

export interface FlameNode {
  frame: FlameFrame;
  /** Without its children. */
  selfNs: number;
  totalNs: number;
  /** The same in the other profile of a diff; 0 without one. */
  otherSelfNs: number;
  otherTotalNs: number;
  /** Heaviest first. */
  children: FlameNode[];
}

/** Many functions of a file may have these names: only the line tells them apart. */
const NAMELESS = /^$|anonymous|<lambda>/;

/**
 * What makes two frames one. Lines are left out where the name says enough: samplers give the line that ran, which
 * would cut one hot function into many, and lines move between the two runs of a diff.
 */
const keyOf = ({ name, kind, file, line }: FlameFrame): string => `${kind}\0${name}\0${file ?? ''}${NAMELESS.test(name) ? `\0${line ?? ''}` : ''}`;

/** A node while stacks are still added to it. */
interface Growing extends FlameNode { byKey: Map<string, Growing>; children: Growing[] }

const grow = (frame: FlameFrame): Growing => ({ frame, selfNs: 0, totalNs: 0, otherSelfNs: 0, otherTotalNs: 0, children: [], byKey: new Map() });

function childOf(parent: Growing, frame: FlameFrame, keys: Map<FlameFrame, string>): Growing {
  let key = keys.get(frame);
  if (key === undefined) keys.set(frame, key = keyOf(frame));
  let child = parent.byKey.get(key);
  if (child === undefined) {
    child = grow(frame);
    parent.byKey.set(key, child);
    parent.children.push(child);
  }
  return child;
}

/** The tree of one profile, or of two. */
export function flameTree(profile: StackProfile, other: StackProfile | null = null): FlameNode {
  const root = grow({ name: 'all', kind: 'thread', file: null, line: null });
  const keys = new Map<FlameFrame, string>();
  const threadNames = threadNaming([profile, ...(other ? [other] : [])], other !== null);
  add(profile.stacks, 'selfNs', 'totalNs');
  if (other) add(other.stacks, 'otherSelfNs', 'otherTotalNs');
  sortAll(root);
  return root;

  function add(stacks: readonly WeightedStack[], self: 'selfNs' | 'otherSelfNs', total: 'totalNs' | 'otherTotalNs'): void {
    for (const stack of stacks) {
      let node = root;
      node[total] += stack.weightNs;
      const thread = threadNames(stack);
      if (thread) node = childOf(node, thread, keys);
      if (thread) node[total] += stack.weightNs;
      for (const frame of stack.frames) {
        node = childOf(node, frame, keys);
        node[total] += stack.weightNs;
      }
      node[self] += stack.weightNs;
    }
  }
}

/** A frame for each thread, where there are several; between two runs, threads are the same by their names. */
function threadNaming(profiles: readonly StackProfile[], byName: boolean): (stack: WeightedStack) => FlameFrame | null {
  const idOf = ({ pid, tid, thread }: WeightedStack): string => (byName ? thread : `${thread} (${tid === null || tid === pid ? pid : `${pid}/${tid}`})`);
  const frames = new Map<string, FlameFrame>();
  for (const stack of profiles.flatMap(({ stacks }) => stacks)) {
    const name = idOf(stack);
    if (!frames.has(name)) frames.set(name, { name, kind: 'thread', file: null, line: null });
  }
  return (stack) => (frames.size > 1 ? frames.get(idOf(stack)) ?? null : null);
}

function sortAll(root: Growing): void {
  const open = [root];
  for (let node = open.pop(); node; node = open.pop()) {
    node.byKey.clear();
    node.children.sort((a, b) => b.totalNs - a.totalNs || b.otherTotalNs - a.otherTotalNs);
    open.push(...node.children);
  }
}
