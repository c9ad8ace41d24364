import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa, type Options } from 'execa';
import type { Report } from '../../src/types.js';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const bin = join(root, 'bin/whyslow.js');
const servers = join(root, 'fixtures/servers');

export interface Expect {
  title: string;
  start: string[];
  verdict: string;
  also: string[];
  mustNot: string[];
  culprit: { kind: string; name: string; file?: string } | null;
  servingProcesses?: number;
  failedPathsPerRequest?: number;
  needs: string[];
  load: { connections?: number; keepAlive?: boolean };
}

export const fixtureIds = (): string[] => readdirSync(servers).sort();
export const fixtureDir = (id: string): string => join(servers, id);
export const expectOf = (id: string): Expect => JSON.parse(readFileSync(join(servers, id, 'expect.json'), 'utf8')) as Expect;

/** The real command line, as a user calls it. Never throws for an exit code. */
export const whyslow = (args: string[], options: Options = {}) =>
  execa(process.execPath, [bin, ...args], { reject: false, stdin: 'ignore', ...options });

/** Runs a fixture under the command line and gives back its report. */
export async function reportOf(id: string, args: string[] = [], env: Record<string, string> = {}): Promise<Report> {
  const { start, load } = expectOf(id);
  const options = [
    ...args,
    ...(load.connections === undefined ? [] : ['-c', String(load.connections)]),
    ...(load.keepAlive === false ? ['--no-keep-alive'] : []),
  ];
  const { stdout, stderr, exitCode } = await whyslow(['run', '--json', '-', ...options, '--', ...start], { cwd: fixtureDir(id), env });
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
