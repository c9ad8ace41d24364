import { parseSs } from '../parse/ss.js';
import { summarizeSs, type SsSummary } from '../parse/ss-summary.js';
import type { Fact } from '../types.js';
import { artifactsOf, loadSpan, missing } from './artifacts.js';

/** What `ss` saw of the served port under load. */
export const ssSummaryFact: Fact<SsSummary> = {
  name: 'ss-summary',
  compute(run) {
    const [artifact] = artifactsOf(run, 'ss');
    const span = loadSpan(run);
    const summary = artifact && span ? summarizeSs(parseSs(run.text(artifact)), span.startNs, span.endNs) : null;
    if (!summary || summary.looks === 0) throw missing(run, 'ss');
    return summary;
  },
};
