import type { Report } from '../../types.js';
import type { Style } from '../style.js';

export interface Block {
  /** Instead of the usual heading. */
  heading?: string;
  /** Beside the heading, dim: unit, source, period. Short: it is not wrapped. */
  aside?: string;
  lines: string[];
}

/** Draws one part of a report whose strings are safe already; null where the report has nothing for it. */
export type Section = (report: Report, style: Style) => Block | null;
