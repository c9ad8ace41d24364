import { confusionOf, sumsOf } from './sums.mjs';

/** @typedef {import('./sums.mjs').Row} Row */

const COLUMNS = [['server', 30], ['mark', 12], ['verdict', 30], ['sure', 6], ['cost', 6], ['culprit', 9], ['s', 5]];
const percent = (/** @type {number} */ share) => `${Math.round(share * 100)}%`;

/** @param {unknown[]} cells */
const line = (cells) => cells.map((cell, i) => String(cell).padEnd(Number(COLUMNS[i]?.[1] ?? 0))).join(' ').trimEnd();

export const head = () => line(COLUMNS.map(([name]) => name));

/** One run, as it is printed when it has ended. @param {Row} row */
export function rowLine({ id, expected, judgement, failed, skipped, tookS }) {
  if (skipped !== null) return line([id, 'skipped', skipped]);
  if (!judgement) return line([id, 'NO REPORT', failed, '', '', '', tookS.toFixed(0)]);
  const { mark, said, confidence, share, culprit, named, forbidden } = judgement;
  return [
    line([id, mark === 'wrong' ? 'WRONG' : mark, said, confidence.toFixed(2), percent(share), culprit === null ? '-' : culprit ? 'named' : 'MISSED', tookS.toFixed(0)]),
    ...(mark === 'right' ? [] : [`    expected ${expected.join(' or ')}`]),
    ...(culprit === false ? [`    named ${named ?? 'nothing'}`] : []),
    ...(forbidden.length === 0 ? [] : [`    FORBIDDEN ${forbidden.join(', ')}`]),
  ].join('\n');
}

/** @param {Row[]} rows */
export function sumLines(rows) {
  const { runs, right, defensible, wrong, failed, forbidden, skipped, culprits, tookS } = sumsOf(rows);
  const of = (/** @type {number} */ n) => `${n} (${runs === 0 ? '-' : percent(n / runs)})`;
  const confused = confusionOf(rows).flatMap(({ expected, instead }) => instead.map(({ said, times, servers }) => `  ${expected} -> ${said}: ${times} (${servers.join(', ')})`));
  return [
    '',
    `${runs} runs in ${Math.round(tookS)} s: right ${of(right)}, defensible ${of(defensible)}, wrong ${of(wrong)}, no report ${failed}; forbidden findings in ${forbidden}; skipped ${skipped}`,
    `culprit named in ${culprits.named} of ${culprits.expected}`,
    ...(confused.length === 0 ? [] : ['expected -> said', ...confused]),
  ].join('\n');
}
