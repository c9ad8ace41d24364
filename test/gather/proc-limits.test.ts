import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readHost } from '../../src/gather/host.js';
import { limitsReader } from '../../src/gather/proc-limits.js';
import { otherTable } from '../../src/gather/proc-others.js';
import { procProbe } from '../../src/gather/proc.js';
import { othersBetween, throttlingBetween } from '../../src/parse/proc-limits.js';
import { parseProc } from '../../src/parse/proc-ndjson.js';
import { requires } from '../require.js';
import { contextOf, spawned } from './spawned.js';

const BURN = 'while True: pass';
const PYTHON = '/usr/bin/python3';

describe('limits', () => {
  it('finds no quota where there is none, and survives a process that is gone', () => {
    const limits = limitsReader();
    expect(limits.cgroups([2 ** 22 + 1])).toEqual([]);
    expect(limits.nofile([2 ** 22 + 1])).toEqual({});
    limits.close();
  });

  it.skipIf(requires('cgroup').skip || !existsSync('/sys/fs/cgroup/cpu/cpu.cfs_quota_us'))('counts how much a quota holds a process back', async () => {
    const v1 = '/sys/fs/cgroup/cpu';
    const group = `${v1}/whyslow-test-${String(process.pid)}`;
    const burner = spawned(PYTHON, ['-c', BURN]);
    mkdirSync(group);
    try {
      writeFileSync(`${group}/cpu.cfs_quota_us`, '20000');
      writeFileSync(`${group}/cgroup.procs`, String(burner.pid));
      const ctx = await contextOf(burner.pid);
      const probe = await procProbe.prepare(ctx, 'all');
      await probe.start();
      await sleep(1200);
      await probe.stop();
      const rec = parseProc(ctx.text('proc.ndjson'));
      ctx.remove();
      const [first, last] = [rec.slices[0]?.tNs ?? NaN, rec.slices.at(-1)?.tNs ?? NaN];
      const [quota] = throttlingBetween(rec, first, last);
      expect(quota).toMatchObject({ path: group, quotaCores: 0.2, periodMs: 100 });
      expect(quota?.throttledPeriods).toBeGreaterThan(4);
      // It wants a whole core and gets a fifth of one.
      expect((quota?.throttledNs ?? 0) / (last - first)).toBeGreaterThan(0.5);
    } finally {
      await burner.kill();
      for (let i = 0; i < 50; i++) {
        try {
          rmdirSync(group);
          break;
        } catch {
          await sleep(20);
        }
      }
    }
  }, 20_000);

  it('sees who else runs, and not those that are known', async () => {
    const burner = spawned(PYTHON, ['-c', BURN]);
    try {
      const read = otherTable(1e9);
      expect(read(new Set())).toBeNull();
      await sleep(400);
      expect(read(new Set())?.find(({ pid }) => pid === burner.pid)).toMatchObject({ comm: 'python3', role: 'other' });
      await sleep(200);
      expect(read(new Set([burner.pid]))?.some(({ pid }) => pid === burner.pid)).toBe(false);
      expect(otherTable()(new Set())).toBeNull();
    } finally {
      await burner.kill();
    }
  }, 20_000);

  it('tells children of whyslow apart, and adds up their CPU by time', async () => {
    const burner = spawned(PYTHON, ['-c', BURN]);
    const idle = spawned('/bin/sleep', ['30']);
    try {
      const ctx = await contextOf(idle.pid);
      const probe = await procProbe.prepare(ctx, 'all');
      expect(await procProbe.check(await readHost())).toEqual({ ok: true });
      await probe.start();
      await sleep(2600);
      await probe.stop();
      const rec = parseProc(ctx.text('proc.ndjson'));
      ctx.remove();
      const others = othersBetween(rec, rec.slices[0]?.tNs ?? NaN, rec.slices.at(-1)?.tNs ?? NaN);
      const seen = others?.find(({ pid }) => pid === burner.pid);
      expect(seen?.role).toBe('probe');
      expect(seen?.cores).toBeGreaterThan(0.05);
      expect(seen?.cores).toBeLessThan(1.1);
    } finally {
      await burner.kill();
      await idle.kill();
    }
  }, 20_000);
});
