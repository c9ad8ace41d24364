import type { Finding } from '../../types.js';
import type { Style } from '../style.js';
import { flow, wrap, wrapHanging } from '../wrap.js';
import type { Section } from './section.js';
import { confidenceText, costText } from './verdict.js';

/** The other findings in their rank. Never dropped: the second cause is the next one to mend. */
export const otherFindings: Section = ({ findings, verdict }, style) => {
  const others = findings.filter(({ id }) => id !== verdict.id);
  return { lines: others.flatMap((finding, i) => [...(i === 0 ? [] : ['']), ...entry(finding, i + 2, style)]) };
};

function entry({ id, title, summary, confidence, cost, advice, kind, follows }: Finding, rank: number, style: Style): string[] {
  const note = kind === 'note' ? 'not why requests are slow' : costText(cost, style);
  const facts = [...(note === null ? [] : [kind === 'note' ? note : `costs ${note}`]), `confidence: ${confidenceText(confidence)}`, ...(follows === undefined ? [] : [`follows from ${follows}`]), id];
  const prefix = `  ${rank}. `;
  const inner = style.width - prefix.length;
  const under = ' '.repeat(prefix.length);
  const [first] = advice;
  return [
    ...wrapHanging(prefix, title, style.width).map((line) => (kind === 'cause' || kind === 'load' ? style.bold(line) : line)),
    ...wrap(summary, inner).map((line) => under + line),
    ...(first === undefined || kind === 'note' ? [] : wrapHanging(`${under}${style.arrow} `, first, style.width)),
    ...flow(facts, style.dot, inner).map((line) => under + style.dim(line)),
  ];
}
