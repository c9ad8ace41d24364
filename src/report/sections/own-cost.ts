import { percent } from '../numbers.js';
import { wrapHanging } from '../wrap.js';
import type { Section } from './section.js';

/** What watching cost, measured in this run. */
export const ownCost: Section = ({ overhead, probes }, style) => {
  const ran = probes.filter(({ status }) => status === 'ok').map(({ id }) => id);
  const failed = probes.filter(({ status }) => status === 'failed');
  const lines = [
    ...(overhead === null ? [] : overheadTexts(overhead)),
    ...(ran.length === 0 ? [] : [`probes: ${ran.join(', ')}`]),
    ...failed.map(({ id, reason }) => `probe ${id} failed: ${reason ?? 'no reason given'}`),
  ];
  return { lines: lines.flatMap((line) => wrapHanging('  ', line, style.width)) };
};

function overheadTexts({ throughputRatio, byWindow, method }: { throughputRatio: number | null; byWindow: { name: string; ratio: number }[]; method: string }): string[] {
  const windows = byWindow.map(({ name, ratio }) => `${name} ${percent(ratio)}`).join(', ');
  if (throughputRatio === null) return [`not measured: ${method}`];
  return [
    `throughput with probes / without: ${percent(throughputRatio)} over the whole load${windows === '' ? '' : `; by window: ${windows}`}`,
    `method: ${method}`,
  ];
}
