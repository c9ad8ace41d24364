import { Ajv2020 } from 'ajv/dist/2020.js';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { renderJson } from '../../src/report/json.js';
import { renderTerminal } from '../../src/report/terminal.js';
import type { Report, SecondOpinion } from '../../src/types.js';
import { sample } from './samples.js';

const opinion: SecondOpinion = { tool: 'clinic-doctor', version: '11.0.0', category: 'io', issues: ['cpu'], pid: 7, samples: 500, agrees: false, why: 'because \u001b[2J' };
const drawn = (secondOpinion?: SecondOpinion): string => renderTerminal({ ...sample('stalls'), ...(secondOpinion ? { secondOpinion } : {}) }, { width: 80, color: false, unicode: true });

it('stands side by side with ours, and says why', () => {
  const text = drawn(opinion);
  expect(text).toContain('SECOND OPINION  @clinic/doctor 11.0.0 on 500 samples of the clean windows\n  Clinic Doctor: I/O issue (io); stood out: cpu\n  whyslow: ');
  expect(text).toContain('they differ: because \\x1b[2J');
  expect(drawn({ ...opinion, category: null, why: 'it is not installed' })).toContain('SECOND OPINION\n  none: it is not installed\n');
  expect(drawn()).not.toContain('SECOND OPINION');
});

it('fits the schema, and is not in the JSON unless asked for', () => {
  const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(JSON.parse(readFileSync(new URL('../../docs/report.schema.json', import.meta.url), 'utf8')) as object);
  const report: Report = { ...sample('stalls'), secondOpinion: opinion };
  validate(JSON.parse(renderJson(report)));
  expect(validate.errors).toBeNull();
  expect(renderJson(sample('stalls'))).not.toContain('secondOpinion');
});
