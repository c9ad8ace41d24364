import type { Report } from '../../types.js';
import { perRequest, span, whole } from '../numbers.js';
import { flow } from '../wrap.js';
import type { Section } from './section.js';

/** Two lines, so that nobody takes the startup's thousands for the requests' few. */
export const startupServing: Section = (report, style) => {
  const [startup, serving] = [counts(report, 'startup'), counts(report, 'serving')];
  const row = (name: string, items: string[]): string[] =>
    flow(items, style.dot, style.width - 11).map((line, i) => `  ${i === 0 ? name : '       '}  ${line}`);
  if (startup.length === 0 || serving.length === 0) return null;
  return {
    lines: [
      ...row('startup', [...startupTime(report, style.unicode), ...startup]),
      ...row('serving', serving),
    ],
  };
};

function startupTime({ phases }: Report, unicode: boolean): string[] {
  const ns = phases.filter(({ name }) => name === 'startup').reduce((sum, { startNs, endNs }) => sum + endNs - startNs, 0);
  return ns === 0 ? [] : [span(ns / 1e6, unicode)];
}

function counts({ syscalls, failedPaths }: Report, phase: 'startup' | 'serving'): string[] {
  const calls = syscalls.filter((use) => use.phase === phase);
  const failed = failedPaths.filter((path) => path.phase === phase);
  return [
    ...(calls.length === 0 ? [] : [total(calls, 'syscalls')]),
    // None in one phase says something only where lookups were watched at all.
    ...(failedPaths.length === 0 ? [] : [failed.length === 0 ? 'no failed lookups' : total(failed, 'failed lookups')]),
  ];
}

function total(items: { calls: number; perRequest: number | null }[], what: string): string {
  return items.every((item) => item.perRequest === null)
    ? `${whole(items.reduce((sum, { calls }) => sum + calls, 0))} ${what}`
    : `${perRequest(items.reduce((sum, item) => sum + (item.perRequest ?? 0), 0))} ${what} a request`;
}
