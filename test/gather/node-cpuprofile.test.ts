import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cpuprofileProbe } from '../../src/gather/cpuprofile.js';
import { updateControl } from '../../src/gather/node-control.js';
import { parseCpuProfile } from '../../src/parse/cpuprofile.js';
import { functionTimes, samplesIn } from '../../src/parse/cpuprofile-times.js';
import { launchNode, monoNs, sleep, until, type NodeTarget } from './node-target.js';

/** Hot in a package, small enough to be inlined; called from where V8 would give its time to without care. */
const HOT = {
  's.mjs': `import { score } from '@shop/rank';
const turn = () => { const t = Date.now(); let n = 0; while (Date.now() - t < 4) n += score('some query', n); setImmediate(turn); };
turn();`,
  'node_modules/@shop/rank/package.json': '{"name":"@shop/rank","type":"module","exports":"./lib/score.js"}',
  'node_modules/@shop/rank/lib/score.js': `
// Line 2.
export function score(text, seed) {
  let sum = seed;
  for (let i = 0; i < 20000; i += 1) sum = (sum * 31 + text.charCodeAt(i % text.length)) | 0;
  return sum & 1;
}`,
};

async function withTarget(request: Parameters<typeof launchNode>[0], use: (target: NodeTarget) => Promise<void>): Promise<void> {
  const target = launchNode(request);
  try {
    await until(() => target.records().some((r) => r.slices.length >= 2), 'slices');
    await use(target);
  } finally {
    target.close();
  }
}

async function profiled(target: NodeTarget, ms: number) {
  const probe = await cpuprofileProbe.prepare(target.ctx, 'profile');
  await probe.start();
  const startNs = monoNs();
  await sleep(ms);
  const endNs = monoNs();
  const artifacts = await probe.stop();
  const profiles = artifacts.map(({ file }) => parseCpuProfile(readFileSync(join(target.dir, file), 'utf8')));
  return { artifacts, profiles, startNs, endNs };
}

describe('cpuprofileProbe', { timeout: 40_000 }, () => {
  it('names the hot function of a package, with its line', async () => {
    await withTarget({ files: HOT, folderName: 'with blank' }, async (target) => {
      const { artifacts, profiles: [profile], startNs, endNs } = await profiled(target, 800);
      const pid = target.child.pid ?? 0;
      expect(artifacts).toEqual([{ probe: 'cpuprofile', window: 'profile', file: `cpuprofile.${pid}.${pid}.json`, pid, tid: pid }]);
      if (!profile) throw new Error('no profile');
      expect(profile).toMatchObject({ pid, tid: pid, inlining: false });
      // It covers the window, and V8's clock is ours.
      expect(profile.startNs).toBeLessThan(startNs);
      expect(profile.endNs).toBeGreaterThan(endNs);
      expect(profile.endNs).toBeLessThan(monoNs());
      const times = functionTimes(profile, startNs, endNs);
      expect(times.functions[0]?.frame).toEqual({
        name: 'score', file: join(target.folder, 'node_modules/@shop/rank/lib/score.js'), line: 3, kind: 'js', origin: 'dependency', package: '@shop/rank',
      });
      expect((times.functions[0]?.selfNs ?? 0) / times.onCpuNs).toBeGreaterThan(0.7);
      expect(times.functions[0]?.hotLine).toBe(5);
      expect(times.functions[0]?.callers[0]).toMatchObject({ name: 'turn', origin: 'app', line: 2 });
      // The loop turns go on; the profile is not left running.
      const [records] = target.records();
      expect(records?.profiles.map(({ event }) => event)).toEqual(['started', 'stopped', 'written']);
      expect(readdirSync(target.dir).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    });
  });

  it('names the function inside a planted stall', async () => {
    const source = `function rebuild() { const t = Date.now(); let n = 0; while (Date.now() - t < 80) n += Math.sqrt(n); return n; }
function refresh() { const a = Number(process.hrtime.bigint()); rebuild(); console.log(a, Number(process.hrtime.bigint())); }
setInterval(refresh, 300);
setInterval(() => { const t = Date.now(); while (Date.now() - t < 2); }, 10);`;
    await withTarget({ files: { 's.js': source } }, async (target) => {
      const { profiles: [profile], startNs, endNs } = await profiled(target, 1200);
      if (!profile) throw new Error('no profile');
      const planted = target.stdout().trim().split('\n').map((line) => line.split(' ').map(Number) as [number, number]).filter(([a, b]) => a > startNs && b < endNs);
      expect(planted.length).toBeGreaterThan(1);
      for (const [fromNs, toNs] of planted) {
        // On a busy machine another delay may touch its edge.
        const delay = target.records()[0]?.delays.find((d) => Math.min(d.endNs, toNs) - Math.max(d.startNs, fromNs) > 50e6);
        if (!delay) throw new Error('the stall was not found');
        const inside = samplesIn(profile, delay.startNs, delay.endNs);
        expect(inside.culprit).toMatchObject({ name: 'rebuild', line: 1, file: join(target.folder, 's.js') });
        expect(inside.stack.map(({ frame }) => frame.name)).toEqual(expect.arrayContaining(['rebuild', 'refresh']));
      }
    });
  });

  it('profiles busy workers and leaves idle threads alone', async () => {
    const files = { 's.js': "new (require('worker_threads').Worker)(__dirname + '/w.js'); setInterval(() => {}, 1000);", 'w.js': 'let n = 0; function spin() { for (let i = 0; i < 4e6; i++) n = (n * 31 + i) | 0; } setInterval(spin, 6);' };
    await withTarget({ files }, async (target) => {
      await until(() => target.records().filter((r) => r.slices.length >= 10).length === 2, 'both threads');
      const { artifacts, profiles } = await profiled(target, 500);
      const worker = target.records().find((r) => r.meta?.isMainThread === false)?.meta;
      expect(artifacts.map(({ tid }) => tid)).toEqual([worker?.tid]);
      const [profile] = profiles;
      expect(profile && functionTimes(profile).functions[0]?.frame.name).toBe('spin');
    });
  });

  it('ends by itself when nobody renews it', async () => {
    await withTarget({ files: HOT }, async (target) => {
      const nowNs = monoNs();
      updateControl(target.dir, { profile: { id: 7, fromNs: nowNs, toNs: nowNs + 900e6, tids: [], intervalUs: 1000 } });
      const events = () => target.records()[0]?.profiles ?? [];
      await until(() => events().some(({ event }) => event === 'written'), 'the file');
      expect(events().map(({ event, id }) => [event, id])).toEqual([['started', 7], ['stopped', 7], ['written', 7]]);
      expect((events()[1]?.atNs ?? 0) - nowNs).toBeGreaterThan(899e6);
      expect(target.child.exitCode).toBeNull();
    });
  });

  it('says when there is no Node to profile', async () => {
    const target = launchNode({ files: { 's.js': '' } });
    try {
      await target.exited;
      await expect(cpuprofileProbe.prepare(target.ctx, 'profile')).rejects.toThrow('no Node process in the target');
    } finally {
      target.close();
    }
  });
});
