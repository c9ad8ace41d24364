import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { main } from '../../src/cli/main.js';
import type { World } from '../../src/cli/world.js';
import { EXIT, WhyslowError } from '../../src/errors.js';
import type { StackSelection } from '../../src/types.js';
import { frame, ON_CPU, profileOf } from '../export/profiles.js';

const dir = mkdtempSync(path.join(tmpdir(), 'whyslow-flame-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

let out = '';
let err = '';
let asked: [dir: string, selection: StackSelection][] = [];
beforeEach(() => { [out, err, asked] = ['', '', []]; });

const world = (over: Partial<World> = {}): World => ({
  stdout: { write: (text, done) => { out += String(text); done?.(); } },
  stderr: { write: (text, done) => { err += String(text); done?.(); } },
  env: {}, isRoot: true, version: '9.9.9',
  pipeline: () => Promise.resolve({
    run: () => Promise.reject(new Error('run')), reportOf: () => { throw new Error('report'); }, timelineOf: () => { throw new Error('timeline'); }, environment: () => Promise.reject(new Error('env')),
    stacksOf: (run, selection) => {
      asked.push([run, selection]);
      if (run === 'empty') throw new WhyslowError('empty: this run holds no stacks', EXIT.nothingObserved);
      return { profile: profileOf([[[frame('render')], 612]]), title: 'node server.js', createdAt: '2026-11-21T11:10:21.190Z' };
    },
  }),
  onInterrupt: () => () => undefined,
  ...over,
});
const flame = (...args: string[]): Promise<number> => main(['flame', ...args], world());

it('writes to stdout with -, and nothing else', async () => {
  expect(await flame('r', '--format', 'folded', '-o', '-')).toBe(0);
  expect(out).toBe('node 71;render /srv/app/lib/x.js:12_[j] 612000\n');
  expect(err).toBe('');
  expect(asked).toEqual([['r', ON_CPU]]);
});

it('names a file after the run, and says so on stderr', async () => {
  expect(await flame(path.join(dir, 'run1'), '--format', 'folded', '-o', path.join(dir, 'x.folded'))).toBe(0);
  expect(readFileSync(path.join(dir, 'x.folded'), 'utf8')).toContain('render');
  expect(err).toMatch(/^whyslow: .*x\.folded: 1 stacks from v8, 612 ms on a CPU in 1\.0 s; opens in .*inferno.*\n$/);
  const before = process.cwd();
  process.chdir(dir);
  try {
    expect(await flame('runs/run1', '--format', 'folded', '--stalls', '--quiet')).toBe(0);
    expect(readFileSync('run1.stalls.folded', 'utf8')).toContain('render');
  } finally {
    process.chdir(before);
  }
  expect(out).toBe('');
});

it('hands on what is asked for', async () => {
  await flame('r', '-o', '-', '--format', 'folded', '--stalls', '--thread', 'node', '--phase', 'profile', '--merge', '--source', 'perf', '--idle');
  expect(asked[0]?.[1]).toEqual({ kind: 'stalls', source: 'perf', thread: 'node', phase: 'profile', merge: true, idle: true });
});

it.each([
  [['r', '--format', 'foldet'], /--format "foldet" is not known; did you mean folded\?/],
  [['r', '--format', 'parquet'], /--format "parquet" is not known; use one of .*folded/],
  [['r', '--phase', 'lunch'], /--phase "lunch" is not known; use one of startup/],
  [['r', '--source', 'v9'], /--source "v9" is not known; did you mean v8\?/],
  [['r', '--off-cpu', '--stalls'], /one at a time/],
  [['r', '--thread', ''], /--thread is empty/],
  [['r', '-o', ''], /--output is empty/],
  [['r', '--format', 'folded', '-o', '/nowhere/x'], /--output "\/nowhere\/x" cannot be written \(ENOENT\)/],
  [['r', '--format', 'folded', '--diff', 'q'], /--diff cannot be drawn as folded/],
  [[], /no run given/],
])('%j: one clear line, exit code 2', async (args, message) => {
  expect(await flame(...args)).toBe(2);
  expect(err).toMatch(message);
  expect(err.trimEnd().split('\n')).toHaveLength(1);
});

it('a run without stacks: one line, exit code 4', async () => {
  expect(await flame('empty')).toBe(4);
  expect(err).toBe('whyslow: empty: this run holds no stacks\n');
});
