import { wrapHanging } from '../wrap.js';
import type { Section } from './section.js';

const MEANS: Record<string, string> = {
  none: 'no issue', io: 'I/O issue', 'event-loop': 'event-loop issue', gc: 'garbage-collection issue', data: 'not enough data', unknown: 'unknown issue',
};

/** Clinic Doctor beside us, and why they differ. */
export const secondOpinion: Section = ({ secondOpinion: other, verdict }, style) => {
  if (other === undefined) return null;
  if (other.category === null) return { lines: wrapHanging('  ', `none: ${other.why}`, style.width) };
  const conspicuous = other.issues.length === 0 ? '' : `; stood out: ${other.issues.join(', ')}`;
  const lines = [
    `Clinic Doctor: ${MEANS[other.category] ?? other.category} (${other.category})${conspicuous}`,
    `whyslow: ${verdict.title} (${verdict.id})`,
    `${other.agrees === true ? 'they agree' : other.agrees === false ? 'they differ' : 'no answer to compare with'}: ${other.why}`,
  ];
  return { aside: `@clinic/doctor ${other.version ?? ''} on ${other.samples} samples of the clean windows`, lines: lines.flatMap((line) => wrapHanging('  ', line, style.width)) };
};
