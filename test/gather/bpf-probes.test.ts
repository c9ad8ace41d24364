import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bpfScript } from '../../src/gather/bpf-script.js';
import { spawnBpftrace } from '../../src/gather/bpf-spawn.js';
import { failedPathsProbe } from '../../src/gather/failed-paths.js';
import { readHost } from '../../src/gather/host.js';
import { ledgerProbe } from '../../src/gather/ledger.js';
import { updateControl } from '../../src/gather/node-control.js';
import type { Probe } from '../../src/gather/probe.js';
import { schedProbe } from '../../src/gather/sched.js';
import { socketsProbe } from '../../src/gather/sockets.js';
import { syscallsProbe } from '../../src/gather/syscalls.js';
import { parseFailedPaths } from '../../src/parse/bpf-failed-paths.js';
import { parseLedger } from '../../src/parse/bpf-ledger.js';
import { parseSched } from '../../src/parse/bpf-sched.js';
import { parseSockets } from '../../src/parse/bpf-sockets.js';
import { parseSyscalls } from '../../src/parse/bpf-syscalls.js';
import type { WindowName } from '../../src/types.js';
import { requires } from '../require.js';
import { bpftracesOf, inOwnProcess, server } from './bpf-support.js';
import { contextOf, exists, spawned, steadyLoad, until } from './spawned.js';

const { skip } = requires('ebpf');
const monotonicNs = () => Number(process.hrtime.bigint());

describe.skipIf(skip)('eBPF probes on a real server', { timeout: 60_000 }, () => {
  let target: Awaited<ReturnType<typeof server>>;
  let ctx: Awaited<ReturnType<typeof contextOf>>;
  beforeEach(async () => {
    target = await server();
    ctx = await contextOf(target.pid, { port: target.port });
  });
  afterEach(async () => {
    await target.kill();
    ctx.remove();
    expect(bpftracesOf(target.pid)).toEqual([]);
  });

  /** Runs a probe around some work and gives what it wrote. */
  async function watch(probe: Probe, window: WindowName | 'all', work: () => Promise<unknown>): Promise<string> {
    expect(await probe.check(await readHost())).toEqual({ ok: true });
    const prepared = await probe.prepare(ctx, window);
    await prepared.start();
    await work();
    const artifacts = await prepared.stop();
    expect(artifacts).toEqual([{ probe: probe.id, window, file: `${probe.id}.${window}.ndjson` }]);
    return ctx.text(`${probe.id}.${window}.ndjson`);
  }

  const times = async (n: number, work: () => Promise<unknown>) => { for (let i = 0; i < n; i++) await work(); };

  it('failed-paths: 23 requests that look for 7 files are 7 paths, 23 times each', async () => {
    const text = await watch(failedPathsProbe, 'sockets', () => times(23, () => target.ask('/miss')));
    const capture = parseFailedPaths(text);
    const planted = capture?.totals.failed.filter((f) => f.path.startsWith('/nonexistent/')) ?? [];
    expect(planted.map((f) => f.calls)).toEqual(Array.from({ length: 7 }, () => 23));
    expect(planted.map((f) => f.path).sort()).toEqual([
      '/nonexistent/a,b,3', '/nonexistent/café', '/nonexistent/d', '/nonexistent/e/f', '/nonexistent/g', '/nonexistent/new\nline "quoted" \\', expect.stringMatching(/^\/nonexistent\/y{180,}$/),
    ].sort());
    expect(planted.filter((f) => f.truncated)).toHaveLength(1);
  });

  it('syscalls: counts what the server did, no more, and closes its loop', async () => {
    const before = monotonicNs();
    const text = await watch(syscallsProbe, 'observed', () => times(23, () => target.ask('/miss')));
    const capture = parseSyscalls(text);
    const calls = capture?.totals.calls.filter((c) => c.tid === target.pid) ?? [];
    const missed = calls.flatMap((c) => (/stat/.test(c.name) ? c.errors.filter((e) => e.errno === 2 || e.errno === 36) : []));
    expect(missed.reduce((n, e) => n + e.calls, 0)).toBe(23 * 7);
    expect(capture?.statuses).toEqual([{ pid: target.pid, status: '200', calls: 23 }]);
    expect(calls.find((c) => c.name === 'accept4')?.calls).toBeGreaterThanOrEqual(23);
    const windowNs = (capture?.closeNs ?? 0) - (capture?.openNs ?? 0);
    expect(capture?.openNs).toBeGreaterThan(before);
    // Nothing phantom at the edges: no call is longer than the window.
    for (const c of capture?.totals.calls ?? []) expect(c.maxNs ?? 0).toBeLessThan(windowNs);
    expect(capture?.totals.loops.find((l) => l.tid === target.pid)?.ticks.count).toBeGreaterThanOrEqual(23);
  });

  it.each([['syscalls', syscallsProbe, 'observed'], ['sched', schedProbe, 'all']] as const)('%s: finds every planted stall, and how long it was', async (id, probe, window) => {
    const text = await watch(probe, window, () => times(8, async () => {
      await sleep(20);
      await target.ask('/stall');
      // The answer leaves before the turn of the loop ends.
      await sleep(50);
    }));
    const stalls = id === 'sched' ? parseSched(text)?.stretches : parseSyscalls(text)?.longTicks;
    const own = (stalls ?? []).filter((s) => s.tid === target.pid && s.lengthNs >= 79e6);
    expect(own).toHaveLength(8);
    // Where others take the CPU, the stall truly lasts longer: the shortest tells how well it is measured.
    const shortest = Math.min(...own.map((s) => s.lengthNs)) / 80e6;
    expect(shortest).toBeGreaterThan(0.99);
    expect(shortest).toBeLessThan(1.05);
  });

  it('sched: counts the reads of the served port, and accounts for every thread', async () => {
    const text = await watch(schedProbe, 'all', () => times(23, () => target.ask('/')));
    const capture = parseSched(text);
    expect(capture?.readsWatched).toBe(true);
    expect(capture?.totals.threads.find((t) => t.tid === target.pid)?.reads).toBe(23);
    const wallNs = (capture?.closeNs ?? 0) - (capture?.openNs ?? 0);
    for (const t of capture?.totals.threads ?? []) expect((t.onCpuNs + t.sleepNs + t.diskNs + t.runQueueNs) / wallNs).toBeCloseTo(1, 1);
  });

  it('sched: leaves the reads to those who count answers and tell stalls, though the preload\'s first lines come late', async () => {
    ctx = { ...ctx, answersCounted: true };
    updateControl(ctx.dir, {});
    const tells = sleep(200).then(() => { writeFileSync(join(ctx.dir, `node.${String(target.pid)}.${String(target.pid)}.ndjson`), '{}\n'); });
    const text = await watch(schedProbe, 'all', async () => tells);
    expect(parseSched(text)?.readsWatched).toBe(false);
  });

  it('sockets: one request, one send, of the size it has', async () => {
    const text = await watch(socketsProbe, 'sockets', () => times(23, () => target.ask('/')));
    const capture = parseSockets(text);
    expect(capture).toMatchObject({ requests: 23, established: 23, readers: [{ pid: target.pid, tid: target.pid, requests: 23 }] });
    expect(capture?.sends[0]).toMatchObject({ n: 1, count: 23, held: 0 });
    expect(capture?.service.count).toBe(23);
  });

  it('ledger: every thread\'s parts sum to its wall time, within 2%', async () => {
    const load = steadyLoad(target.port);
    const text = await watch(ledgerProbe, 'ledger', () => sleep(600));
    load.end();
    const capture = parseLedger(text);
    expect(capture?.threads.length).toBeGreaterThanOrEqual(readdirSync(`/proc/${target.pid}/task`).length);
    for (const t of capture?.threads ?? []) expect(Math.abs(t.unaccountedNs) / t.wallNs).toBeLessThan(0.02);
    const main = capture?.threads.find((t) => t.tid === target.pid);
    expect(main?.userNs).toBeGreaterThan(0);
    expect(main?.blocked[0]?.name).toMatch(/^epoll_/);
  });

  it('waits compiled, with nothing attached, until it is started', async () => {
    const prepared = await schedProbe.prepare(ctx, 'all');
    const [pid = 0] = bpftracesOf(target.pid);
    expect(readFileSync(`/proc/${pid}/comm`, 'utf8')).toBe('bpftrace\n');
    const cpu = () => readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0];
    const before = cpu();
    await sleep(300);
    expect(cpu()).toBe(before);
    expect(await prepared.stop()).toEqual([]);
    expect(await prepared.stop()).toEqual([]);
    await until('bpftrace is gone', () => !exists(pid));
  });

  it('sees a process that joined after it was made ready', async () => {
    const late: number[] = [];
    ctx.pids = () => [target.pid, ...late];
    const prepared = await failedPathsProbe.prepare(ctx, 'sockets');
    const other = await server();
    try {
      late.push(other.pid);
      await prepared.start();
      await other.ask('/miss');
      await prepared.stop();
      const found = parseFailedPaths(ctx.text('failed-paths.sockets.ndjson'))?.totals.failed.filter((f) => f.pid === other.pid && f.path.startsWith('/nonexistent/'));
      expect(found).toHaveLength(7);
    } finally {
      await prepared.stop();
      await other.kill();
    }
  });

  it.each(['prepared', 'started'] as const)('dies with whyslow when that is killed while %s, and leaves no file', async (stage) => {
    const left = () => readdirSync(tmpdir()).filter((name) => readdirSafe(`${tmpdir()}/${name}`).includes('fifo'));
    const whyslow = await inOwnProcess('sched', 'schedProbe', 'all', stage, ctx);
    const tracers = bpftracesOf(target.pid);
    expect(tracers).toHaveLength(1);
    await whyslow.kill();
    await until('bpftrace is gone', () => tracers.every((pid) => !exists(pid)));
    expect(left()).toEqual([]);
    await target.ask('/');
  });
});

const readdirSafe = (dir: string): string[] => {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
};

describe.skipIf(skip)('a target that has not started yet', { timeout: 60_000 }, () => {
  it('is seen from its first call, with its children', async () => {
    // Stopped at once, as launch does; the child looks for a file as well.
    const shell = spawned('/bin/sh', ['-c', 'kill -STOP $$; cat /nonexistent/one; sh -c "cat /nonexistent/two; exit 0"; sleep 30']);
    const ctx = await contextOf(shell.pid);
    try {
      await until('it is stopped', () => readFileSync(`/proc/${shell.pid}/stat`, 'utf8').split(') ')[1]?.startsWith('T') ?? false);
      const prepared = await failedPathsProbe.prepare(ctx, 'startup');
      await prepared.start();
      process.kill(shell.pid, 'SIGCONT');
      await sleep(1000);
      await prepared.stop();
      const failed = parseFailedPaths(ctx.text('failed-paths.startup.ndjson'))?.totals.failed ?? [];
      expect(failed.filter((f) => f.path.startsWith('/nonexistent/')).map((f) => [f.path, f.errno, f.calls])).toEqual(expect.arrayContaining([
        ['/nonexistent/one', 'ENOENT', 1], ['/nonexistent/two', 'ENOENT', 1],
      ]));
    } finally {
      await shell.kill();
      ctx.remove();
    }
  });
});

describe.skipIf(skip)('programs', { timeout: 60_000 }, () => {
  it.each([
    ['sched on a kernel without sock_recv_length', { name: 'sched', arch: 'x64', reads: false, many: 1 }],
    ['sched for more threads than can be seeded', { name: 'sched', arch: 'x64', reads: true, many: 600 }],
    ['syscalls with aarch64\'s numbers', { name: 'syscalls', arch: 'arm64', reads: true, many: 1 }],
    ['failed-paths with aarch64\'s numbers', { name: 'failed-paths', arch: 'arm64', reads: true, many: 1 }],
  ])('load: %s', async (_, { many, ...input }) => {
    const threads = new Map([[process.pid, Array.from({ length: many }, (__, i) => process.pid + i)]]);
    const child = spawnBpftrace(['-e', bpfScript({ ...input, threads }), String(process.pid), '1'], 'pipe', 64);
    const ended = once(child, 'close');
    let said = '';
    let complained = '';
    child.stdout?.on('data', (d: Buffer) => { said += String(d); });
    child.stderr?.on('data', (d: Buffer) => { complained += String(d); });
    try {
      await Promise.race([until('the gate opens', () => said.includes('"open '), 20_000), ended]);
      expect(said, complained).toContain('"open ');
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
  });
});
