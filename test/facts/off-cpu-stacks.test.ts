import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { factReader } from '../../src/facts/reader.js';
import { selectStacks } from '../../src/facts/stacks.js';
import { folded } from '../../src/export/folded.js';
import { ON_CPU } from '../export/profiles.js';
import { runOf, window } from './run.js';

const text = readFileSync(new URL('../../fixtures/raw/bpftrace/off-cpu-node-fsync.ndjson', import.meta.url), 'utf8');
const run = runOf({ windows: [window('clean', 0, 1)], texts: [[{ probe: 'off-cpu', window: 'off-cpu' }, text]] });
const select = (over = {}) => selectStacks(run, factReader(run), { ...ON_CPU, kind: 'off-cpu', ...over });

it('goes from the program over the call into the kernel, with the time asleep', () => {
  const profile = select();
  expect(profile).toMatchObject({ unit: 'off-cpu', source: 'ebpf', window: 'off-cpu', requests: null });
  const serving = profile.stacks.filter((s) => s.tid === 27918);
  expect(serving[0]!.weightNs / 1e6).toBeCloseTo(567.4, 1);
  expect(serving[0]!.samples).toBeGreaterThan(10);
  const kinds = serving[0]!.frames.map((f) => f.kind);
  expect(kinds.indexOf('syscall')).toBe(kinds.lastIndexOf('syscall'));
  expect(serving[0]!.frames[kinds.indexOf('syscall')]!.name).toBe('fsync');
  expect(kinds.slice(kinds.indexOf('syscall') + 1).every((k) => k === 'kernel')).toBe(true);
  expect(serving[0]!.frames.at(-1)!.name).toBe('__schedule');
});

it('folds to one thread', () => {
  const lines = folded(select({ thread: '27959' })).trim().split('\n');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^node 27959;epoll_pwait_\[k\] \d+$/);
});

it('says what is missing where neither the kernel nor /proc told', () => {
  const empty = runOf({ windows: [window('clean', 0, 1)] });
  expect(() => selectStacks(empty, factReader(empty), { ...ON_CPU, kind: 'off-cpu' })).toThrow(/this run holds no stacks: the off-cpu probe was not asked for; the proc probe/);
});
