/** The nodes of flame-data.ts unpacked into the tree that d3-flame-graph draws. */
import type { FlameData } from '../flame-data.js';

export interface FlameItem {
  /** Name, value and children, as d3-flame-graph calls them. */
  n: string;
  v: number;
  c: FlameItem[];
  /** Index into `frames`. */
  frame: number;
  selfUs: number;
  totalUs: number;
  otherTotalUs: number;
}

export function unpack({ nodes, frames, diff }: FlameData): FlameItem {
  const stride = diff ? 4 : 3;
  const path: FlameItem[] = [];
  const parents: (FlameItem | null)[] = [];
  const all: FlameItem[] = [];
  for (let at = 0; at < nodes.length; at += stride) {
    const depth = nodes[at] ?? 0;
    const frame = nodes[at + 1] ?? 0;
    const selfUs = nodes[at + 2] ?? 0;
    const item: FlameItem = { n: frames[frame]?.[0] ?? '', v: 0, c: [], frame, selfUs, totalUs: selfUs, otherTotalUs: diff ? nodes[at + 3] ?? 0 : 0 };
    path[depth] = item;
    const parent = depth > 0 ? path[depth - 1] ?? null : null;
    parent?.c.push(item);
    parents.push(parent);
    all.push(item);
  }
  // Children stand after their parents: from the end, every sum is whole before it is passed on.
  for (let at = all.length - 1; at >= 0; at--) {
    const [item, parent] = [all[at], parents[at]];
    if (!item) continue;
    item.v = item.totalUs;
    if (!parent) continue;
    parent.totalUs += item.totalUs;
    parent.otherTotalUs += item.otherTotalUs;
  }
  const [root] = all;
  if (!root) throw new Error('the flame graph has no root');
  return root;
}
