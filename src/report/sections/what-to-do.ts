import type { Report } from '../../types.js';
import { groupBy } from '../group-by.js';
import { wrapHanging } from '../wrap.js';
import type { Section } from './section.js';

/** Advice of the verdict, numbered. With `unknown`: what would tell more. */
export const whatToDo: Section = (report, style) => {
  const own = report.findings.find(({ id }) => id === report.verdict.id)?.advice ?? [];
  const unknown = report.verdict.id === 'unknown';
  const advice = unknown ? [...own, ...whatWouldTell(report)] : own;
  const lines = advice.flatMap((step, i) => wrapHanging(`  ${i + 1}. `, step, style.width));
  return unknown ? { heading: 'WHAT WOULD TELL MORE', lines } : { lines };
};

/** What could not be seen, by the way to see it. */
export function whatWouldTell({ notObserved }: Report): string[] {
  const ways = groupBy(notObserved.filter(({ enable }) => enable !== null), ({ enable }) => enable);
  return [...ways].map(([enable, items]) => `${enable} (shows: ${items.map(({ what }) => what).join(', ')})`);
}
