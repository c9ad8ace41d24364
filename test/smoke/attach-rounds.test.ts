import { execa } from 'execa';
import { readdirSync, readFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Report } from '../../src/types.js';
import { listenersOf } from '../../src/target/listeners.js';
import { requires } from '../require.js';
import { alive, bin, expectOf, fixtureDir, inTempDir } from './whyslow.js';

/** The server's port may not stay open to anyone for longer than this after whyslow was killed, s. */
const PORT_CLOSED_WITHIN_S = 5;
/** Tracers notice that nobody listens, and the watchdog clears the folder, s. */
const GONE_WITHIN_S = 8;
/** Of six rounds, two end by SIGKILL: while the inspector is open or nearly so, and under load. */
const KILL_AFTER_MS = [null, 700, null, null, 2600, null];

describe.skipIf(requires('ebpf', 'perf').skip)('attach, again and again', () => {
  it('one Node under load answers all, and nothing of us stays', async () => {
    const server = execa('node', ['server.js'], { cwd: fixtureDir('node-hello'), env: { PORT: '0' }, reject: false, stdin: 'ignore', buffer: false });
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    let going = true;
    const answers = { ok: 0, bad: 0 };
    try {
      expect(expectOf('node-hello').start).toEqual(['node', 'server.js']);
      const pid = server.pid ?? 0;
      while (listenersOf([pid]).length === 0) await sleep(50);
      const port = listenersOf([pid])[0]?.port;
      const client = async () => {
        while (going) {
          await new Promise<void>((resolve) => {
            get({ host: '127.0.0.1', port, agent }, (answer) => answer.resume().on('end', () => {
              answers[answer.statusCode === 200 ? 'ok' : 'bad'] += 1;
              resolve();
            })).on('error', () => { answers.bad += 1; resolve(); });
          });
          await sleep(3);
        }
      };
      const clients = Array.from({ length: 8 }, client);
      await sleep(1000);
      const count = (what: string) => readdirSync(`/proc/${String(pid)}/${what}`).length;
      const before = { fds: count('fd'), threads: count('task'), tools: new Set(ours()) };
      for (const killAfterMs of KILL_AFTER_MS) await inTempDir(async (dir) => {
        const report = join(dir, 'report.json');
        const run = execa(process.execPath, [bin, 'attach', String(pid), '--signal-ok', '-d', '2', '--warmup', '0', '--json', report], { env: { TMPDIR: dir }, reject: false, stdin: 'ignore' });
        if (killAfterMs !== null) setTimeout(() => run.kill('SIGKILL'), killAfterMs);
        const { exitCode, stderr } = await run;
        if (killAfterMs === null) {
          expect(exitCode, stderr).toBe(0);
          expect((JSON.parse(readFileSync(report, 'utf8')) as Report).probes.find((p) => p.id === 'node')?.status).toBe('ok');
        }
        expect(await within(PORT_CLOSED_WITHIN_S, () => listenersOf([pid]).length === 1), 'the inspector is closed').toBe(true);
        expect(await within(GONE_WITHIN_S, () => ours().every((id) => before.tools.has(id))), 'no tool is left').toBe(true);
        expect(await within(GONE_WITHIN_S, () => readdirSync(dir).every((name) => name === 'report.json')), 'no file is left').toBe(true);
      });
      going = false;
      await Promise.all(clients);
      expect(server.exitCode).toBeNull();
      expect(answers.bad).toBe(0);
      expect(answers.ok).toBeGreaterThan(1000);
      expect(count('fd')).toBeLessThanOrEqual(before.fds + 2);
      expect(count('task')).toBeLessThanOrEqual(before.threads + 1);
    } finally {
      going = false;
      agent.destroy();
      server.kill('SIGKILL');
      await server;
    }
  });
});

/** What whyslow may have started on this machine. */
const ours = () => [...alive('bpftrace', '-f', 'json'), ...alive('perf', 'record'), ...alive('strace', '-p'), ...alive('node-injector'), ...alive('whyslow-watchdog')];

async function within(seconds: number, met: () => boolean): Promise<boolean> {
  for (const untilMs = performance.now() + seconds * 1000; performance.now() < untilMs;) {
    if (met()) return true;
    await sleep(50);
  }
  return met();
}
