/**
 * V8's .cpuprofile, as DevTools, VS Code and speedscope open it: a tree of calls and one sample a stack, as long as all its
 * time together. The order of time is gone; stacks stand side by side with what they share, as in a flame graph.
 * https://chromedevtools.github.io/devtools-protocol/v8/Profiler/#type-Profile
 */
import type { StackFrame, StackProfile } from '../types.js';
import { plainText, threadLabel } from './frame-text.js';

interface CallNode {
  id: number;
  callFrame: { functionName: string; scriptId: string; url: string; lineNumber: number; columnNumber: number };
  hitCount: number;
  children: number[];
}
interface Branch { node: CallNode; next: Map<string, Branch>; us: number }

export function cpuprofile({ stacks }: StackProfile): string {
  const nodes: CallNode[] = [];
  const branch = (name: string, file: string | null = null, line: number | null = null): Branch => {
    const callFrame = { functionName: name, scriptId: '0', url: file ?? '', lineNumber: line === null ? -1 : line - 1, columnNumber: -1 };
    const node: CallNode = { id: nodes.length + 1, callFrame, hitCount: 0, children: [] };
    nodes.push(node);
    return { node, next: new Map(), us: 0 };
  };
  const into = (at: Branch, name: string, file: string | null, line: number | null): Branch => {
    const key = `${name}\0${file ?? ''}\0${String(line)}`;
    let next = at.next.get(key);
    if (!next) {
      at.next.set(key, (next = branch(name, file, line)));
      at.node.children.push(next.node.id);
    }
    return next;
  };
  const texts = new Map<StackFrame, [string, string | null]>();
  const textsOf = (frame: StackFrame): [string, string | null] => {
    let found = texts.get(frame);
    if (!found) texts.set(frame, (found = [plainText(frame.name) || '(anonymous)', frame.file === null ? null : plainText(frame.file)]));
    return found;
  };

  const root = branch('(root)');
  const several = new Set(stacks.map((s) => s.tid)).size > 1;
  for (const stack of stacks) {
    let at = several ? into(root, threadLabel(stack), null, null) : root;
    for (const frame of stack.frames) at = into(at, ...textsOf(frame), frame.line);
    at.us += stack.weightNs / 1e3;
    at.node.hitCount += stack.samples;
  }
  const order = inOrder(root);
  const weights = order.map(({ us }) => Math.max(1, Math.round(us)));
  // A sample lasts until the next one: its weight is the delta of the one after it.
  return `${JSON.stringify({
    nodes, startTime: 0, endTime: weights.reduce((sum, us) => sum + us, 0),
    samples: order.map(({ node }) => node.id), timeDeltas: [0, ...weights.slice(0, -1)].slice(0, order.length),
  })}\n`;
}

/** Calls that have time of their own, each before what it calls; no recursion, for a stack may be deeper than ours. */
function inOrder(root: Branch): Branch[] {
  const [found, left]: [Branch[], Branch[]] = [[], [root]];
  for (let at = left.pop(); at; at = left.pop()) {
    if (at.us > 0) found.push(at);
    left.push(...[...at.next.values()].reverse());
  }
  return found;
}
