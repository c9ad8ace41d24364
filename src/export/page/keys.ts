/** Frames by keyboard: one of them is in the tab order, arrow keys move along the tree. */
import type { Placed } from 'd3-flame-graph';
import { select } from 'd3-selection';

export const nodeOf = (frame: Element): Placed => select(frame).datum<Placed>();

/** After every drawing: which frames there are has changed. */
export function label(chart: Element, words: (node: Placed) => string): Map<Placed, SVGGElement> {
  const frames = new Map<Placed, SVGGElement>();
  for (const frame of chart.querySelectorAll<SVGGElement>('g.frame')) {
    const node = nodeOf(frame);
    frames.set(node, frame);
    frame.setAttribute('role', 'button');
    frame.setAttribute('aria-label', words(node));
    if (!frame.hasAttribute('tabindex')) frame.setAttribute('tabindex', '-1');
  }
  if (!chart.querySelector('g.frame[tabindex="0"]')) chart.querySelector('g.frame')?.setAttribute('tabindex', '0');
  return frames;
}

/** Where an arrow key leads from `node`; null: nowhere. */
export function neighbour(node: Placed, key: string, shown: ReadonlyMap<Placed, SVGGElement>): SVGGElement | null {
  if (key === 'ArrowUp') return (node.parent && shown.get(node.parent)) ?? null;
  if (key === 'ArrowDown') return first(node.children ?? [], shown);
  const siblings = node.parent?.children ?? [];
  const at = siblings.indexOf(node);
  if (key === 'ArrowLeft') return first(siblings.slice(0, Math.max(0, at)).reverse(), shown);
  return key === 'ArrowRight' ? first(siblings.slice(at + 1), shown) : null;
}

function first(nodes: readonly Placed[], shown: ReadonlyMap<Placed, SVGGElement>): SVGGElement | null {
  for (const node of nodes) {
    const frame = shown.get(node);
    if (frame) return frame;
  }
  return null;
}
