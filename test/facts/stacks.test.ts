import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { factReader } from '../../src/facts/reader.js';
import { selectStacks } from '../../src/facts/stacks.js';
import { loadRun } from '../../src/store/load.js';
import type { Run, StackProfile, StackSelection } from '../../src/types.js';
import { ON_CPU } from '../export/profiles.js';

/** A real run of the bundled server with a hot function, its paths made neutral and its perf samples thinned. */
const run = loadRun(fileURLToPath(new URL('../../fixtures/runs/node-hot-function', import.meta.url)));
const select = (over: Partial<StackSelection> = {}, of: Run = run): StackProfile => selectStacks(of, factReader(of), { ...ON_CPU, ...over });
const totalNs = ({ stacks }: StackProfile): number => stacks.reduce((ns, s) => ns + s.weightNs, 0);

describe('stacks of a saved run', () => {
  it('come from V8 where it was profiled, idle time left out; weights, samples and requests are of that time', () => {
    const profile = select();
    expect(profile).toMatchObject({ source: 'v8', unit: 'cpu', window: 'profile' });
    expect(profile.durationNs / 1e9).toBeCloseTo(1.01, 1);
    expect(totalNs(profile)).toBeLessThanOrEqual(profile.durationNs);
    expect(totalNs(profile)).toBeGreaterThan(0.8 * profile.durationNs);
    expect(profile.requests).toBeGreaterThan(100);
    expect(profile.stacks.every((s) => s.pid === 31186 && s.tid === 31186 && s.thread === 'node' && s.samples > 0)).toBe(true);
    expect(profile.stacks.flatMap((s) => s.frames).some((f) => f.kind === 'idle' || f.name === '(root)' || f.file?.includes('/opt/whyslow'))).toBe(false);
    expect(select({ idle: true }).unit).toBe('wall');
  });

  it('have the hot function as the widest leaf, with its file and line', () => {
    const leaves = new Map<string, number>();
    for (const { frames, weightNs } of select().stacks) {
      const leaf = frames.at(-1);
      const key = `${leaf?.name ?? ''} ${leaf?.file ?? ''}:${String(leaf?.line)}`;
      leaves.set(key, (leaves.get(key) ?? 0) + weightNs);
    }
    const [widest] = [...leaves].sort((a, b) => b[1] - a[1]);
    expect(widest?.[0]).toBe('editDistance /srv/app/vendor/fuzzy-rank/index.js:2');
  });

  it('put the collector on top of what it interrupted', () => {
    const collecting = select().stacks.filter((s) => s.frames.at(-1)?.kind === 'gc');
    expect(collecting.length).toBeGreaterThan(0);
    expect(collecting.some((s) => s.frames.length > 3)).toBe(true);
  });

  it('of perf go from native code over the system call into the kernel, each sample at its period', () => {
    const profile = select({ source: 'perf' });
    expect(profile.source).toBe('perf');
    const samples = profile.stacks.reduce((n, s) => n + s.samples, 0);
    expect(totalNs(profile) / samples / 1e6).toBeCloseTo((1e3 * 6) / 97, 3);
    const inKernel = profile.stacks.filter((s) => s.frames.some((f) => f.kind === 'syscall'));
    expect(inKernel.length).toBeGreaterThan(0);
    for (const { frames } of inKernel) {
      const at = frames.findIndex((f) => f.kind === 'syscall');
      expect(frames.slice(0, at).every((f) => f.kind !== 'kernel')).toBe(true);
      expect(frames.slice(at + 1).every((f) => f.kind === 'kernel')).toBe(true);
    }
  });

  it('merge, and keep to a thread or a window', () => {
    expect(new Set(select({ merge: true }).stacks.map((s) => s.tid))).toEqual(new Set([null]));
    expect(totalNs(select({ thread: 'node' }))).toBeCloseTo(totalNs(select()), -3);
    expect(totalNs(select({ thread: '31186' }))).toBeCloseTo(totalNs(select()), -3);
    const profile = select({ phase: 'profile' });
    expect(totalNs(profile)).toBeLessThan(totalNs(select()));
    expect(profile.durationNs).toBeLessThan(select().durationNs);
  });

  it('say what is not there', () => {
    expect(() => select({ thread: 'nobody' })).toThrow('--thread "nobody" is not in these stacks; there are 31186 (node)');
    expect(() => select({ phase: 'startup' })).toThrow(/no stack was sampled in the startup window/);
    expect(() => select({ source: 'python' })).toThrow(/this run holds no stacks: the python-profile probe/);
    expect(() => select({ kind: 'stalls' })).toThrow(/no event loop was seen/);
  });
});
