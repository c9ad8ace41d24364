import type { Report } from '../types.js';
import { cutMiddle, safeValue } from './safe-text.js';
import { failedPaths } from './sections/failed-paths.js';
import { header } from './sections/header.js';
import { hotFunctions } from './sections/hot-functions.js';
import { load } from './sections/load.js';
import { loopAndGc } from './sections/loop-and-gc.js';
import { notSeen } from './sections/not-seen.js';
import { overTime } from './sections/over-time.js';
import { otherFindings } from './sections/other-findings.js';
import { ownCost } from './sections/own-cost.js';
import { requestTime } from './sections/request-time.js';
import { ruledOut } from './sections/ruled-out.js';
import { secondOpinion } from './sections/second-opinion.js';
import type { Section } from './sections/section.js';
import { startupServing } from './sections/startup-serving.js';
import { syscalls } from './sections/syscalls.js';
import { threadTime } from './sections/thread-time.js';
import { threads } from './sections/threads.js';
import { verdict } from './sections/verdict.js';
import { whatToDo } from './sections/what-to-do.js';
import { makeStyle, type RenderOptions, type Style } from './style.js';

/** From what must be read to what can be looked up. */
const SECTIONS: [heading: string, section: Section][] = [
  ['WHAT TO DO', whatToDo],
  ["WHERE ONE REQUEST'S TIME GOES", requestTime],
  ["WHERE THE SERVING THREAD'S TIME GOES", threadTime],
  ['ALSO FOUND', otherFindings],
  ['SECOND OPINION', secondOpinion],
  ['SYSCALLS PER REQUEST', syscalls],
  ['FAILING PATHS', failedPaths],
  ['EVENT LOOP & GC', loopAndGc],
  ['HOT FUNCTIONS', hotFunctions],
  ['STARTUP vs SERVING', startupServing],
  ['LOAD', load],
  ['OVER TIME', overTime],
  ['THREADS', threads],
  ['RULED OUT', ruledOut],
  ['NOT SEEN', notSeen],
  ['OWN COST', ownCost],
];

/** The report for a terminal: lines of at most `width` columns, newline at the end. Safe to print whatever the target is called. */
export function renderTerminal(report: Report, options: RenderOptions): string {
  const style = makeStyle(options);
  // Here and only here: no section can forget it.
  const safe = safeValue(report, { unicode: style.unicode });
  const lines = [...header(safe, style), '', ...verdict(safe, style)];
  for (const [heading, section] of SECTIONS) {
    const block = section(safe, style);
    if (block === null || block.lines.length === 0) continue;
    const title = block.heading ?? heading;
    lines.push('', style.heading(title) + asideOf(title, block.aside, style), ...block.lines);
  }
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

function asideOf(title: string, aside: string | undefined, style: Style): string {
  return aside === undefined ? '' : style.dim(`  ${cutMiddle(aside, style.width - title.length - 2, style.unicode)}`);
}
