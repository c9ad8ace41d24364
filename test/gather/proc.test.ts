import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readHost } from '../../src/gather/host.js';
import { procProbe } from '../../src/gather/proc.js';
import { readProcOnce } from '../../src/gather/proc-file.js';
import { parseCpu, parseNet } from '../../src/gather/proc-machine.js';
import { parseStatCounters } from '../../src/gather/proc-stat.js';
import { machineDelta, processDelta, threadDelta } from '../../src/parse/proc-delta.js';
import { parseProc } from '../../src/parse/proc-ndjson.js';
import { contextOf, helloServer, spawned, steadyLoad } from './spawned.js';

const EIGHT_THREADS = `
import hashlib, threading, time
def work(n):
    while True:
        hashlib.sha256(b'x' * 100000).digest()
        time.sleep(0.002 * n)
for n in range(8):
    threading.Thread(target=work, args=(n + 1,), daemon=True).start()
time.sleep(60)
`;

/** Threads that live for 20 ms each, one after another: none is there long enough to be seen working. */
const SHORT_THREADS = `
import hashlib, threading, time
def work():
    end = time.process_time() + 0.02
    while time.process_time() < end: hashlib.sha256(b'x' * 100000).digest()
while True:
    t = threading.Thread(target=work); t.start(); t.join()
`;

/** utime + stime of the process in ms, as the kernel has it now. */
const cpuMs = (pid: number, hz: number): number => {
  const stat = parseStatCounters(readProcOnce(`/proc/${pid}/stat`));
  return ((stat?.utime ?? NaN) + (stat?.stime ?? NaN)) * (1000 / hz);
};

async function record(pid: number, ms: number, more: Parameters<typeof contextOf>[1] = {}) {
  const ctx = await contextOf(pid, more);
  try {
    const probe = await procProbe.prepare(ctx, 'all');
    const before = cpuMs(pid, ctx.host.clockTicksHz);
    await probe.start();
    await sleep(ms);
    const artifacts = await probe.stop();
    const after = cpuMs(pid, ctx.host.clockTicksHz);
    expect(await probe.stop()).toBe(artifacts);
    expect(artifacts).toEqual([{ probe: 'proc', window: 'all', file: 'proc.ndjson' }]);
    const rec = parseProc(ctx.text('proc.ndjson'));
    const range = [rec.slices[0]?.tNs ?? NaN, rec.slices.at(-1)?.tNs ?? NaN] as const;
    return { rec, range, usedMs: after - before };
  } finally {
    ctx.remove();
  }
}

describe('proc probe', () => {
  it('can run here', async () => {
    expect(await procProbe.check(await readHost())).toEqual({ ok: true });
  });

  it('sees each of eight threads, and their CPU as the kernel counts it', async () => {
    const python = spawned('/usr/bin/python3', ['-c', EIGHT_THREADS]);
    try {
      await sleep(300);
      const { rec, range, usedMs } = await record(python.pid, 1500);
      const threads = threadDelta(rec, ...range);
      expect(threads).toHaveLength(9);
      expect(threads.filter(({ runNs }) => runNs > 0).length).toBeGreaterThanOrEqual(8);
      const seenMs = threads.reduce((sum, { runNs }) => sum + runNs, 0) / 1e6;
      // Both counts are in ticks of 10 ms at each end.
      expect(Math.abs(seenMs - usedMs)).toBeLessThan(30 + 0.05 * usedMs);
      const [process] = processDelta(rec, ...range);
      expect(process?.threads).toBe(9);
      expect(threads.reduce((sum, { voluntary }) => sum + voluntary, 0)).toBeGreaterThan(100);
    } finally {
      await python.kill();
    }
  }, 20_000);

  it('counts the CPU of threads that came and went between two looks', async () => {
    const python = spawned('/usr/bin/python3', ['-c', SHORT_THREADS]);
    try {
      await sleep(300);
      const { rec, range, usedMs } = await record(python.pid, 1500);
      const [process] = processDelta(rec, ...range);
      const seenMs = ((process?.userNs ?? 0) + (process?.systemNs ?? 0)) / 1e6;
      expect(usedMs).toBeGreaterThan(100);
      expect(Math.abs(seenMs - usedMs)).toBeLessThan(30 + 0.05 * usedMs);
    } finally {
      await python.kill();
    }
  }, 20_000);

  it('finds an idle server in its event wait, with the descriptor of the epoll', async () => {
    const server = await helloServer();
    try {
      const { rec, range } = await record(server.pid, 1200, { port: server.port });
      const main = threadDelta(rec, ...range).find(({ tid }) => tid === server.pid);
      const [place] = main?.places ?? [];
      expect(place?.count).toBeGreaterThan(20);
      expect(readlinkSync(`/proc/${server.pid}/fd/${place?.fd}`)).toBe('anon_inode:[eventpoll]');
      expect(main?.runNs).toBeLessThan(0.2e9);
    } finally {
      await server.kill();
    }
  }, 20_000);

  it('counts the sockets of the served port, reads and writes, and the generator apart', async () => {
    const server = await helloServer();
    const load = steadyLoad(server.port);
    const generator = spawned('/bin/sh', ['-c', 'sleep 30 & wait']);
    try {
      const { rec, range } = await record(server.pid, 1400, { port: server.port, generatorPids: () => [generator.pid] });
      const processes = processDelta(rec, ...range);
      const served = processes.find(({ pid }) => pid === server.pid);
      expect(served?.io?.syscw).toBeGreaterThan(10);
      expect(served?.established).not.toBeNull();
      expect(served?.fds).toBeGreaterThan(10);
      // The child of the shell is found without being named.
      expect(processes.filter(({ role }) => role === 'generator').map(({ comm }) => comm).sort()).toEqual(['sh', 'sleep']);
      expect(machineDelta(rec, ...range)?.net['PassiveOpens']).toBeGreaterThan(10);
    } finally {
      load.end();
      await generator.kill();
      await server.kill();
    }
  }, 20_000);

  it('says how late it was and what it took', async () => {
    const server = await helloServer();
    try {
      const { rec } = await record(server.pid, 800);
      const { self } = rec.slices[2] ?? {};
      expect(self?.ticks).toBeGreaterThan(5);
      expect(self?.busyNs).toBeGreaterThan(0);
      expect(self?.busyNs).toBeLessThan(250e6);
      expect(self?.lateMaxNs).toBeGreaterThanOrEqual((self?.lateSumNs ?? NaN) / (self?.ticks ?? NaN));
    } finally {
      await server.kill();
    }
  }, 20_000);

  it('keeps the last values of a target that ended, and holds no file open', async () => {
    const python = spawned('/usr/bin/python3', ['-c', 'import time\nfor i in range(3000000): pass\ntime.sleep(0.6)']);
    const open = () => readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/self/fd/${fd}`)];
      } catch {
        return [];
      }
    }).filter((path) => path.startsWith(`/proc/${python.pid}/`));
    try {
      const { rec, range } = await record(python.pid, 1500);
      expect(processDelta(rec, ...range)[0]?.userNs).toBeGreaterThan(0);
      expect(open()).toEqual([]);
    } finally {
      await python.kill();
    }
  }, 20_000);

  it('leaves nothing when it was never started', async () => {
    const ctx = await contextOf(process.pid);
    try {
      const probe = await procProbe.prepare(ctx, 'all');
      expect(await probe.stop()).toEqual([]);
      expect(readdirSync(ctx.dir)).toEqual([]);
    } finally {
      ctx.remove();
    }
  });
});

describe('readers of /proc', () => {
  it('are not led astray by the name of a program', () => {
    const line = readFileSync('/proc/self/stat', 'utf8').replace(/\(.*\)/, '(a) R 1 2 (b)');
    expect(parseStatCounters(line)).toMatchObject({ comm: 'a) R 1 2 (b', threads: parseStatCounters(readFileSync('/proc/self/stat', 'utf8'))?.threads });
    expect(parseStatCounters('')).toBeNull();
    expect(parseStatCounters('1 (cut) S 1 2')).toBeNull();
  });

  it('read this machine', () => {
    const cpu = parseCpu(readFileSync('/proc/stat', 'utf8'));
    const hz = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
    expect((cpu?.idle ?? 0) / hz).toBeGreaterThan(0);
    expect(parseNet(readFileSync('/proc/net/netstat', 'utf8'))['ListenOverflows']).toBeGreaterThanOrEqual(0);
    expect(parseNet(readFileSync('/proc/net/snmp', 'utf8'))['RetransSegs']).toBeGreaterThanOrEqual(0);
    expect(parseCpu('intr 1 2\n')).toBeNull();
    expect(parseNet('TcpExt: ListenDrops\n')).toEqual({});
  });
});
