import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { requires } from '../require.js';
import { expectOf, fixtureIds, reportOf, root } from './whyslow.js';

const schema = JSON.parse(readFileSync(`${root}/docs/report.schema.json`, 'utf8')) as object;
const validate = new Ajv2020({ allErrors: true, strict: false }).compile(schema);

/** A finding below this is a hint, not a claim. */
const CLAIMED = 0.5;

describe.each(fixtureIds())('%s', (id) => {
  const expected = expectOf(id);

  it.skipIf(requires('ebpf', 'perf', ...expected.needs).skip)(`is ${expected.verdict}`, async () => {
    const report = await reportOf(id, ['-d', '6']);
    const shown = JSON.stringify({ verdict: report.verdict, findings: report.findings.map((f) => [f.id, f.confidence, f.cost.share, f.culprit?.name]), ruledOut: report.ruledOut }, null, 1);

    expect(validate(report), JSON.stringify(validate.errors)).toBe(true);
    expect(report.verdict.id, shown).toBe(expected.verdict);
    const claimed = report.findings.filter((f) => f.confidence >= CLAIMED).map((f) => f.id);
    expect(claimed.filter((found) => expected.mustNot.includes(found)), shown).toEqual([]);
    if (expected.culprit) {
      const culprit = report.findings.find((f) => f.id === expected.verdict)?.culprit;
      expect(`${culprit?.name ?? ''} ${culprit?.file ?? ''}`, shown).toContain(expected.culprit.name);
      if (expected.culprit.file) expect(`${culprit?.name ?? ''} ${culprit?.file ?? ''}`, shown).toContain(expected.culprit.file);
    }
    if (expected.servingProcesses) expect(new Set(report.target.serving.map((t) => t.pid)).size).toBe(expected.servingProcesses);
    const serving = new Set(report.target.serving.map((t) => t.tid));
    for (const thread of (report.ledger?.threads ?? []).filter((t) => serving.has(t.tid))) expect(Math.abs(thread.unaccountedShare), thread.name).toBeLessThan(0.02);
  });
});
