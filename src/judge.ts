import { reportFacts } from './facts/index.js';
import { factReader } from './facts/reader.js';
import { assemble } from './report/assemble.js';
import { diagnose } from './rules/diagnose.js';
import type { FactReader, Report, Run } from './types.js';

/** Facts, then rules, then the report: of a saved run, and of one that goes on, on what is there. */
export function judge(run: Run, read: FactReader = factReader(run)): Report {
  return assemble(run.manifest, reportFacts(read), diagnose(read));
}
