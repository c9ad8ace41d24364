import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { ciIds, fixtureIds } from '../../scripts/score/fixtures.mjs';
import { judge, wanted } from '../../scripts/score/judge.mjs';
import { requires } from '../require.js';
import { expectOf, reportOf, root } from './whyslow.js';

const schema = JSON.parse(readFileSync(`${root}/docs/report.schema.json`, 'utf8')) as object;
const validate = new Ajv2020({ allErrors: true, strict: false }).compile(schema);

/** All of them take longer than a change should wait: `npm run score` runs them, and so does WHYSLOW_SERVERS=all. */
const ids = process.env['WHYSLOW_SERVERS'] === 'all' ? fixtureIds() : ciIds();

describe.each(ids)('%s', (id) => {
  const expected = expectOf(id);

  it.skipIf(requires('ebpf', 'perf', ...expected.needs).skip)(`is ${wanted(expected.verdict).join(' or ')}`, async () => {
    const report = await reportOf(id);
    const shown = JSON.stringify({ verdict: report.verdict, findings: report.findings.map((f) => [f.id, f.confidence, f.cost.share, f.culprit?.name, f.culprit?.file]), ruledOut: report.ruledOut }, null, 1);
    const { mark, forbidden, culprit } = judge(expected, report);

    expect(validate(report), JSON.stringify(validate.errors)).toBe(true);
    expect(mark, shown).toBe('right');
    expect(forbidden, shown).toEqual([]);
    expect(culprit, shown).not.toBe(false);
    if (expected.servingProcesses) expect(new Set(report.target.serving.map((t) => t.pid)).size).toBe(expected.servingProcesses);
    const serving = new Set(report.target.serving.map((t) => t.tid));
    for (const thread of (report.ledger?.threads ?? []).filter((t) => serving.has(t.tid))) expect(Math.abs(thread.unaccountedShare), thread.name).toBeLessThan(0.02);
  });
});
