/** `npm test`: everything, from a fresh clone. Ends with the line `N passed, N failed, N skipped`; each check counts as one. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec, say } from './say.mjs';
import { setup } from './setup.mjs';

/** @typedef {{ passed: number, failed: number, skipped: number }} Count */

/** Checks of the code as it stands; each is a package script as well. @type {[name: string, script: string, ...args: string[]][]} */
const CHECKS = [
  ['lint', 'eslint/bin/eslint.js', '.', '--max-warnings=0'],
  ['types', 'typescript/bin/tsc', '--noEmit', '-p', '.'],
  ['types of the page', 'typescript/bin/tsc', '--noEmit', '-p', 'page'],
  ['types of the flame graph', 'typescript/bin/tsc', '--noEmit', '-p', 'src/export/page'],
  ['unused', 'knip/bin/knip.js'],
];

/** @param {string} name @param {string} script @param {string[]} args @returns {Count} */
function check(name, script, args) {
  const { ok } = exec(process.execPath, [join('node_modules', script), ...args]);
  say(`${name}: ${ok ? 'passed' : 'FAILED'}`);
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
}

/** @param {string} project of vitest.config.ts @returns {Count} */
function vitest(project) {
  const dir = mkdtempSync(join(tmpdir(), 'whyslow-test-'));
  const file = join(dir, 'result.json');
  try {
    const { ok } = exec(process.execPath, [
      'node_modules/vitest/vitest.mjs', 'run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`,
    ], { timeoutS: 3600 });
    const count = existsSync(file) ? countOf(JSON.parse(readFileSync(file, 'utf8'))) : { passed: 0, failed: 0, skipped: 0 };
    // An error outside of any test, or no result at all, is a failure too.
    return !ok && count.failed === 0 ? { ...count, failed: 1 } : count;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/**
 * @param {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number,
 *   testResults: { status: string, assertionResults: unknown[] }[] }} result as vitest's json reporter writes it (Jest's format)
 * @returns {Count}
 */
function countOf(result) {
  const unread = result.testResults.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0);
  return {
    passed: result.numPassedTests,
    failed: result.numFailedTests + unread.length,
    skipped: result.numPendingTests + result.numTodoTests,
  };
}

/** @param {Count[]} counts @returns {Count} */
const sum = (counts) => counts.reduce(
  (all, { passed, failed, skipped }) => ({ passed: all.passed + passed, failed: all.failed + failed, skipped: all.skipped + skipped }),
  { passed: 0, failed: 0, skipped: 0 },
);

const total = setup()
  ? sum([...CHECKS.map(([name, script, ...args]) => check(name, script, args)), vitest('unit'), vitest('smoke')])
  : { passed: 0, failed: 1, skipped: 0 };
say(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed === 0 ? 0 : 1);
