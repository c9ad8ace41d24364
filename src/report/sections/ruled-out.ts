import { wrapHanging } from '../wrap.js';
import type { Section } from './section.js';

export const ruledOut: Section = ({ ruledOut: all }, style) => {
  const columns = Math.max(0, ...all.map(({ id }) => id.length));
  return { lines: all.flatMap(({ id, why }) => wrapHanging(`  ${id.padEnd(columns)}  `, why, style.width)) };
};
