/**
 * @typedef {import('./judge.mjs').Judgement} Judgement
 * One run of one server; `failed` has the reason where it gave no report, `skipped` where it was not started.
 * @typedef {{ id: string, expected: string[], tookS: number, judgement: Judgement | null, failed: string | null, skipped: string | null }} Row
 *
 * @typedef {{ runs: number, right: number, defensible: number, wrong: number, failed: number, forbidden: number, skipped: number,
 *   culprits: { expected: number, named: number }, tookS: number }} Sums
 */

/** @param {Row[]} rows @returns {Sums} */
export function sumsOf(rows) {
  const ran = rows.filter(({ skipped }) => skipped === null);
  const judged = ran.flatMap(({ judgement }) => (judgement ? [judgement] : []));
  const marked = (/** @type {string} */ mark) => judged.filter((j) => j.mark === mark).length;
  const withCulprit = judged.filter(({ culprit }) => culprit !== null);
  return {
    runs: ran.length,
    right: marked('right'), defensible: marked('defensible'), wrong: marked('wrong'),
    failed: ran.filter(({ judgement }) => judgement === null).length,
    forbidden: judged.filter(({ forbidden }) => forbidden.length > 0).length,
    skipped: rows.length - ran.length,
    culprits: { expected: withCulprit.length, named: withCulprit.filter(({ culprit }) => culprit).length },
    tookS: rows.reduce((sum, { tookS }) => sum + tookS, 0),
  };
}

/** Something is wrong: a wrong verdict, a forbidden finding, or no report. @param {Sums} sums */
export const isWrong = ({ wrong, failed, forbidden }) => wrong + failed + forbidden > 0;

/**
 * By what was expected: how often it was said, and what was said instead. A server with several true verdicts stands
 * under the one that was said, or under its first.
 * @param {Row[]} rows
 * @returns {{ expected: string, runs: number, right: number, instead: { said: string, times: number, servers: string[] }[] }[]}
 */
export function confusionOf(rows) {
  /** @type {Map<string, Row[]>} */
  const groups = new Map();
  for (const row of rows.filter(({ skipped }) => skipped === null)) {
    const said = saidBy(row);
    const key = row.expected.includes(said) ? said : row.expected[0] ?? '';
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([expected, group]) => ({
    expected, runs: group.length,
    right: group.filter((row) => saidBy(row) === expected).length,
    instead: [...new Set(group.map(saidBy))].filter((said) => said !== expected).sort().map((said) => {
      const so = group.filter((row) => saidBy(row) === said);
      return { said, times: so.length, servers: [...new Set(so.map(({ id }) => id))] };
    }),
  }));
}

/** @param {Row} row */
const saidBy = ({ judgement }) => judgement?.said ?? 'no report';
