import { groupBy } from '../group-by.js';
import { wrapHanging } from '../wrap.js';
import type { Section } from './section.js';

/** What could not be observed; the way to enable it once, below all that it would bring. */
export const notSeen: Section = ({ notObserved }, style) => {
  const byWay = groupBy(notObserved, ({ enable }) => enable);
  return {
    lines: [...byWay].flatMap(([enable, items]) => [
      ...items.flatMap(({ what, why }) => wrapHanging('  ', `${what}: ${why}`, style.width)),
      ...(enable === null ? [] : wrapHanging(`    ${style.arrow} `, enable, style.width)),
    ]),
  };
};
