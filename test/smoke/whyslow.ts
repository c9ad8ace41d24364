import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa, type Options } from 'execa';
import { expectOf, fixtureDir, loadOptions } from '../../scripts/score/fixtures.mjs';
import type { Report } from '../../src/types.js';

export { expectOf, fixtureDir };

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const bin = join(root, 'bin/whyslow.js');

/** The real command line, as a user calls it. Never throws for an exit code. */
export const whyslow = (args: string[], options: Options = {}) =>
  execa(process.execPath, [bin, ...args], { reject: false, stdin: 'ignore', ...options });

/** Runs a fixture under the command line and gives back its report. */
export async function reportOf(id: string, args: string[] = [], env: Record<string, string> = {}): Promise<Report> {
  const { start, load, env: own = {} } = expectOf(id);
  const { stdout, stderr, exitCode } = await whyslow(['run', '--json', '-', ...loadOptions(load), ...args, '--', ...start], { cwd: fixtureDir(id), env: { ...own, ...env } });
  if (exitCode !== 0) throw new Error(`whyslow ended with ${String(exitCode)}: ${String(stderr)}`);
  return JSON.parse(String(stdout)) as Report;
}

export async function inTempDir<T>(use: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'whyslow-smoke-'));
  try {
    return await use(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Processes alive (no zombies) whose command line holds all the words. */
export function alive(...words: string[]): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      const line = readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').split('\0').join(' ');
      const state = /^State:\s+(\S)/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1];
      return state !== 'Z' && pid !== process.pid && words.every((word) => line.includes(word));
    } catch {
      return false;
    }
  });
}
