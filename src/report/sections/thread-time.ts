import type { LedgerThread, Report } from '../../types.js';
import { percent, span, time } from '../numbers.js';
import { barLines } from './bar-lines.js';
import { dimLines } from './dim-lines.js';
import { ledgerLabel } from './ledger-label.js';
import type { Section } from './section.js';

/** The ledger that closes: all of the busiest serving thread's wall time, what is unaccounted included. */
export const threadTime: Section = (report, style) => {
  const busiest = busiestThread(report);
  if (!busiest) return null;
  const parts = busiest.parts.map((part) => ({ label: ledgerLabel(part), figure: time(part.ns / 1e6, style.unicode), share: part.share }));
  return {
    aside: `${busiest.name} (${busiest.tid}), ${span(busiest.wallNs / 1e6, style.unicode)}`,
    lines: [...barLines(parts, style, style.plain), ...dimLines(`unaccounted: ${percent(busiest.unaccountedShare)}`, style)],
  };
};

/** Idle least of all. */
export function busiestThread({ ledger }: Report): LedgerThread | undefined {
  const idle = ({ parts }: LedgerThread): number => parts.find(({ state }) => state === 'idle')?.share ?? 0;
  return (ledger?.threads ?? []).toSorted((a, b) => idle(a) - idle(b))[0];
}
