import { span, time } from '../numbers.js';
import { barLines } from './bar-lines.js';
import type { Section } from './section.js';

/** Bars over one request's mean latency. */
export const requestTime: Section = ({ ledger }, style) => {
  const request = ledger?.request;
  if (!request) return null;
  const parts = request.parts.map(({ label, ms, share }) => ({ label, figure: time(ms, style.unicode), share }));
  return { aside: `${span(request.totalMs, style.unicode)}, the mean`, lines: barLines(parts, style, style.bad) };
};
