import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { machineDelta, processDelta, threadDelta, type Place } from '../../src/parse/proc-delta.js';
import { parseProc } from '../../src/parse/proc-ndjson.js';

const raw = (name: string) => readFileSync(new URL(`../../fixtures/raw/proc/${name}`, import.meta.url), 'utf8');

const HEADER = { type: 'header', version: 1, tNs: 0, arch: 'x64', cpus: 2, clockTicksHz: 100, pageBytes: 4096, tickNs: 1e7 };
const THREAD = { pid: 5, tid: 5, role: 'target', startTicks: 1, comm: 'a', state: 'S', utime: 0, stime: 0, runNs: 0, queueNs: 0, voluntary: 0, involuntary: 0, minflt: 0, majflt: 0 };
const PROCESS = { pid: 5, role: 'target', startTicks: 1, comm: 'a', utime: 0, stime: 0, cutime: 0, cstime: 0, minflt: 0, majflt: 0, threads: 1, rssPages: 10 };
const CPU = { user: 0, nice: 0, system: 0, idle: 0, iowait: 0, irq: 0, softirq: 0, steal: 0 };
const place = (where: number | 'running', count: number, more: Partial<Place> = {}): Place => ({ in: where, fd: null, count, link: null, futex: null, ...more });
const recording = (...slices: object[]) => parseProc([HEADER, ...slices.map((slice) => ({ type: 'slice', ...slice }))].map((r) => JSON.stringify(r)).join('\n'));

describe('proc.ndjson', () => {
  it('finds the serving thread and the generator of a capture', () => {
    const rec = parseProc(raw('node-hello.ndjson'));
    const [fromNs, toNs] = [rec.slices[0]?.tNs ?? 0, rec.slices.at(-1)?.tNs ?? 0];
    const threads = threadDelta(rec, fromNs, toNs);
    const serving = threads.find(({ role }) => role === 'target');
    expect(serving).toMatchObject({ name: 'node' });
    expect(serving?.tid).toBe(serving?.pid);
    expect(serving?.places[0]?.in).toBe('running');
    expect(threads.filter(({ role }) => role === 'generator').map(({ name }) => name)).toContain('wrk');
    const [process] = processDelta(rec, fromNs, toNs).filter(({ role }) => role === 'target');
    expect(process?.established).toBe(10);
    expect(process?.io?.syscw).toBeGreaterThan(1000);
  });

  it('tells threads and process alike: their CPU adds up', () => {
    const rec = parseProc(raw('python-8-threads.ndjson'));
    const [fromNs, toNs] = [rec.slices[0]?.tNs ?? 0, rec.slices.at(-1)?.tNs ?? 0];
    const threads = threadDelta(rec, fromNs, toNs);
    expect(threads).toHaveLength(9);
    const runNs = threads.reduce((sum, thread) => sum + thread.runNs, 0);
    const [process] = processDelta(rec, fromNs, toNs);
    expect(Math.abs(runNs - (process?.userNs ?? 0) - (process?.systemNs ?? 0))).toBeLessThan(30e6);
    // The main thread sleeps in clock_nanosleep (230), which takes no file descriptor.
    expect(threads.find(({ tid, pid }) => tid === pid)?.places).toEqual([expect.objectContaining({ in: 230, fd: null })]);
  });

  it('interpolates between slices, splits CPU by ticks, and shares out samples', () => {
    const rec = recording(
      { tNs: 0, threads: [THREAD], processes: [PROCESS] },
      { tNs: 1000, threads: [{ ...THREAD, utime: 3, stime: 1, runNs: 800, queueNs: 100 }], samples: { 5: { running: 8, '0:7': 2, 202: 4 } }, processes: [PROCESS] },
      { tNs: 2000, samples: { 5: { '0:7': 10 } }, processes: [PROCESS] },
    );
    expect(threadDelta(rec, 500, 2000)).toEqual([expect.objectContaining({
      wallNs: 1500, runNs: 400, userNs: 300, systemNs: 100, queueNs: 50,
      places: [place(0, 11, { fd: 7 }), place('running', 4), place(202, 2)],
    })]);
  });

  it('knows the file and the lock that a thread stood in', () => {
    const rec = recording(
      { tNs: 0, threads: [THREAD], processes: [PROCESS] },
      { tNs: 1000, samples: { 5: { '74:7': 5, '202@a5b8f0t': 3, '202@2d71276m': 2 } }, links: { 5: { 7: '/var/orders.db' } }, processes: [PROCESS] },
      { tNs: 2000, samples: { 5: { '74:7': 4 } }, links: { 5: { 7: '/var/orders.db-wal' } }, mappings: { a5b8f0: '/usr/bin/python3.11' }, sockets: { 9: { unix: '' } }, processes: [PROCESS] },
    );
    expect(threadDelta(rec, 0, 2000)[0]?.places).toEqual([
      place(74, 5, { fd: 7, link: '/var/orders.db' }), place(74, 4, { fd: 7, link: '/var/orders.db-wal' }),
      place(202, 3, { futex: { address: 'a5b8f0', kind: 'timed' } }), place(202, 2, { futex: { address: '2d71276', kind: 'mutex' } }),
    ]);
    expect(rec.mappings.get('a5b8f0')).toBe('/usr/bin/python3.11');
    expect(rec.sockets.get('9')).toEqual({ unix: '' });
  });

  it('counts a thread that was born meanwhile from zero, keeps the last values of one that ended, and is not fooled by a used tid', () => {
    const rec = recording(
      { tNs: 0, threads: [THREAD], processes: [PROCESS] },
      { tNs: 1000, threads: [{ ...THREAD, runNs: 10 }, { ...THREAD, tid: 6, startTicks: 2, runNs: 70 }], processes: [PROCESS] },
      { tNs: 2000, gone: [6], threads: [], processes: [PROCESS] },
      { tNs: 3000, threads: [{ ...THREAD, tid: 6, startTicks: 9, runNs: 5 }], processes: [PROCESS] },
    );
    expect(threadDelta(rec, 0, 3000).map(({ tid, startTicks, runNs, wallNs }) => [tid, startTicks, runNs, wallNs])).toEqual([
      [6, 2, 70, 2000], [5, 1, 10, 3000], [6, 9, 5, 1000],
    ]);
    expect(threadDelta(rec, 2000, 3000).map(({ tid, startTicks }) => [tid, startTicks])).toEqual([[6, 9], [5, 1]]);
  });

  it('sees a process that ended, and its CPU in its parent', () => {
    const rec = recording(
      { tNs: 0, threads: [], processes: [PROCESS, { ...PROCESS, pid: 6 }] },
      { tNs: 1e9, threads: [], processes: [{ ...PROCESS, cutime: 30, cstime: 10 }] },
      { tNs: 2e9, threads: [], processes: [PROCESS] },
    );
    expect(processDelta(rec, 0, 1e9).map(({ pid, wallNs, childrenNs }) => [pid, wallNs, childrenNs])).toEqual([[5, 1e9, 0.4e9], [6, 1e9, 0]]);
    expect(processDelta(rec, 1e9, 2e9).map(({ pid }) => pid)).toEqual([5]);
  });

  it('falls back to clock ticks without schedstat', () => {
    const bare = { ...THREAD, runNs: null, queueNs: null };
    const rec = recording({ tNs: 0, threads: [bare], processes: [] }, { tNs: 1e9, threads: [{ ...bare, utime: 20, stime: 5 }], processes: [] });
    expect(threadDelta(rec, 0, 1e9)[0]).toMatchObject({ runNs: 250e6, userNs: 200e6, systemNs: 50e6, queueNs: null });
  });

  it('gives idle cores, the growth of network counters, and its own cost', () => {
    const rec = recording(
      { tNs: 0, cpu: CPU, net: { ListenDrops: 7 }, threads: [], processes: [], self: { ticks: 0, lateMaxNs: 9, lateSumNs: 0, busyNs: 0, cpuUs: 1000 } },
      { tNs: 1e9, cpu: { ...CPU, user: 100, idle: 80, steal: 20 }, net: { ListenDrops: 12 }, threads: [], processes: [], self: { ticks: 25, lateMaxNs: 4, lateSumNs: 0, busyNs: 0, cpuUs: 21_000 } },
    );
    expect(machineDelta(rec, 0, 1e9)).toEqual({ idleCores: 0.8, stolenCores: 0.2, net: { ListenDrops: 5 }, selfCpuShare: 0.02, lateMaxNs: 4 });
    expect(machineDelta(rec, 5e9, 6e9)).toBeNull();
  });

  it('leaves out a last line cut short, and refuses one cut short elsewhere or a file without header', () => {
    const text = raw('node-hello.ndjson').trimEnd();
    expect(parseProc(text.slice(0, -40)).slices).toHaveLength(parseProc(text).slices.length - 1);
    expect(() => parseProc(raw('malformed.ndjson'))).toThrow(/line 2/);
    expect(() => parseProc('')).toThrow(/header/);
  });

  it('has no deltas where there is nothing to compare', () => {
    const rec = recording({ tNs: 0, threads: [THREAD], processes: [PROCESS] });
    expect(threadDelta(rec, 0, 1e9)).toEqual([]);
    expect(processDelta(rec, 0, 1e9)).toEqual([]);
    expect(machineDelta(rec, 0, 1e9)).toBeNull();
  });
});
