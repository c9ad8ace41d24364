/** A flame graph packed for the page that draws it (page/flame-graph.ts reads this form, and only this). */
import type { StackProfile } from '../types.js';
import { KIND_COLORS } from './flame-colors.js';
import { flameScale, type FlameScale } from './flame-scale.js';
import { flameTree, type FlameKind, type FlameNode } from './flame-tree.js';
import { plainText } from './frame-text.js';

/** The order of the legend. */
export const KINDS: readonly FlameKind[] = ['js', 'python', 'native', 'kernel', 'gc', 'syscall', 'idle', 'thread', 'folded'];

const TIERS = ['interpreted', 'baseline', 'optimized', 'inlined'] as const;

export interface FlameData {
  unit: StackProfile['unit'];
  scale: FlameScale;
  diff: boolean;
  kinds: readonly FlameKind[];
  /** By kind. */
  colors: readonly string[];
  tiers: readonly string[];
  files: string[];
  /** name, index of the kind, index of the file or -1, line or 0, index of the tier or -1 */
  frames: [name: string, kind: number, file: number, line: number, tier: number][];
  /**
   * Root first, each followed by its children: depth, index of the frame, self time in microseconds; with a diff also the other run's.
   * Times of whole subtrees are sums of these.
   */
  nodes: number[];
}

export interface FlameOptions {
  /** To compare with: red took longer than there, blue less. */
  other?: StackProfile | null;
  /** Frames with a smaller share of the whole become one beside their siblings: for pages that must stay small. Default 0: all are kept. */
  minShare?: number;
}

const NS_PER_US = 1000;

export function flameData(profile: StackProfile, { other = null, minShare = 0 }: FlameOptions): FlameData {
  const root = flameTree(profile, other);
  const data: FlameData = {
    unit: profile.unit, scale: flameScale(profile, other), diff: other !== null,
    kinds: KINDS, colors: KINDS.map((kind) => KIND_COLORS[kind]), tiers: TIERS, files: [], frames: [], nodes: [],
  };
  const frameIndex = indexer((node: FlameNode) => JSON.stringify([node.frame.name, node.frame.kind, node.frame.file, node.frame.line, node.frame.tier]), ({ frame }) => data.frames.push([
    plainText(frame.name), KINDS.indexOf(frame.kind), frame.file === null ? -1 : fileIndex(frame.file), frame.line ?? 0, frame.tier ? TIERS.indexOf(frame.tier) : -1,
  ]));
  const fileIndex = indexer((file: string) => file, (file) => data.files.push(plainText(file)));

  const least = (node: FlameNode): boolean => node.totalNs < minShare * root.totalNs && node.otherTotalNs <= minShare * root.otherTotalNs;
  const open: [FlameNode, number][] = [[root, 0]];
  for (let next = open.pop(); next; next = open.pop()) {
    const [node, depth] = next;
    data.nodes.push(depth, frameIndex(node), Math.round(node.selfNs / NS_PER_US));
    if (data.diff) data.nodes.push(Math.round(node.otherSelfNs / NS_PER_US));
    const children = minShare > 0 ? foldSmall(node.children, least) : node.children;
    for (let at = children.length - 1; at >= 0; at--) open.push([children[at] as FlameNode, depth + 1]);
  }
  return data;
}

/** The small ones as one frame, whose time is theirs: nothing is lost from the whole. */
function foldSmall(children: readonly FlameNode[], isSmall: (node: FlameNode) => boolean): readonly FlameNode[] {
  const small = children.filter(isSmall);
  if (small.length < 2) return children;
  const sum = (of: (node: FlameNode) => number): number => small.reduce((all, node) => all + of(node), 0);
  const totalNs = sum((node) => node.totalNs);
  const otherTotalNs = sum((node) => node.otherTotalNs);
  const frame = { name: `(${small.length} smaller ones)`, kind: 'folded' as const, file: null, line: null };
  return [...children.filter((node) => !isSmall(node)), { frame, selfNs: totalNs, totalNs, otherSelfNs: otherTotalNs, otherTotalNs, children: [] }];
}

/** Equal values get one index. */
function indexer<T>(keyOf: (value: T) => string, push: (value: T) => number): (value: T) => number {
  const known = new Map<string, number>();
  return (value) => {
    const key = keyOf(value);
    let at = known.get(key);
    if (at === undefined) known.set(key, at = push(value) - 1);
    return at;
  };
}
