import type { SyscallUse } from '../../types.js';
import { count, perRequest, time } from '../numbers.js';
import { table, type Column } from '../table.js';
import { dimLines } from './dim-lines.js';
import type { Section } from './section.js';

const SHOWN = 8;
/** How non-blocking sockets say `later`: nothing to worry about. */
const ORDINARY = /^(EAGAIN|EINPROGRESS)\b/;
/** Rarer calls are housekeeping: no request pays for them. */
const LEAST_A_REQUEST = 0.005;
/** From this width on there is room for the quantiles of one call. */
const WIDE = 100;

/** The calls that take the most time while serving. Time is wall time: waits are in it. */
export const syscalls: Section = ({ syscalls: all }, style) => {
  const serving = all.filter(({ phase }) => phase === 'serving').toSorted((a, b) => b.timeNs - a.timeNs);
  if (serving.length === 0) return null;
  const counted = serving.some((use) => use.perRequest !== null);
  const shown = serving.filter((use) => use.perRequest === null || use.perRequest >= LEAST_A_REQUEST || hasErrors(use)).slice(0, SHOWN);
  const wide = style.width >= WIDE;
  const columns: Column[] = [
    { head: 'syscall' },
    { head: counted ? 'calls' : 'calls in all', align: 'right' },
    { head: counted ? 'time' : 'time in all', align: 'right' },
    { head: 'p50 a call', align: 'right', optional: true },
    ...(wide ? [{ head: 'p99', align: 'right', optional: true } as const] : []),
    { head: 'max', align: 'right', optional: true },
    { head: 'errors', paint: (text) => (ORDINARY.test(text) ? text : style.warn(text)) },
  ];
  const rows = shown.map((use) => {
    const each = use.perRequest === null || use.calls === 0 ? null : use.perRequest / use.calls;
    const of = (ns: number | null): string => (ns === null ? '' : time(ns / 1e6, style.unicode));
    return [
      use.name,
      each === null ? count(use.calls) : perRequest(use.perRequest ?? 0),
      of(use.timeNs * (each ?? 1)),
      of(use.p50Ns), ...(wide ? [of(use.p99Ns)] : []), of(use.maxNs),
      errorsText(use, each),
    ];
  });
  const rest = serving.length - shown.length;
  return {
    ...(counted ? {} : { heading: 'SYSCALLS WHILE SERVING' }),
    aside: 'by wall time, waits included',
    lines: [...table(columns, rows, style), ...(rest > 0 ? dimLines(`and ${rest} more with less time or hardly called`, style) : [])],
  };
};

const hasErrors = ({ errors }: SyscallUse): boolean => Object.values(errors).some((n) => n > 0);

/** `ENOENT 3.00, EAGAIN 0.10`, per request as the calls are. */
function errorsText({ errors }: SyscallUse, each: number | null): string {
  return Object.entries(errors)
    .filter(([, n]) => n > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([errno, n]) => `${errno} ${each === null ? count(n) : perRequest(n * each)}`)
    .join(', ');
}
