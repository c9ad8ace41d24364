/**
 * @typedef {import('./fixtures.mjs').Expect} Expect
 * @typedef {{ kind: string, name: string, file?: string }} Culprit
 * @typedef {{ id: string, confidence: number, cost: { share: number }, culprit: Culprit | null }} Finding
 * @typedef {{ verdict: { id: string, confidence: number }, findings: Finding[] }} Report the parts of it that are judged
 *
 * right: the verdict is what is expected (one of several, where several are true).
 * defensible: it is one of the findings that may be there as well.
 * wrong: anything else.
 * @typedef {'right' | 'defensible' | 'wrong'} Mark
 *
 * @typedef {{ mark: Mark, said: string, confidence: number, share: number, culprit: boolean | null, named: string | null, forbidden: string[] }} Judgement
 * `culprit`: whether the verdict names what is expected; null where there is nothing to name.
 */

/** A finding below this is a hint, not a claim. */
const CLAIMED = 0.5;

/** @param {Expect['verdict']} verdict @returns {string[]} */
export const wanted = (verdict) => [verdict].flat();

/**
 * @param {Expect} expected
 * @param {Report} report
 * @returns {Judgement}
 */
export function judge(expected, { verdict, findings }) {
  const right = wanted(expected.verdict).includes(verdict.id);
  const first = findings.find(({ id }) => id === verdict.id);
  return {
    mark: right ? 'right' : expected.also.includes(verdict.id) ? 'defensible' : 'wrong',
    said: verdict.id,
    confidence: verdict.confidence,
    share: first?.cost.share ?? 0,
    culprit: expected.culprit ? right && names(expected.culprit, first?.culprit ?? null) : null,
    named: first?.culprit?.name ?? null,
    forbidden: findings.filter(({ id, confidence }) => confidence >= CLAIMED && expected.mustNot.includes(id)).map(({ id }) => id),
  };
}

/**
 * Whether the culprit that was found is the expected one: its name and file hold the expected text.
 * @param {NonNullable<Expect['culprit']>} expected
 * @param {Culprit | null} found
 */
function names(expected, found) {
  if (!found) return false;
  const text = `${found.name} ${found.file ?? ''}`;
  return [expected.name].flat().some((name) => text.includes(name)) && (expected.file === undefined || text.includes(expected.file));
}
