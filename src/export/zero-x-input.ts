/**
 * Stacks in the two forms that 0x draws: a V8 CPU profile, and perf's text. Its page writes names into a script and
 * into HTML as they are (lib/render.js; d3-fg, `.html(label)`), so nothing that means something there may be in one.
 * https://github.com/davidmarkclements/0x
 */
import type { StackFrame, StackProfile } from '../types.js';
import { flameTree, type FlameNode } from './flame-tree.js';
import { plainText } from './frame-text.js';

export interface ZeroXInput {
  /** Of the file: 0x knows the form by it. */
  name: string;
  content: string;
  /** Which of 0x's options takes it. */
  option: 'visualizeCpuProfile' | 'visualizeOnly';
}

const LOOKALIKES: Record<string, string> = { '<': '‹', '>': '›', '&': '＆' };

const harmless = (text: string): string => plainText(text).replace(/[<>&]/g, (char) => LOOKALIKES[char] ?? char);

/** perf's stacks as perf's text; whatever else as a CPU profile. */
export const zeroXInput = (profile: StackProfile): ZeroXInput => (profile.source === 'perf'
  ? { name: 'stacks.1.out', content: perfText(profile), option: 'visualizeOnly' }
  : { name: 'flamegraph.cpuprofile', content: cpuProfile(profile), option: 'visualizeCpuProfile' });

/**
 *   node 7 1.0: 1 cpu-clock:
 *           0 handle /srv/app.js:10 (js)
 *           0 node::Start (node)
 */
function perfText({ stacks }: StackProfile): string {
  const line = (frame: StackFrame): string => {
    const place = frame.file === null || frame.kind !== 'js' ? '' : ` ${frame.file}:${frame.line ?? 1}`;
    // What follows a blank and a bracket is read as the file.
    return `\t0 ${harmless(`${frame.name}${place}`).replace(/ \(/g, '\u00a0(') || '?'} (${frame.kind})\n`;
  };
  return stacks.map(({ frames, samples }) => {
    const text = `node 1 1.0: 1 cpu-clock:\n${frames.map(line).reverse().join('')}\n`;
    return frames.length === 0 ? '' : text.repeat(Math.max(1, samples));
  }).join('');
}

const NS_PER_US = 1000;

interface ProfileNode { id: number; hitCount: number; children: number[]; callFrame: { functionName: string; url: string; lineNumber: number; columnNumber: number; scriptId: string } }

/** Hits are microseconds: the samples of one profile need not weigh the same. */
function cpuProfile(profile: StackProfile): string {
  const nodes: ProfileNode[] = [];
  const add = ({ frame, selfNs }: FlameNode, isRoot: boolean): ProfileNode => {
    // 0x takes a leaf in brackets, as (idle), for nothing that matters.
    const name = isRoot ? '(root)' : harmless(frame.name).replace(/^\((.*)\)$/, '$1');
    const node = {
      id: nodes.length + 1, hitCount: Math.round(selfNs / NS_PER_US), children: [],
      callFrame: { functionName: name, url: harmless(frame.file ?? ''), lineNumber: frame.line ?? 0, columnNumber: 0, scriptId: '0' },
    };
    nodes.push(node);
    return node;
  };
  const root = flameTree(profile);
  const open: [FlameNode, ProfileNode][] = [[root, add(root, true)]];
  for (let next = open.pop(); next; next = open.pop()) {
    const [from, to] = next;
    for (const child of from.children) {
      const made = add(child, false);
      to.children.push(made.id);
      open.push([child, made]);
    }
  }
  return JSON.stringify({ nodes, startTime: 0, endTime: Math.round(profile.durationNs / NS_PER_US), samples: [], timeDeltas: [] });
}
