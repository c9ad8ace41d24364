import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { factReader } from '../../src/facts/reader.js';
import { selectStacks } from '../../src/facts/stacks.js';
import { loadRun } from '../../src/store/load.js';
import type { Run, StackProfile, StackSelection } from '../../src/types.js';
import { ON_CPU } from '../export/profiles.js';
import { loadText, runOf, s, window } from './run.js';

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

/** A Node thread that served from 2.5 to 3.5 s, and stood still from 3.0 to 3.1 s by its own account. */
function stalled(): Run {
  const at = (seconds: number): number => s(seconds) / 1e3;
  const node = (id: number, functionName: string, children: number[] = [], url = '/app/x.js') => ({ id, callFrame: { functionName, scriptId: '1', url, lineNumber: id, columnNumber: 0 }, children });
  const cpuprofile = JSON.stringify({
    whyslow: { pid: 77, tid: 77, preload: '/p/preload.cjs', inlining: true, beforeNs: s(2.5), afterNs: s(2.5) },
    startTime: at(2.5), endTime: at(3.5), nodes: [node(1, '(root)', [2, 3, 4], ''), node(2, 'serve'), node(3, 'rebuild', [5]), node(4, '(idle)', [], ''), node(5, 'index')],
    // serve 2.5-2.99, rebuild 2.99-3.02, index 3.02-3.11, idle 3.11-3.2, serve to the end
    samples: [2, 3, 5, 4, 2], timeDeltas: [0, 490e3, 30e3, 90e3, 90e3],
  });
  return runOf({
    windows: [window('warmup', 0, 1), window('clean', 1, 6), window('drain', 6, 6.1)],
    texts: [
      [{ probe: 'load', window: 'all' }, loadText(0, 6, () => 1000)],
      [{ probe: 'node', window: 'all', pid: 77, tid: 77 }, [
        { type: 'meta', atNs: s(0), pid: 77, tid: 77, ppid: 1, node: 'v20.0.0', periodMs: 5, sliceMs: 250 },
        { type: 'slice', startNs: s(1), endNs: s(1.25), elu: 0.95, lateMs: {}, heapUsed: 1, heapTotal: 1, allocated: {} },
        { type: 'delay', afterNs: s(3) - 2.5e6, endNs: s(3.1), idleNs: 0 },
      ].map((line) => JSON.stringify(line)).join('\n')],
      [{ probe: 'cpuprofile', window: 'profile', pid: 77, tid: 77 }, cpuprofile],
    ],
  });
}

describe('stacks of stalls', () => {
  it('are what ran inside long ticks, and nothing else', () => {
    const profile = select({ kind: 'stalls' }, stalled());
    expect(profile).toMatchObject({ unit: 'wall', source: 'v8' });
    expect(profile.stacks.map((st) => [st.frames.map((f) => f.name).join(';'), Math.round(st.weightNs / 1e6)])).toEqual([['rebuild;index', 80], ['rebuild', 20]]);
  });

  it('are counted against the requests of the time that was watched', () => {
    expect(select({}, stalled()).requests).toBe(1000);
    expect(select({}, stalled()).stacks.map((st) => Math.round(st.weightNs / 1e6))).toEqual([790, 90, 30]);
  });
});
