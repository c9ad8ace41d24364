import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readHost } from '../../src/gather/host.js';
import { straceProbe } from '../../src/gather/strace.js';
import { parseStrace } from '../../src/parse/strace.js';
import { summarizeStrace } from '../../src/parse/strace-summary.js';
import { startInWhyslow } from './dying-parent.js';
import { contextOf, exists, helloServer, spawned, statusField, steadyLoad, until } from './spawned.js';

const can = await straceProbe.check(await readHost());

/** Looks 23 times for two files that are not there, in a child as well, then says so and goes on. */
const LOOKS = `
import os, time
def look():
    for i in range(23):
        for path in ('/nonexistent/caf\\u00e9', '/nonexistent/' + 'y' * 300):
            try: os.stat(path)
            except OSError: pass
look()
if os.fork() == 0:
    look(); os._exit(0)
os.wait()
print('done', flush=True)
n = 0
while True:
    n += 1
    try: os.stat('/nonexistent/later')
    except OSError: pass
    time.sleep(0.005)
`;

const failed = (text: string) => summarizeStrace(parseStrace([text])).failedPaths.filter(({ path }) => path.startsWith('/nonexistent/'));

describe('strace probe where strace is missing', () => {
  it('says how to get it', async () => {
    expect(await straceProbe.check({ ...await readHost(), tools: {} })).toEqual({ ok: false, reason: 'strace is not installed', enable: 'apt install strace' });
  });
});

describe.skipIf(!can.ok)('strace probe', () => {
  it('sees every failed path of a start from exec on, forks included, then lets go', async () => {
    // Stopped before it becomes the target, as whyslow launches it.
    const python = spawned('/bin/sh', ['-c', 'kill -STOP $$; exec "$@"', 'sh', '/usr/bin/python3', '-c', LOOKS]);
    const ctx = await contextOf(python.pid);
    try {
      await until('it is stopped', () => statusField(python.pid, 'State') === 'T');
      const probe = await straceProbe.prepare(ctx, 'startup');
      await probe.start();
      expect(statusField(python.pid, 'TracerPid')).not.toBe('0');
      python.child.kill('SIGCONT');
      await once(python.child.stdout as NodeJS.EventEmitter, 'data');
      expect(await probe.stop()).toEqual([{ probe: 'strace', window: 'startup', file: 'strace-startup.txt' }]);
      expect(statusField(python.pid, 'TracerPid')).toBe('0');
      const found = failed(ctx.text('strace-startup.txt')).filter(({ path }) => !path.endsWith('later'));
      expect(found.map(({ path, errno, calls }) => [path, errno, calls])).toEqual([
        ['/nonexistent/café', 'ENOENT', 46], [`/nonexistent/${'y'.repeat(300)}`, 'ENOENT', 46],
      ]);
      // It goes on: its own look-ups neither fail otherwise nor stop.
      const before = statusField(python.pid, 'voluntary_ctxt_switches');
      await sleep(200);
      expect(Number(statusField(python.pid, 'voluntary_ctxt_switches'))).toBeGreaterThan(Number(before) + 5);
    } finally {
      await python.kill();
      ctx.remove();
    }
  }, 30_000);

  it('records all calls of a server under load on the monotonic clock; the server answers on afterwards', async () => {
    const server = await helloServer();
    const load = steadyLoad(server.port);
    const ctx = await contextOf(server.pid);
    try {
      const probe = await straceProbe.prepare(ctx, 'strace');
      const fromNs = Number(process.hrtime.bigint());
      await probe.start();
      const answeredBefore = load.answered();
      await sleep(600);
      const answered = load.answered() - answeredBefore;
      expect(await probe.stop()).toEqual([{ probe: 'strace', window: 'strace', file: 'strace-strace.txt' }]);
      const toNs = Number(process.hrtime.bigint());
      const calls = [...parseStrace([ctx.text('strace-strace.txt')])];
      const accepts = calls.filter(({ syscall, result }) => syscall.startsWith('accept') && Number(result) >= 0);
      // One connection a request; a few at each edge.
      expect(answered).toBeGreaterThan(5);
      expect(Math.abs(accepts.length - answered)).toBeLessThanOrEqual(5);
      // The clocks are tied to each other to within a millisecond.
      expect(calls.every(({ tNs }) => tNs > fromNs - 1e6 && tNs < toNs + 1e6)).toBe(true);
      expect(statusField(server.pid, 'TracerPid')).toBe('0');
      const seen = load.answered();
      await until('it answers on', () => load.answered() > seen + 20);
    } finally {
      load.end();
      await server.kill();
      ctx.remove();
    }
  }, 30_000);

  it('goes when whyslow is killed, and the target goes on', async () => {
    const server = await helloServer();
    const load = steadyLoad(server.port);
    const ctx = await contextOf(server.pid);
    try {
      const whyslow = await startInWhyslow('strace', 'straceProbe', 'strace', ctx);
      const tracers = whyslow.childrenNamed('strace');
      expect(tracers).toEqual([Number(statusField(server.pid, 'TracerPid'))]);
      await whyslow.kill();
      await until('strace is gone', () => tracers.every((pid) => !exists(pid)));
      expect(statusField(server.pid, 'TracerPid')).toBe('0');
      const seen = load.answered();
      await until('it answers on', () => load.answered() > seen + 20);
    } finally {
      load.end();
      await server.kill();
      ctx.remove();
    }
  }, 30_000);

  it('says who is in the way when the target is traced already', async () => {
    const python = spawned('/usr/bin/python3', ['-c', 'import time; time.sleep(30)']);
    const ctx = await contextOf(python.pid);
    const other = spawn('strace', ['-qq', '-o', '/dev/null', '-p', String(python.pid)], { stdio: 'ignore' });
    try {
      await until('the other one is attached', () => statusField(python.pid, 'TracerPid') === String(other.pid));
      const probe = await straceProbe.prepare(ctx, 'strace');
      await expect(probe.start()).rejects.toThrow(`process ${other.pid} traces the target already`);
      expect(statusField(python.pid, 'TracerPid')).toBe(String(other.pid));
    } finally {
      other.kill('SIGKILL');
      await python.kill();
      ctx.remove();
    }
  }, 20_000);

  it('leaves nothing when it was never started', async () => {
    const ctx = await contextOf(process.pid);
    try {
      const probe = await straceProbe.prepare(ctx, 'startup');
      expect(await probe.stop()).toEqual([]);
      expect(readdirSync(ctx.dir)).toEqual([]);
    } finally {
      ctx.remove();
    }
  });
});
