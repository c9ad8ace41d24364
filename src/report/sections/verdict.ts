import type { Cost, Finding, Report } from '../../types.js';
import { percent, time } from '../numbers.js';
import type { Style } from '../style.js';
import { flow, wrap, wrapHanging } from '../wrap.js';
import { limitOf } from './limit.js';

/** The answer: title, the sentence with the numbers, cost and confidence. The edge at its left makes it the first thing seen. */
export function verdict(report: Report, style: Style): string[] {
  const { id, title, summary, confidence, cost } = report.verdict;
  const columns = style.width - 2;
  const edge = edgePaint(report, style)(style.edge);
  const finding = report.findings.find((one) => one.id === id);
  // What the load costs is no cost of the server.
  const price = finding?.kind === 'load' ? null : costText(cost, style);
  const proof = (finding?.evidence ?? []).slice(0, PROOFS_SHOWN);
  const small = [...(price === null ? [] : [`costs ${price}`]), `confidence: ${confidenceText(confidence)}`, id];
  const limit = id === 'healthy' ? limitOf(report) : null;
  const lines = [
    ...wrap(title, columns).map(style.bold),
    ...wrap(summary, columns),
    ...proof.flatMap(({ text }) => wrapHanging(`  ${style.bullet} `, text, columns)),
    ...(limit === null ? [] : wrap(`The limit now: ${limit}`, columns)),
    ...flow(small, style.dot, columns).map(style.dim),
  ];
  return [...lines.map((line) => `${edge} ${line}`), ...doubts(report, style)];
}

/** Evidence beyond this many lines is for the JSON. */
const PROOFS_SHOWN = 6;

function edgePaint({ verdict: { id }, findings }: Report, style: Style): (text: string) => string {
  const kind = findings.find((finding) => finding.id === id)?.kind;
  if (kind === 'load' || id === 'unknown') return style.warn;
  return kind === 'cause' ? style.bad : style.good;
}

/** What makes every figure below worth less; said before any of them. */
function doubts({ findings, interrupted }: Report, style: Style): string[] {
  const doubted = findings.filter(({ kind }) => kind === 'load').map(({ id }) => id);
  const texts = [
    ...(doubted.length === 0 ? [] : [`The numbers below are in doubt (${doubted.join(', ')}): they measure the load as much as the server. Mend that first, then measure again.`]),
    ...(interrupted === null ? [] : [`The run ended early: ${interrupted}. The numbers cover what was seen until then.`]),
  ];
  return texts.flatMap((text) => ['', ...wrapHanging('! ', text, style.width).map(style.warn)]);
}

/** `92%, 40.1 ms a request`; null where a finding has no price. */
export function costText({ share, msPerRequest }: Cost, style: Pick<Style, 'unicode'>): string | null {
  const parts = [
    ...(share > 0 ? [percent(share)] : []),
    ...(msPerRequest !== null && msPerRequest > 0 ? [`${time(msPerRequest, style.unicode)} a request`] : []),
  ];
  return parts.length === 0 ? null : parts.join(', ');
}

/** From what share of certainty a word holds. */
const CONFIDENCE: [atLeast: number, word: string][] = [[0.85, 'high'], [0.6, 'fair'], [0.35, 'low'], [0, 'a guess']];

export function confidenceText(confidence: Finding['confidence']): string {
  const word = CONFIDENCE.find(([atLeast]) => confidence >= atLeast)?.[1] ?? 'a guess';
  return `${word} (${confidence.toFixed(2)})`;
}
