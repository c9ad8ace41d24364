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

/** Of the serving threads (of all, where none is known) the one that idles least. */
export function busiestThread({ ledger, target }: Report): LedgerThread | undefined {
  const serving = new Set(target.serving.map(({ tid }) => tid));
  const threads = ledger?.threads ?? [];
  const known = threads.filter(({ tid }) => serving.has(tid));
  return (known.length > 0 ? known : threads).toSorted((a, b) => idleShare(a) - idleShare(b))[0];
}

export const idleShare = ({ parts }: LedgerThread): number =>
  parts.reduce((sum, { state, share }) => (state === 'idle' ? sum + share : sum), 0);
