import { expect } from 'vitest';
import type { Finding, Rule } from '../../src/types.js';
import { readerOf, type FactValues } from './facts.js';

export const diagnosis = (rule: Rule, values: FactValues) => rule.diagnose(readerOf(values));

/** The finding, checked for what every finding owes its reader: figures with units, a sentence with a number, advice and a check. */
export function finding(rule: Rule, values: FactValues): Finding {
  const result = diagnosis(rule, values);
  if (result.kind !== 'finding') throw new Error(`${rule.id}: ${result.kind}: ${result.why}`);
  const f = result.finding;
  expect(f.id).toBe(rule.id);
  expect(f.summary).toMatch(/\d/);
  expect(f.summary).not.toMatch(/NaN|undefined|null|Infinity/);
  expect(f.evidence.length).toBeGreaterThan(0);
  for (const e of f.evidence) {
    expect(e.text).not.toMatch(/NaN|undefined|null|Infinity/);
    expect(Number.isFinite(e.value), e.text).toBe(true);
    expect(e.unit).not.toBe('');
  }
  expect(f.advice.some((a) => a.startsWith('Check:')), 'advice says how to check').toBe(true);
  expect(f.confidence).toBeGreaterThan(0);
  expect(f.confidence).toBeLessThan(1);
  expect(f.cost.share).toBeGreaterThanOrEqual(0);
  expect(f.cost.share).toBeLessThanOrEqual(1);
  return f;
}

export function absent(rule: Rule, values: FactValues): string {
  const result = diagnosis(rule, values);
  if (result.kind !== 'absent') throw new Error(`${rule.id}: ${result.kind}: ${result.kind === 'finding' ? result.finding.summary : result.why}`);
  expect(result.why.length).toBeGreaterThan(10);
  return result.why;
}

export function noData(rule: Rule, values: FactValues): { why: string; enable?: string } {
  const result = diagnosis(rule, values);
  if (result.kind !== 'no-data') throw new Error(`${rule.id}: ${result.kind}`);
  return result;
}
