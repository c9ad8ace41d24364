import type { FailedPath } from '../../types.js';
import { count, perRequest, plural } from '../numbers.js';
import type { Style } from '../style.js';
import { table } from '../table.js';
import { dimLines } from './dim-lines.js';
import type { Section } from './section.js';

const SHOWN = 8;

/** Lookups that fail while serving, one a line; those of the startup in one line, since they cost no request anything. */
export const failedPaths: Section = ({ failedPaths: all }, style) => {
  const serving = all.filter(({ phase }) => phase === 'serving').toSorted((a, b) => b.calls - a.calls);
  const startup = all.filter(({ phase }) => phase === 'startup');
  if (all.length === 0) return null;
  const shown = serving.slice(0, SHOWN);
  const counted = serving.some((path) => path.perRequest !== null);
  const rows = shown.map((path) => [
    path.perRequest === null ? count(path.calls) : perRequest(path.perRequest),
    path.errno, path.syscall, path.path + (path.truncated ? (style.unicode ? ' … (cut)' : ' ... (cut)') : ''),
  ]);
  const columns = [{ head: counted ? 'a request' : 'calls', align: 'right' as const }, { head: 'error' }, { head: 'syscall' }, { head: 'path' }];
  const rest = serving.length - shown.length;
  return {
    lines: [
      ...(rows.length === 0 ? ['  none while serving'] : table(columns, rows, style)),
      ...(rest > 0 ? dimLines(`and ${plural(rest, 'path')} more`, style) : []),
      ...startupLine(startup, style),
    ],
  };
};

function startupLine(startup: FailedPath[], style: Style): string[] {
  if (startup.length === 0) return [];
  const calls = startup.reduce((sum, path) => sum + path.calls, 0);
  return dimLines(`at startup: ${plural(calls, 'failed lookup')} of ${plural(startup.length, 'path')}; no request pays for them`, style);
}
