import type { Report, Trend } from '../../types.js';
import { count, percent } from '../numbers.js';
import { cutMiddle } from '../safe-text.js';
import type { Style } from '../style.js';
import { wrapHanging } from '../wrap.js';
import type { Section } from './section.js';

const SHOWN = 5;
/** Of its limit: nearer than this a process is worth a line. */
const NEAR_LIMIT = 0.7;

/** What moved while the load ran, what only ever grew, and which limits are near: tomorrow's causes, if not today's. */
export const overTime: Section = (report, style) => ({
  lines: [...report.trends.slice(0, SHOWN).flatMap((trend) => trendLines(trend, style)), ...limitLines(report, style)],
});

function trendLines({ what, pid, comm, unit, first, last, perS, per1000Requests, grows }: Trend, style: Style): string[] {
  const sign = perS < 0 ? '-' : '+';
  const rates = [`${sign}${figure(Math.abs(perS))} a second`, ...(per1000Requests === null ? [] : [`${sign}${figure(Math.abs(per1000Requests))} for 1,000 requests`])];
  const what0 = unit === 'MB' ? `${what}, MB` : what;
  const text = `${what0}: ${figure(first)} to ${figure(last)} (${rates.join(', ')})${grows ? ', growing all the while: a leak, or a cache that fills' : ''}`;
  return wrapHanging(`  ${cutMiddle(comm, 16, style.unicode)} (${pid})  `, text, style.width).map((line) => (grows ? style.warn(line) : line));
}

function limitLines({ limits }: Report, style: Style): string[] {
  const near = (limits?.openFiles ?? []).filter(({ most, soft }) => most >= NEAR_LIMIT * soft);
  return near.slice(0, 2).flatMap(({ pid, comm, most, soft }) =>
    wrapHanging(`  ${cutMiddle(comm, 16, style.unicode)} (${pid})  `, `${count(most)} of ${count(soft)} file descriptors in use (${percent(most / soft)})`, style.width));
}

const figure = (value: number): string => (Number.isInteger(value) ? count(value) : value < 10 ? value.toFixed(1) : count(Math.round(value)));
