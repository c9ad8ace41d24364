import { setTimeout as sleep } from 'node:timers/promises';
import { readdirSync, readFileSync } from 'node:fs';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { alive, bin, fixtureDir, inTempDir, whyslow } from './whyslow.js';

const tracers = () => [...alive('bpftrace', '-f', 'json'), ...alive('perf', 'record'), ...alive('strace', '-ttt')];

/** Waits for the load to be under way: by then every kind of probe is there. */
const UNDER_LOAD_S = 7;
/** The watchdog's grace for the target is 3 s. */
const GONE_WITHIN_S = 8;

describe('when whyslow ends', () => {
  it('killed by SIGKILL: no tracer, no target, no load generator, no file is left', async () => {
    await inTempDir(async (dir) => {
      const before = new Set(tracers());
      const run = execa(process.execPath, [bin, '--', 'node', 'server.js', dir], { cwd: fixtureDir('node-hello'), env: { TMPDIR: dir }, reject: false, stdin: 'ignore' });
      await sleep(UNDER_LOAD_S * 1000);
      expect(alive('server.js', dir).length).toBeGreaterThan(0);
      expect(readdirSync(dir)).not.toEqual([]);
      run.kill('SIGKILL');
      await run;
      const gone = () => alive('server.js', dir).length === 0 && tracers().every((pid) => before.has(pid)) && alive('autocannon-worker').length === 0 && readdirSync(dir).length === 0;
      for (let left = GONE_WITHIN_S; left > 0 && !gone(); left -= 0.2) await sleep(200);

      expect(gone(), JSON.stringify({ target: alive('server.js', dir), tracers: tracers(), files: readdirSync(dir) })).toBe(true);
    });
  });

  it('by Ctrl-C: a report of what was gathered, and nothing left', async () => {
    await inTempDir(async (dir) => {
      const run = execa(process.execPath, [bin, '-d', '30', '--json', '-', '--', 'node', 'server.js', dir], { cwd: fixtureDir('node-hello'), reject: false, stdin: 'ignore' });
      // Its progress says when: a busy machine takes long to prepare.
      let said = '';
      run.stderr.on('data', (text: Buffer) => {
        if (!said.includes('measuring') && (said += text.toString()).includes('measuring')) setTimeout(() => run.kill('SIGINT'), 1500);
      });
      const { stdout, exitCode } = await run;
      const report = JSON.parse(stdout) as { interrupted: string | null; load: { requests: number } | null };

      expect(exitCode).toBe(0);
      expect(report.interrupted).toContain('user');
      expect(report.load?.requests).toBeGreaterThan(0);
      expect(alive('server.js', dir)).toEqual([]);
    });
  });

  it('a saved run gives the same report again, byte for byte', async () => {
    await inTempDir(async (dir) => {
      const live = await whyslow(['-d', '3', '--warmup', '0', '-o', `${dir}/run`, '--json', `${dir}/live.json`, '--', 'node', 'server.js'], { cwd: fixtureDir('node-hello') });
      const again = await whyslow(['report', `${dir}/run`, '--json', `${dir}/again.json`]);

      expect([live.exitCode, again.exitCode]).toEqual([0, 0]);
      expect(readFileSync(`${dir}/again.json`, 'utf8')).toBe(readFileSync(`${dir}/live.json`, 'utf8'));
      expect(again.stdout).toBe(live.stdout);
      expect(readdirSync(`${dir}/run`).sort()).toEqual(['artifacts', 'manifest.json']);
    });
  });
});
