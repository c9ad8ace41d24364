import { execa, type Subprocess } from 'execa';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Report } from '../../src/types.js';
import { listenersOf } from '../../src/target/listeners.js';
import { requires } from '../require.js';
import { alive, bin, expectOf, fixtureDir, inTempDir, whyslow } from './whyslow.js';

const running: Subprocess[] = [];
afterEach(async () => { for (const server of running.splice(0)) { server.kill('SIGKILL'); await Promise.resolve(server); } });

const freePort = (): Promise<number> => new Promise((resolve) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const address = probe.address();
    probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
  });
});

/** A fixture that runs before whyslow does, and answers. */
async function served(id: string, env: Record<string, string> = {}): Promise<{ pid: number; url: string; port: number }> {
  const { start } = expectOf(id);
  const port = await freePort();
  const server = execa(start[0] ?? '', start.slice(1), { cwd: fixtureDir(id), env: { PORT: String(port), ...env }, reject: false, stdin: 'ignore', buffer: false });
  running.push(server);
  const url = `http://127.0.0.1:${String(port)}/`;
  while (!await fetch(url).then(() => true, () => false)) await sleep(50);
  return { pid: server.pid ?? 0, url, port };
}

const attached = async (target: string, ...options: string[]): Promise<Report> => {
  const { stdout, stderr, exitCode } = await whyslow(['attach', target, '--json', '-', '-d', '5', ...options]);
  if (exitCode !== 0) throw new Error(String(stderr));
  return JSON.parse(String(stdout)) as Report;
};
const shown = (report: Report) => JSON.stringify({ verdict: report.verdict, probes: report.probes.filter((p) => p.status !== 'ok') }, null, 1);
const listens = (pid: number) => listenersOf([pid]).length;
const tracers = () => [...alive('bpftrace', '-f', 'json'), ...alive('perf', 'record')];

describe.skipIf(requires('ebpf', 'perf').skip)('attach', () => {
  it('names the function in a Node server that ran before, and leaves it as it was', async () => {
    const { pid, url } = await served('node-hot-function');
    const [ports, threads, fds] = [listens(pid), readdirSync(`/proc/${String(pid)}/task`).length, readdirSync(`/proc/${String(pid)}/fd`).length];
    const report = await attached(String(pid), '--url', url, '--signal-ok');

    expect(report.target).toMatchObject({ origin: 'attach', pid, runtime: 'node' });
    expect(report.verdict.id, shown(report)).toBe('cpu-bound-user');
    expect(report.findings[0]?.culprit?.name).toContain('editDistance');
    expect(report.phases.map((w) => w.name)).not.toContain('startup');
    expect(await fetch(url).then((r) => r.status)).toBe(200);
    expect(listens(pid)).toBe(ports);
    // The inspector's own thread may stay asleep; nothing grows beyond it.
    expect(readdirSync(`/proc/${String(pid)}/task`).length - threads).toBeLessThanOrEqual(1);
    expect(readdirSync(`/proc/${String(pid)}/fd`).length).toBeLessThanOrEqual(fds + 2);
  });

  it('names the function in worker threads that ran before, and says of one that ends that it did', async () => {
    const { pid, url } = await served('node-worker-threads');
    const report = await attached(String(pid), '--url', url, '--signal-ok');
    expect(report.findings.map((f) => f.culprit?.name).join(), shown(report)).toContain('blur');
    setTimeout(() => process.kill(pid, 'SIGKILL'), 2500);
    const ended = await attached(String(pid));
    expect(ended.interrupted).toMatch(/ended by itself/);
  });

  it('sends no signal without --signal-ok, and says what it goes without', async () => {
    const { pid, url } = await served('node-hot-function');
    const report = await attached(String(pid), '--url', url);
    expect(report.probes.find((p) => p.id === 'node')).toMatchObject({ status: 'unavailable', enable: expect.stringContaining('--signal-ok') as string });
    expect(report.findings.map((f) => f.id)).not.toContain('nagle-delayed-ack');
  });

  it('never signals a process that the signal would end', async () => {
    const port = await freePort();
    const server = execa(process.execPath, ['-e', `process.on('SIGUSR1', () => {}); process.removeAllListeners('SIGUSR1'); require('http').createServer((q, r) => r.end('x')).listen(${String(port)}, '127.0.0.1')`], { reject: false, stdin: 'ignore' });
    running.push(server);
    while (!await fetch(`http://127.0.0.1:${String(port)}/`).then(() => true, () => false)) await sleep(50);
    const report = await attached(`:${String(port)}`, '--url', `http://127.0.0.1:${String(port)}/`, '--signal-ok');
    expect(server.exitCode).toBeNull();
    expect(report.probes.find((p) => p.id === 'node')?.status).not.toBe('ok');
  });

  it('watches the traffic that is there, and sends none of its own', async () => {
    const { port, url } = await served('node-hello');
    const users = execa('wrk', ['-t1', '-c10', '-d60s', url], { reject: false });
    running.push(users);
    const report = await attached(`:${String(port)}`, '-d', '4');
    expect(report.load?.tool).toBe('none');
    expect(report.target.serving.length, shown(report)).toBeGreaterThan(0);
    expect(report.load?.requests ?? 0).toBeGreaterThan(100);
    // Those that are there, not those that a load of ours would have opened.
    expect(report.load?.connections).toBe(10);
    expect(report.load?.statuses).toEqual({ 200: report.load?.requests });
    expect(JSON.stringify(report.findings)).not.toContain('in flight');
  });

  it('Ctrl-C ends it early, with a report of what was seen', async () => {
    await inTempDir(async (dir) => {
      const { pid, url } = await served('node-hello');
      const users = execa('wrk', ['-t1', '-c4', '-d60s', url], { reject: false });
      running.push(users);
      const file = join(dir, 'report.json');
      const run = execa(process.execPath, [bin, 'attach', String(pid), '-d', '60', '--json', file], { reject: false, stdin: 'ignore' });
      // A busy machine takes its time to begin.
      let said = '';
      run.stderr.on('data', (text: Buffer) => {
        if (!said.includes('measuring') && (said += text.toString()).includes('measuring')) setTimeout(() => run.kill('SIGINT'), 2500);
      });
      const { exitCode, stdout } = await run;
      expect(exitCode).toBe(0);
      expect(stdout).toContain('its own traffic, counted at its sockets');
      const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
      expect(report.interrupted).toBe('ended early by the user');
      expect(report.load?.requests ?? 0).toBeGreaterThan(100);
    });
  });

  it('finds all workers of a pre-fork server by its port', async () => {
    const { port, url } = await served('gunicorn-sleep');
    const report = await attached(`:${String(port)}`, '--url', url);
    expect(report.verdict.id, shown(report)).toBe('worker-pool-exhausted');
    expect(new Set(report.target.serving.map((t) => t.pid)).size).toBeGreaterThan(1);
  });

  it('killed by SIGKILL: the server lives, and no tracer, port or file is left', async () => {
    await inTempDir(async (dir) => {
      const { pid, url } = await served('node-hello');
      const ports = listens(pid);
      const before = new Set(tracers());
      const run = execa(process.execPath, [bin, 'attach', String(pid), '--url', url, '--signal-ok', '-d', '20'], { env: { TMPDIR: dir }, reject: false, stdin: 'ignore' });
      await sleep(6000);
      run.kill('SIGKILL');
      await run;
      const gone = () => tracers().every((id) => before.has(id)) && readdirSync(dir).length === 0;
      for (let left = 8; left > 0 && !gone(); left -= 0.2) await sleep(200);
      expect(gone(), JSON.stringify({ files: readdirSync(dir) })).toBe(true);
      expect(await fetch(url).then((r) => r.status)).toBe(200);
      expect(listens(pid)).toBe(ports);
    });
  });

  it('says in one line why it cannot, with exit code 2', async () => {
    for (const [target, said] of [['4194305', /no process/], [':1', /nobody listens/], ['no-such-server', /no process is called/]] as const) {
      const { exitCode, stderr } = await whyslow(['attach', target]);
      expect(exitCode).toBe(2);
      expect(String(stderr).trim().split('\n')).toHaveLength(1);
      expect(String(stderr)).toMatch(said);
    }
  });
});
