import type { Diagnosis, Evidence, Finding, Gathered } from '../../types.js';

/** Shares and confidences stay in 0..1 whatever the arithmetic said; nothing is ever quite certain. */
const MOST_CONFIDENT = 0.98;

export const clamp = (value: number, least = 0, most = 1): number => Math.min(most, Math.max(least, value));

export const found = (finding: Finding): Diagnosis => ({
  kind: 'finding',
  finding: {
    ...finding,
    confidence: round(clamp(finding.confidence, 0, MOST_CONFIDENT)),
    cost: {
      share: round(clamp(finding.cost.share)),
      msPerRequest: finding.cost.msPerRequest === null ? null : round(Math.max(0, finding.cost.msPerRequest)),
      tail: finding.cost.tail ? { share: round(clamp(finding.cost.tail.share)), ms: round(Math.max(0, finding.cost.tail.ms)) } : null,
    },
    // What speaks against comes last, whatever order the rule found it in.
    evidence: [...finding.evidence.filter((e) => e.speaks !== 'against'), ...finding.evidence.filter((e) => e.speaks === 'against')],
  },
});

export const absent = (why: string): Diagnosis => ({ kind: 'absent', why });

/** A rule cannot judge: the reason and the remedy are those of the fact that is missing. */
export function noData(missing: Extract<Gathered<unknown>, { ok: false }>): Diagnosis {
  return { kind: 'no-data', why: missing.reason, ...(missing.enable === undefined ? {} : { enable: missing.enable }) };
}

export const evidence = (text: string, value: number, unit: string): Evidence => ({ text, value: round(value), unit });

/** What a fair judge must say as well: the signal that is missing, the look-alike that was not excluded. */
export const against = (text: string, value: number, unit: string): Evidence => ({ ...evidence(text, value, unit), speaks: 'against' });

/** The value of a fact, or null where the rule can do without it. */
export const optional = <T>(gathered: Gathered<T>): T | null => (gathered.ok ? gathered.value : null);

/**
 * Adds up what speaks for and against: a signal that holds adds its weight, one that fails takes it away,
 * one that could not be seen (null) does neither, so a missing probe keeps the sum low.
 */
export function confidence(base: number, signals: readonly (readonly [holds: boolean | null, weight: number])[]): number {
  return signals.reduce((sum, [holds, weight]) => (holds === null ? sum : sum + (holds ? weight : -weight)), base);
}

/** Four significant digits: what is measured here is never known better, and reports stay readable. */
function round(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(4)) : 0;
}
