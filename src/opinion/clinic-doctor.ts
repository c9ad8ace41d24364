import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { DoctorSamples } from '../facts/doctor-samples.js';
import type { Gathered, Report, SecondOpinion } from '../types.js';
import { compare } from './compare.js';
import { doctorInput, type DoctorSays } from './doctor-input.js';

/** Some thousand samples take a second or two; on a busy machine ten times that, s. */
const ANALYSIS_S = 60;

/** From src/ while tests run, from dist/ else. */
const PROGRAM = ['./doctor-program.js', '../../dist/opinion/doctor-program.js'].map((at) => fileURLToPath(new URL(at, import.meta.url))).find((file) => existsSync(file)) ?? '';

/** What Clinic Doctor says of the run that the report is of. Never fails: why there is no opinion is told in it. */
export async function secondOpinion(report: Report, seen: Gathered<DoctorSamples>): Promise<SecondOpinion> {
  const nothing = (why: string): SecondOpinion => ({ tool: 'clinic-doctor', version: null, category: null, issues: [], pid: null, samples: 0, agrees: null, why });
  if (!seen.ok) return nothing(seen.reason);
  if (!isInstalled()) return nothing('@clinic/doctor is not installed: npm install @clinic/doctor, where whyslow is installed');
  const { pid, node, samples, gc } = seen.value;
  const said = await ask(JSON.stringify(doctorInput(node, samples, gc)));
  if (!said.ok) return nothing(said.reason);
  const { version, issueCategory: category, issues } = said.value;
  return { tool: 'clinic-doctor', version, category, issues: namesOf(issues), pid, samples: samples.length, ...compare(category, namesOf(issues), report) };
}

function isInstalled(): boolean {
  try {
    createRequire(import.meta.url).resolve('@clinic/doctor/package.json');
    return true;
  } catch {
    return false;
  }
}

async function ask(input: string): Promise<Gathered<DoctorSays>> {
  const { stdout, stderr, failed, timedOut } = await execa(process.execPath, [PROGRAM], { input, reject: false, timeout: ANALYSIS_S * 1000, env: { NODE_OPTIONS: '' } });
  if (timedOut) return { ok: false, reason: `Clinic Doctor's analysis took more than ${ANALYSIS_S} s` };
  try {
    // A library may have printed before.
    const said = JSON.parse(stdout.slice(stdout.lastIndexOf('\n') + 1)) as DoctorSays;
    if (!failed) return { ok: true, value: said };
  } catch { /* told below */ }
  return { ok: false, reason: `Clinic Doctor's analysis failed: ${stderr.trim().split('\n').at(-1) ?? 'it said nothing'}` };
}

/** `delay`, `cpu`, `memory.heapUsed`, ... where a performance issue was seen. */
const namesOf = ({ memory, ...issues }: DoctorSays['issues']): string[] => [
  ...Object.entries(issues), ...Object.entries(memory).map(([name, issue]) => [`memory.${name}`, issue]),
].filter(([, issue]) => issue === 'performance').map(([name]) => String(name));
