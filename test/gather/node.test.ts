import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { updateControl } from '../../src/gather/node-control.js';
import { nodeProbeEnv } from '../../src/gather/node-env.js';
import { nodeProbe } from '../../src/gather/node.js';
import { launchNode, monoNs, sleep, until, type NodeTarget } from './node-target.js';

const IDLE = "require('http').createServer((q, r) => r.end('hi')).listen(0, '127.0.0.1');";
const BUSY_10S = 'const t = Date.now(); (function turn() { const a = Date.now(); while (Date.now() - a < 5); if (Date.now() - t < 10000) setImmediate(turn); })();';

const slices = (target: NodeTarget) => target.records().flatMap((r) => r.slices);

async function withTarget<T>(request: Parameters<typeof launchNode>[0], use: (target: NodeTarget) => Promise<T>): Promise<T> {
  const target = launchNode(request);
  try {
    return await use(target);
  } finally {
    target.close();
  }
}

describe('preload', { timeout: 40_000 }, () => {
  it.each([
    ['CommonJS', { 's.js': IDLE }],
    ['ESM', { 's.mjs': "import { createServer } from 'node:http'; await 1; createServer((q, r) => r.end('hi')).listen(0, '127.0.0.1');" }],
    ['a loader of other languages', {
      's.mjs': "import { register } from 'node:module'; register('./hooks.mjs', import.meta.url); await import('./app.odd');",
      'hooks.mjs': "export async function load(url, context, next) { return url.endsWith('.odd') ? { format: 'module', shortCircuit: true, source: 'setInterval(() => {}, 50)' } : next(url, context); }",
      'app.odd': '',
    }],
  ])('sees %s', async (_, files) => {
    await withTarget({ files }, async (target) => {
      const mainOf = () => target.records().find((r) => r.meta?.isMainThread);
      await until(() => (mainOf()?.slices.length ?? 0) >= 2, 'slices');
      const main = mainOf();
      expect(main?.meta).toMatchObject({ pid: target.child.pid, tid: target.child.pid, node: process.version, periodMs: 5 });
      expect(main?.meta?.script).toBe(join(target.folder, Object.keys(files)[0] ?? ''));
      const slice = main?.slices[1];
      expect(slice?.heapUsed).toBeGreaterThan(1e6);
      expect(slice?.delayNs?.max).toBeGreaterThan(9e6);
      expect(Object.values(slice?.lateMs ?? {}).reduce((a, b) => a + b, 0)).toBeGreaterThan(5);
      expect((slice?.endNs ?? 0) - (slice?.startNs ?? 0)).toBeGreaterThan(249e6);
    });
  });

  it('sees workers by their kernel thread id, and cluster children', async () => {
    await withTarget({
      files: {
        's.js': "const c = require('cluster'); const w = require('worker_threads'); if (c.isPrimary) c.fork(); else new w.Worker(__dirname + '/w.js'); setInterval(() => {}, 1000);",
        'w.js': 'setInterval(() => {}, 1000);',
      },
    }, async (target) => {
      await until(() => target.records().filter((r) => r.slices.length > 0).length === 3, 'three threads');
      const metas = target.records().map((r) => r.meta);
      const worker = metas.find((m) => m && !m.isMainThread);
      const forked = metas.find((m) => m?.isMainThread && m.pid !== target.child.pid);
      expect(forked?.ppid).toBe(target.child.pid);
      expect(worker?.pid).toBe(forked?.pid);
      expect(worker?.tid).not.toBe(worker?.pid);
      expect(existsSync(`/proc/${worker?.pid}/task/${worker?.tid}`)).toBe(true);
    });
  });

  it('lives with blanks and quotes in its path and with NODE_OPTIONS of the user', async () => {
    await withTarget({
      folderName: 'my "odd" app', files: { 's.js': `console.log(process.env.NODE_OPTIONS, globalThis.mine); ${IDLE}`, 'mine one.cjs': 'globalThis.mine = 42;' },
      env: { NODE_OPTIONS: '--max-old-space-size=300 --require "./mine one.cjs"' },
    }, async (target) => {
      await until(() => slices(target).length > 0, 'slices');
      expect(target.stdout()).toMatch(/^--require ".*" --max-old-space-size=300 --require ".\/mine one.cjs" 42\n$/);
    });
  });

  it('reads an idle loop near 0 and a busy one near 1', async () => {
    const elu = async (source: string) => withTarget({ files: { 's.js': source } }, async (target) => {
      await until(() => slices(target).length >= 6, 'slices');
      const read = slices(target).slice(2).flatMap((s) => s.elu ?? []).sort((a, b) => a - b);
      return read[read.length >> 1] ?? NaN;
    });
    expect(await elu(IDLE)).toBeLessThan(0.15);
    expect(await elu(BUSY_10S)).toBeGreaterThan(0.9);
  });

  it('samples for Clinic Doctor only while that is asked for', async () => {
    await withTarget({ files: { 's.js': IDLE } }, async (target) => {
      const doctor = () => target.records().flatMap((r) => r.doctor);
      await until(() => slices(target).length >= 2, 'slices');
      expect(doctor()).toEqual([]);
      updateControl(target.dir, { doctor: true });
      await until(() => doctor().length >= 40, 'samples');
      const samples = doctor();
      const [first] = samples;
      // Every 10 ms; a single timer may come early by less than one, a busy machine's comes late.
      expect(((samples.at(-1)?.atNs ?? 0) - (first?.atNs ?? 0)) / (samples.length - 1)).toBeGreaterThan(9.5e6);
      expect(first).toMatchObject({ handles: expect.any(Number) as number, loopUtilization: expect.any(Number) as number });
      expect(first?.rss).toBeGreaterThan(1e7);
      expect(first?.delayMs).toBeGreaterThanOrEqual(0);
    });
  });

  it('finds every planted stall', async () => {
    const stalls = 'const ns = () => Number(process.hrtime.bigint()); let n = 0; const i = setInterval(() => { const a = ns(); while (ns() - a < 80e6); console.log(a, ns()); if (++n === 5) clearInterval(i); }, 301); setInterval(() => {}, 1e6);';
    await withTarget({ files: { 's.js': stalls } }, async (target) => {
      await until(() => target.stdout().trim().split('\n').length === 5, 'stalls');
      await sleep(600);
      const planted = target.stdout().trim().split('\n').map((line) => line.split(' ').map(Number) as [number, number]);
      const [records] = target.records();
      for (const [startNs, endNs] of planted) {
        const found = records?.delays.find((d) => d.startNs < endNs && d.endNs > startNs);
        // The loop turns again a little later where the machine is busy: so the found length has slack upwards.
        expect(found?.lengthNs).toBeGreaterThan(endNs - startNs - (found?.precisionNs ?? 0) - 2e6);
        expect(found?.startNs).toBeGreaterThan(startNs - (found?.precisionNs ?? 0) - 6e6);
        expect(found?.endNs).toBeGreaterThan(endNs - 1e6);
      }
    });
  });

  it('agrees with --trace-gc on pauses and on their time', async () => {
    const garbage = 'let keep = []; let n = 0; setInterval(() => { if (++n > 400) { if (n === 401) setTimeout(() => process.exit(0), 700); keep = null; return; } for (let i = 0; i < 2e4; i++) keep.push({ i, s: [i] }); if (keep.length > 4e5) keep = []; }, 5);';
    await withTarget({ files: { 's.js': garbage }, execArgv: ['--trace-gc'] }, async (target) => {
      // An orderly end: a killed process keeps the last of its trace in its buffer.
      expect(await target.exited).toBe(0);
      await sleep(50);
      // [123:0x1] 52 ms: Scavenge 4.2 (5.1) -> 3.5 (6.1) MB, 1.1 / 0.0 ms  (average mu = ...
      const traced = [...target.stdout().matchAll(/ms: (?:Scavenge|Mark-Compact)[^,]*, ([\d.]+) \/ /g)].map(([, ms]) => Number(ms));
      const seen = target.records()[0]?.gc.filter(({ kind }) => kind === 'scavenge' || kind === 'mark-sweep-compact') ?? [];
      expect(traced.length).toBeGreaterThan(20);
      // What comes before the probe's first turn or after its last line is not its to see.
      expect(Math.abs(seen.length - traced.length)).toBeLessThan(8);
      const tracedMs = traced.reduce((a, b) => a + b, 0);
      const seenMs = seen.reduce((sum, { durationNs }) => sum + durationNs / 1e6, 0);
      expect(seenMs / tracedMs).toBeGreaterThan(0.75);
      expect(seenMs / tracedMs).toBeLessThan(1.25);
    });
  });

  it('places collections on CLOCK_MONOTONIC', async () => {
    const source = 'const ns = () => Number(process.hrtime.bigint()); setTimeout(() => { const a = ns(); gc(); console.log(a, ns()); }, 400); setInterval(() => {}, 1000);';
    await withTarget({ files: { 's.js': source }, execArgv: ['--expose-gc'] }, async (target) => {
      await until(() => (target.records()[0]?.gc ?? []).some(({ kind }) => kind === 'mark-sweep-compact'), 'a full collection');
      const [fromNs, toNs] = target.stdout().split(' ').map(Number) as [number, number];
      const full = target.records()[0]?.gc.filter(({ kind, startNs }) => kind === 'mark-sweep-compact' && startNs > fromNs - 1e6) ?? [];
      expect(full[0]?.startNs).toBeGreaterThan(fromNs - 50e3);
      expect((full[0]?.startNs ?? 0) + (full[0]?.durationNs ?? 0)).toBeLessThan(toNs + 50e3);
    });
  });

  it('changes nothing that the target can see, and keeps no process alive', async () => {
    const look = 'console.log(JSON.stringify([process.eventNames(), process.listenerCount("exit"), Object.getOwnPropertyNames(globalThis).sort(), Object.keys(require.cache), require.main === module, module.parent, process._getActiveHandles().length, process.getActiveResourcesInfo(), process.execArgv, process.argv.slice(1)]))';
    const seen = (beforeLaunch?: (dir: string) => void) => withTarget({ files: { 's.js': look }, beforeLaunch }, async (target) => {
      expect(await target.exited).toBe(0);
      await until(() => target.stdout().endsWith('\n'), 'output');
      expect(target.stderr()).toBe('');
      const { NODE_OPTIONS: _, ...bare } = process.env;
      // The same pipes, without the probe.
      const without = spawnSync(process.execPath, [join(target.folder, 's.js')], { env: bare, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
      expect(JSON.parse(target.stdout())).toEqual(JSON.parse(without.stdout));
    });
    await seen();
    // Its folder is gone: the target runs as ever.
    await seen((dir) => rmSync(dir, { recursive: true }));
  });

  it('leaves when its lease ends, its control file goes, or it may not write', async () => {
    await withTarget({ files: { 's.js': IDLE } }, async (target) => {
      await until(() => slices(target).length > 0, 'slices');
      updateControl(target.dir, { aliveUntilNs: monoNs() + 300e6 });
      await until(() => target.records()[0]?.end !== null, 'the end');
      expect(target.records()[0]?.end?.reason).toBe('lease ended');
      expect(target.child.exitCode).toBeNull();
    });
    await withTarget({ files: { 's.js': IDLE } }, async (target) => {
      await until(() => slices(target).length > 0, 'slices');
      rmSync(join(target.dir, 'control.json'));
      await until(() => target.records()[0]?.end !== null, 'the end');
      expect(target.records()[0]?.end?.reason).toBe('control file gone');
    });
    await withTarget({
      files: { 's.js': `try { process.setuid(65534); } catch {} ${IDLE} console.log('up');` }, beforeLaunch: (dir) => chmodSync(dir, 0o555),
    }, async (target) => {
      await until(() => target.stdout() === 'up\n', 'the target');
      await sleep(600);
      expect(target.child.exitCode).toBeNull();
      expect(target.stderr()).toBe('');
      if (process.getuid?.() === 0) expect(target.records()).toEqual([]);
    });
  });
});

describe('nodeProbe', { timeout: 40_000 }, () => {
  it('starts, stops, and hands over one file a thread', async () => {
    await withTarget({ files: { 's.js': IDLE } }, async (target) => {
      const probe = await nodeProbe.prepare(target.ctx, 'all');
      await probe.start();
      await until(() => slices(target).length >= 2, 'slices');
      symlinkSync('/etc/passwd', join(target.dir, 'node.1.1.ndjson'));
      const artifacts = await probe.stop();
      const pid = target.child.pid ?? 0;
      expect(artifacts).toEqual([{ probe: 'node', window: 'all', file: `node.${pid}.${pid}.ndjson`, pid, tid: pid }]);
      expect(target.records()[0]?.end?.reason).toBe('asked');
      expect(existsSync(join(target.dir, 'control.json'))).toBe(false);
      expect(await probe.stop()).toEqual(artifacts);
      expect(target.child.exitCode).toBeNull();
    });
  });

  it('lets node --permission start, and says why it saw nothing', async () => {
    const flag = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission';
    await withTarget({ files: { 's.js': `console.log('up'); ${IDLE}` }, execArgv: [flag, '--allow-fs-read=*'] }, async (target) => {
      const probe = await nodeProbe.prepare(target.ctx, 'all');
      await probe.start();
      await until(() => target.stdout() === 'up\n', 'the target');
      await expect(probe.stop()).rejects.toThrow(/--permission/);
    });
  });

  it('adds itself once and escapes what NODE_OPTIONS needs', async () => {
    await withTarget({ files: { 's.js': '' } }, async ({ dir }) => {
      const once = nodeProbeEnv(dir, { NODE_OPTIONS: '--no-warnings' });
      expect(nodeProbeEnv(dir, once)).toEqual(once);
      expect(once['WHYSLOW_NODE_DIR']).toBe(dir);
      expect(nodeProbeEnv(dir, { NODE_OPTIONS: '--permission' })).toEqual({});
    });
  });

  it('never writes its orders through a link that the target laid', async () => {
    await withTarget({ files: { 's.js': '' } }, async ({ dir, folder }) => {
      const precious = join(folder, 'precious');
      writeFileSync(precious, 'keep');
      rmSync(join(dir, 'control.json'));
      symlinkSync(precious, join(dir, 'control.json'));
      updateControl(dir, { stop: true });
      expect(readFileSync(precious, 'utf8')).toBe('keep');
      expect(JSON.parse(readFileSync(join(dir, 'control.json'), 'utf8'))).toMatchObject({ stop: true });
    });
  });
});
