/**
 * 0x's own page of a profile. It is run in a process and a folder of its own: it deletes V8's logs in the folder that
 * it stands in, whoever wrote them, and does not always come to an end.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa, ExecaError } from 'execa';
import { EXIT, WhyslowError } from '../errors.js';
import { zeroXInput } from '../export/zero-x-input.js';
import { safeText } from '../report/safe-text.js';
import type { StackProfile } from '../types.js';

/** It takes half a second, and some seconds for the largest profiles. */
const TIMEOUT_MS = 120_000;

const PROGRAM = 'const { default: zeroX } = await import(process.argv[1]); await zeroX(JSON.parse(process.argv[2]));';

export async function zeroXHtml(profile: StackProfile, title: string): Promise<string> {
  const library = findZeroX();
  const dir = mkdtempSync(path.join(tmpdir(), 'whyslow-0x-'));
  try {
    const { name, content, option } = zeroXInput(profile);
    // Below where it stands: it takes paths relative to there, and an empty one for none.
    const below = path.join(dir, 'profile');
    mkdirSync(below);
    writeFileSync(path.join(below, name), content);
    const options = { [option]: option === 'visualizeOnly' ? below : path.join(below, name), workingDir: dir, title: safeText(title).replace(/[<>&]/g, ' ') };
    await execa(process.execPath, ['--input-type=module', '-e', PROGRAM, library, JSON.stringify(options)], { cwd: dir, timeout: TIMEOUT_MS, stdin: 'ignore' });
    return readFileSync(path.join(below, 'flamegraph.html'), 'utf8');
  } catch (error) {
    const why = error instanceof ExecaError ? (error.timedOut ? `not done after ${TIMEOUT_MS / 1000} s` : String(error.stderr).trim().split('\n').findLast((line) => line.includes('Error')) ?? error.shortMessage) : (error as Error).message;
    throw new WhyslowError(`0x could not draw this: ${safeText(why, { maxChars: 200 })}; --format html draws everything`, EXIT.nothingObserved);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function findZeroX(): string {
  try {
    return createRequire(import.meta.url).resolve('0x');
  } catch {
    throw new WhyslowError('--format 0x needs 0x, which is not installed; npm install 0x beside whyslow, or use --format html', EXIT.usage);
  }
}
