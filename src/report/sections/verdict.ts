import type { Cost, Finding, Report } from '../../types.js';
import { percent, time } from '../numbers.js';
import type { Style } from '../style.js';
import { flow, wrap, wrapHanging } from '../wrap.js';
import { limitOf } from './limit.js';

/** The answer: title, the sentence with the numbers, cost and confidence. The edge at its left makes it the first thing seen. */
export function verdict(report: Report, style: Style): string[] {
  const { id, title, summary, confidence, cost, closeSecond } = report.verdict;
  const columns = style.width - 2;
  const edge = edgePaint(report, style)(style.edge);
  const finding = report.findings.find((one) => one.id === id);
  // What the load costs is no cost of the server.
  const price = finding?.kind === 'load' ? null : costText(cost, style);
  const seen = finding?.evidence ?? [];
  const proof = seen.filter(({ speaks }) => speaks !== 'against').slice(0, PROOFS_SHOWN);
  const contra = seen.filter(({ speaks }) => speaks === 'against').slice(0, CONTRAS_SHOWN);
  const small = [...(price === null ? [] : [`costs ${price}`]), `confidence: ${confidenceText(confidence)}`, id];
  const limit = id === 'healthy' ? limitOf(report) : null;
  const lines = [
    ...wrap(title, columns).map(style.bold),
    ...wrap(summary, columns),
    ...proof.flatMap(({ text }) => wrapHanging(`  ${style.bullet} `, text, columns)),
    ...contra.flatMap(({ text }) => wrapHanging(`  ${style.bullet} against it: `, text, columns)),
    ...(limit === null ? [] : wrap(`The limit now: ${limit}`, columns)),
    ...flow(small, style.dot, columns).map(style.dim),
    ...(closeSecond === null ? [] : wrapHanging('close second: ', secondText(closeSecond, style), columns)),
  ];
  return [...lines.map((line) => `${edge} ${line}`), ...doubts(report, style)];
}

/** Evidence beyond this many lines is for the JSON. */
const PROOFS_SHOWN = 6;
const CONTRAS_SHOWN = 2;

function secondText({ id, title, cost }: NonNullable<Report['verdict']['closeSecond']>, style: Style): string {
  const price = costText(cost, style);
  return `${title} (${price === null ? '' : `${price}; `}${id})`;
}

function edgePaint({ verdict: { id }, findings }: Report, style: Style): (text: string) => string {
  const kind = findings.find((finding) => finding.id === id)?.kind;
  if (kind === 'load' || id === 'unknown') return style.warn;
  return kind === 'cause' ? style.bad : style.good;
}

/** What makes every figure below worth less; said before any of them. */
function doubts({ findings, interrupted }: Report, style: Style): string[] {
  const doubted = findings.filter(({ kind, follows }) => kind === 'load' && follows === undefined).map(({ id }) => id);
  const texts = [
    ...(doubted.length === 0 ? [] : [`The numbers below are in doubt (${doubted.join(', ')}): they measure the load as much as the server. Mend that first, then measure again.`]),
    ...(interrupted === null ? [] : [`The run ended early: ${interrupted}. The numbers cover what was seen until then.`]),
  ];
  return texts.flatMap((text) => ['', ...wrapHanging('! ', text, style.width).map(style.warn)]);
}

/** `92%, 40.1 ms a request`; null where a finding has no price. */
export function costText({ share, msPerRequest, tail }: Cost, style: Pick<Style, 'unicode'>): string | null {
  const parts = [
    ...(share > 0 ? [percent(share)] : []),
    ...(msPerRequest !== null && msPerRequest > 0 ? [`${time(msPerRequest, style.unicode)} a request`] : []),
    ...(tail && tail.ms > 0 ? [`${share < TAIL_ONLY ? 'mostly the tail: ' : ''}${percent(tail.share)} of the p99 (${time(tail.ms, style.unicode)})`] : []),
  ];
  return parts.length === 0 ? null : parts.join(', ');
}

/** Of the mean: what costs less than this there, and much of the p99, owns only the tail and says so. */
const TAIL_ONLY = 0.1;

/** From what share of certainty a word holds. */
const CONFIDENCE: [atLeast: number, word: string][] = [[0.85, 'high'], [0.6, 'fair'], [0.35, 'low'], [0, 'a guess']];

export function confidenceText(confidence: Finding['confidence']): string {
  const word = CONFIDENCE.find(([atLeast]) => confidence >= atLeast)?.[1] ?? 'a guess';
  return `${word} (${confidence.toFixed(2)})`;
}
