/** A flame graph as an SVG file: no script, a title on every frame, for documents and for browsers that show pictures only. */
import type { StackProfile } from '../types.js';
import { diffColor, KIND_COLORS } from './flame-colors.js';
import { flameScale } from './flame-scale.js';
import { profileTitle } from './flame-title.js';
import { flameTree, type FlameNode } from './flame-tree.js';
import { timesInWords } from './flame-words.js';
import { plainText } from './frame-text.js';
import { markupText } from './markup.js';

const WIDTH_PX = 1200;
const MARGIN_PX = 10;
const ROW_PX = 17;
const HEAD_PX = 46;
/** Narrower frames cannot be seen, and would be most of the file. */
const LEAST_PX = 0.3;
/** Of the font below at 12 px. */
const CHAR_PX = 7.25;
const NS_PER_US = 1000;

interface Box { node: FlameNode; x: number; depth: number }

export function flameSvg(profile: StackProfile, { title: name = '', other = null }: { title?: string; other?: StackProfile | null } = {}): string {
  const root = flameTree(profile, other);
  const scale = flameScale(profile, other);
  const per = (ns: number, units: number): number => (units > 0 ? ns / units : 0);
  const whole = Math.max(per(root.totalNs, scale.units), per(root.otherTotalNs, scale.otherUnits));
  const pxPerNs = root.totalNs > 0 ? (WIDTH_PX - 2 * MARGIN_PX) / root.totalNs : 0;
  const boxes = layOut(root, pxPerNs);
  const heightPx = HEAD_PX + (Math.max(0, ...boxes.map(({ depth }) => depth)) + 1) * ROW_PX + MARGIN_PX;
  const { title, details } = profileTitle(profile, { title: name, other });

  const box = ({ node, x, depth }: Box): string => {
    const { frame, totalNs, selfNs, otherTotalNs } = node;
    const width = totalNs * pxPerNs;
    const y = heightPx - MARGIN_PX - (depth + 1) * ROW_PX;
    const fill = other ? diffColor(per(totalNs, scale.units), per(otherTotalNs, scale.otherUnits), whole) : KIND_COLORS[frame.kind];
    const times = timesInWords({ selfUs: selfNs / NS_PER_US, totalUs: totalNs / NS_PER_US, otherTotalUs: otherTotalNs / NS_PER_US, wholeUs: root.totalNs / NS_PER_US }, scale, other !== null);
    const place = frame.file === null ? '' : `${frame.file}${frame.line === null ? '' : `:${frame.line}`}`;
    return `<g><title>${[frame.name, place, frame.kind, ...times].filter(Boolean).map(markupText).join('\n')}</title>`
      + `<rect x="${x.toFixed(1)}" y="${y}" width="${Math.max(0.1, width - 0.5).toFixed(1)}" height="${ROW_PX - 1}" rx="1" fill="${fill}"/>${label(frame.name, x, y, width)}</g>`;
  };

  return `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH_PX}" height="${heightPx}" viewBox="0 0 ${WIDTH_PX} ${heightPx}" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="12">
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="${MARGIN_PX}" y="20" font-size="15">${markupText(title)}</text>
<text x="${MARGIN_PX}" y="37" fill="#5b626b">${markupText(details)}</text>
${boxes.map(box).join('\n')}
</svg>
`;
}

/** Frames that can be seen, the root first. */
function layOut(root: FlameNode, pxPerNs: number): Box[] {
  const boxes: Box[] = [];
  const open: Box[] = [{ node: root, x: MARGIN_PX, depth: 0 }];
  for (let box = open.pop(); box; box = open.pop()) {
    boxes.push(box);
    let { x } = box;
    for (const node of box.node.children) {
      if (node.totalNs * pxPerNs >= LEAST_PX) open.push({ node, x, depth: box.depth + 1 });
      x += node.totalNs * pxPerNs;
    }
  }
  return boxes;
}

function label(name: string, x: number, y: number, width: number): string {
  const room = Math.floor((width - 6) / CHAR_PX);
  if (room < 3) return '';
  const shown = [...plainText(name)];
  const text = shown.length > room ? `${shown.slice(0, room - 1).join('')}…` : shown.join('');
  return `<text x="${(x + 3).toFixed(1)}" y="${y + ROW_PX - 5}">${markupText(text)}</text>`;
}
