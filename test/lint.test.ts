import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

// Type-aware rules want a file that is on disk; the rules of the import table do not.
const eslint = new ESLint({
  cwd: root,
  overrideConfig: [{
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: false } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'off', '@typescript-eslint/no-misused-promises': 'off',
      '@typescript-eslint/await-thenable': 'off', '@typescript-eslint/return-await': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': 'off',
    },
  }],
});

/** The ids of the rules that complain of `text` as a file at `path`. */
async function complaints(path: string, text: string): Promise<string[]> {
  const [result] = await eslint.lintText(`${text}\n`, { filePath: `${root}${path}` });
  return (result?.messages ?? []).map(({ ruleId, message }) => ruleId ?? message);
}

const clean = 'export const one = 1;';
const zone = 'import-x/no-restricted-paths';

describe('lint', () => {
  it.each([
    ['src/parse/a.ts', clean],
    ['src/parse/a.ts', "import type { Run } from '../types.js';\nexport type A = Run;"],
    ['src/facts/a.ts', "import { NoData } from '../errors.js';\nexport const a = NoData;"],
    ['src/facts/a.ts', 'export const a = new Date(0).toISOString();'],
    ['src/gather/a.ts', "import { launchTarget } from '../target/launch.js';\nexport const a = launchTarget;"],
    ['src/gather/a.ts', "import { readFileSync } from 'node:fs';\nexport const a = readFileSync;"],
    ['src/report/a.ts', "import width from 'string-width';\nexport const a = width;"],
    ['src/cli.ts', 'process.exit(1);'],
    ['src/load/autocannon-worker.ts', 'process.exit(1);'],
  ])('accepts %s: %s', async (path, text) => {
    expect(await complaints(path, text)).toEqual([]);
  });

  it.each([
    // The import table.
    ['src/parse/a.ts', "import { loadRun } from '../store/load.js';\nexport const a = loadRun;", zone],
    ['src/parse/deep/a.ts', "import { loadRun } from '../../store/load.js';\nexport const a = loadRun;", zone],
    ['src/store/a.ts', "import { launchTarget } from '../target/launch.js';\nexport const a = launchTarget;", zone],
    ['src/target/a.ts', "import { createRunDir } from '../store/save.js';\nexport const a = createRunDir;", zone],
    ['src/load/a.ts', "import { launchTarget } from '../target/launch.js';\nexport const a = launchTarget;", zone],
    ['src/gather/a.ts', "import { loadRun } from '../store/load.js';\nexport const a = loadRun;", zone],
    ['src/facts/a.ts', "import type { RunDir } from '../store/save.js';\nexport type A = RunDir;", zone],
    ['src/rules/a.ts', "import { loadRun } from '../store/load.js';\nexport const a = loadRun;", zone],
    ['src/report/a.ts', "export { loadRun } from '../store/load.js';", zone],
    ['src/export/a.ts', "export const a = await import('../store/load.js');", zone],
    ['src/live/a.ts', "import { loadRun } from '../store/load.js';\nexport const a = loadRun;", zone],
    ['src/cli/a.ts', "import { launchTarget } from '../target/launch.js';\nexport const a = launchTarget;", zone],
    // No file, clock or process where one computes.
    ['src/parse/a.ts', "import { readFileSync } from 'node:fs';\nexport const a = readFileSync;", 'no-restricted-imports'],
    ['src/parse/a.ts', "import color from 'picocolors';\nexport const a = color;", 'no-restricted-imports'],
    ['src/facts/a.ts', "import { readFile } from 'node:fs/promises';\nexport const a = readFile;", 'no-restricted-imports'],
    ['src/rules/a.ts', "import { env } from 'process';\nexport const a = env;", 'no-restricted-imports'],
    ['src/report/a.ts', "import { performance } from 'node:perf_hooks';\nexport const a = performance;", 'no-restricted-imports'],
    ['src/facts/a.ts', 'export const a = process.env;', 'no-restricted-globals'],
    ['src/facts/a.ts', 'export const a = performance.now();', 'no-restricted-globals'],
    ['src/rules/a.ts', 'export const a = Date.now();', 'no-restricted-properties'],
    ['src/report/a.ts', 'export const a = new Date();', 'no-restricted-syntax'],
    ['src/parse/a.ts', "export const a = await import('node:fs');", 'no-restricted-syntax'],
    // Only cli.ts prints or sets exit codes.
    ['src/gather/a.ts', "console.log('x');", 'no-console'],
    ['src/run.ts', "process.stdout.write('x');", 'no-restricted-properties'],
    ['src/target/a.ts', 'process.exit(1);', 'no-restricted-properties'],
    ['src/store/a.ts', 'process.exitCode = 1;', 'no-restricted-properties'],
    // One thing a file.
    ['src/gather/a.ts', 'export {};\n'.repeat(260), 'max-lines'],
  ])('refuses %s: %s', async (path, text, rule) => {
    expect(await complaints(path, text)).toContain(rule);
  });
});
