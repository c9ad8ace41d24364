import type { Report, ThreadUse } from '../../types.js';
import { percent, plural } from '../numbers.js';
import { cutMiddle } from '../safe-text.js';
import type { Style } from '../style.js';
import { table } from '../table.js';
import { wrapHanging } from '../wrap.js';
import { dimLines } from './dim-lines.js';
import { ledgerLabel } from './ledger-label.js';
import type { Section } from './section.js';
import { busiestThread, idleShare } from './thread-time.js';

const SHOWN = 6;
const WAITS_SHOWN = 2;
const PARTS_SHOWN = 4;
const TARGET_WIDTH = 24;
const LEAST_SHARE = 0.005;
/** A thread that idles more than this has no ledger worth a line. */
const IDLES_SHARE = 0.95;

/** The threads that serve, and those that work for them; the rest in one line. */
export const threads: Section = (report, style) => {
  const atWork = report.threads.filter(({ role }) => role !== 'helper').toSorted((a, b) => b.cpuShare - a.cpuShare);
  const shown = atWork.slice(0, SHOWN);
  if (shown.length === 0) return null;
  const right = { align: 'right' as const };
  const columns = [
    { head: 'thread' }, { head: 'CPU', ...right }, { head: 'user', ...right, optional: true }, { head: 'system', ...right, optional: true },
    { head: 'run queue', ...right, optional: true }, { head: 'where it stood' },
  ];
  const rows = shown.map((thread) => [
    `${thread.name} (${thread.tid})${thread.role === 'worker' ? ' worker' : ''}`,
    percent(thread.cpuShare), percent(thread.userShare), percent(thread.systemShare), percent(thread.runQueueShare), waitsText(thread),
  ]);
  const rest = [...atWork.slice(SHOWN), ...report.threads.filter(({ role }) => role === 'helper')];
  return {
    aside: 'shares of one core',
    lines: [...table(columns, rows, style), ...restLine(rest, style), ...ledgerLines(report, style)],
  };
};

/** `epoll_wait 61%, futex 30%` */
export function waitsText({ waits }: ThreadUse): string {
  return waits.toSorted((a, b) => b.share - a.share).filter(({ share }) => share >= LEAST_SHARE).slice(0, WAITS_SHOWN)
    .map((wait) => `${wait.in}${target(wait)} ${percent(wait.share)}`)
    .join(', ');
}

/** What it waited for, else the number of the file descriptor: an event's name says no more than that. */
function target({ fd, on }: ThreadUse['waits'][number]): string {
  if (on && on.kind !== 'event') return ` ${cutMiddle(on.name, TARGET_WIDTH)}`;
  return fd === null ? '' : ` fd ${fd}`;
}

function restLine(rest: ThreadUse[], style: Style): string[] {
  if (rest.length === 0) return [];
  const cpu = rest.reduce((sum, { cpuShare }) => sum + cpuShare, 0);
  return dimLines(`and ${plural(rest.length, 'thread')} more: ${percent(cpu)} of a core`, style);
}

/** The ledgers of the other threads, one line each; that of the busiest has a section of its own. */
function ledgerLines(report: Report, style: Style): string[] {
  const others = (report.ledger?.threads ?? []).filter((thread) => thread !== busiestThread(report) && idleShare(thread) <= IDLES_SHARE);
  return others.slice(0, SHOWN).flatMap(({ name, tid, parts, unaccountedShare }) => {
    const big = parts.filter(({ share }) => share >= LEAST_SHARE).slice(0, PARTS_SHOWN);
    const rest = parts.filter((part) => !big.includes(part)).reduce((sum, { share }) => sum + share, 0);
    const items = [
      ...big.map((part) => `${ledgerLabel(part)} ${percent(part.share)}`),
      ...(rest > 0 ? [`other ${percent(rest)}`] : []),
      `unaccounted ${percent(unaccountedShare)}`,
    ];
    return wrapHanging(`  wall time of ${cutMiddle(name, 16, style.unicode)} (${tid}): `, items.join(', '), style.width);
  });
}
