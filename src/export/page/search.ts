/** Marks frames by name or file. The library's own search takes regular expressions and gives up on 100,000 hits. */
import type { Placed } from 'd3-flame-graph';
import type { FlameData } from '../flame-data.js';

export interface Found {
  frames: number;
  /** Time in or below a found frame; where one lies in another, it counts once. */
  us: number;
  widest: Placed | null;
}

/** An empty text finds nothing and unmarks everything. */
export function search(root: Placed, { frames, files }: FlameData, text: string): Found {
  const wanted = text.toLowerCase();
  const hits = frames.map(([name, , file]) => wanted !== '' && (name.toLowerCase().includes(wanted) || (files[file] ?? '').toLowerCase().includes(wanted)));
  const found: Found = { frames: 0, us: 0, widest: null };
  const open: [Placed, boolean][] = [[root, false]];
  for (let next = open.pop(); next; next = open.pop()) {
    const [node, inside] = next;
    const hit = hits[node.data.frame] === true;
    node.highlight = hit;
    if (hit) {
      found.frames += 1;
      if (!inside) found.us += node.data.v;
      if (!found.widest || node.data.v > found.widest.data.v) found.widest = node;
    }
    for (const child of node.children ?? []) open.push([child, inside || hit]);
  }
  return found;
}
