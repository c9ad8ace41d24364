import { describe, expect, it } from 'vitest';
import { cpuUseFact } from '../../src/facts/cpu-use.js';
import { limitsFact } from '../../src/facts/limits.js';
import { queueFact } from '../../src/facts/queue.js';
import { rateTrendFact } from '../../src/facts/rate-trend.js';
import { factReader } from '../../src/facts/reader.js';
import { trendsFact } from '../../src/facts/trends.js';
import { loadText, runOf, s, window } from './run.js';

const windows = [window('warmup', -2, 0), window('clean', 0, 4), window('observed', 4, 5), window('clean', 5, 8), window('drain', 8, 8.1)];
const all = { window: 'all' as const };
/** A machine of two CPUs on which half of the ticks are idle, with a target that leaks descriptors; a slice every 250 ms. */
function procText(fds: (t: number) => number, rssPages: (t: number) => number = () => 20_000): string {
  const header = { type: 'header', version: 1, tNs: s(-3), arch: 'x64', cpus: 2, clockTicksHz: 100, pageBytes: 4096, tickNs: 1e7 };
  const slices = Array.from({ length: 45 }, (_, i) => {
    const t = -3 + i / 4;
    const ran = (t + 3) * 100;
    const process = { pid: 1, role: 'target', startTicks: 5, comm: 'node', utime: ran * 0.5, stime: 0, cutime: 0, cstime: 0, minflt: 0, majflt: 0, threads: 11, rssPages: rssPages(t) };
    const dear = i % 4 === 0;
    return {
      type: 'slice', tNs: s(t), cpu: { user: ran, nice: 0, system: 0, idle: ran, iowait: 0, irq: 0, softirq: 0, steal: 0 },
      net: { ListenOverflows: t > 2 ? 40 : 0, ListenDrops: t > 2 ? 41 : 0, PassiveOpens: Math.max(0, t * 100) },
      cgroups: [{ path: '/g', quotaUs: 50_000, periodUs: 100_000, periods: ran / 10, throttled: ran / 20, throttledUs: (t + 3) * 3e5 }],
      threads: [{ pid: 1, tid: 1, role: 'target', startTicks: 5, comm: 'node', state: 'R', utime: ran * 0.5, stime: 0, runNs: (t + 3) * 5e8, queueNs: (t + 3) * 3e8, voluntary: i, involuntary: i, minflt: 0, majflt: 0 }],
      gone: [], samples: {}, processes: [{ ...process, ...(dear ? { fds: fds(t) } : {}) }],
      ...(dear ? { established: { 1: 10 }, nofile: { 1: [256, 1024] }, others: i === 0 ? null : [{ pid: 9, comm: 'backup', role: 'other', ranTicks: 40 }] } : {}),
    };
  });
  return [header, ...slices].map((record) => `${JSON.stringify(record)}\n`).join('');
}

const runWith = (fds: (t: number) => number, rps: (t: number) => number = () => 1000) => factReader(runOf({
  windows, texts: [[{ probe: 'load', ...all }, loadText(-2, 8, rps)], [{ probe: 'proc', ...all }, procText(fds)]],
}));

describe('before the server sees it', () => {
  const read = runWith((t) => 40 + Math.max(0, t) * 25);

  it('counts what the listening sockets of the namespace dropped, and leaves open what only ss knows', () => {
    expect(read(queueFact)).toMatchObject({ ok: true, value: { overflows: 40, drops: 41, accepted: 800, portDrops: null, listenQueue: null } });
  });

  it('gives the quota in cores, and the time it withheld in the clean windows', () => {
    const limits = read(limitsFact);
    expect(limits).toMatchObject({ ok: true, value: { quota: { path: '/g', cores: 0.5, periodMs: 100 }, openFiles: [{ pid: 1, soft: 256, hard: 1024, sockets: 10 }] } });
    expect(limits.ok && limits.value.quota?.throttledShare).toBeCloseTo(0.3);
    expect(limits.ok && limits.value.quota?.throttledPeriodShare).toBeCloseTo(0.5);
    expect(limits.ok && limits.value.openFiles[0]?.most).toBeCloseTo(240);
  });

  it('says who uses the CPUs', () => {
    const use = read(cpuUseFact);
    if (!use.ok) throw new Error(use.reason);
    expect(use.value.idleCores).toBeCloseTo(1);
    expect(use.value.users.find(({ comm }) => comm === 'node')).toMatchObject({ who: 'server', cores: expect.closeTo(0.5) as number });
    expect(use.value.users.find(({ comm }) => comm === 'backup')).toMatchObject({ who: 'other', cores: expect.closeTo(0.4) as number });
  });

  it('sees a leak, and no leak in what breathes or has filled', () => {
    expect(read(trendsFact)).toMatchObject({ ok: true, value: { trends: [{ what: 'open files', grows: true, perS: expect.closeTo(25, -1) as number }] } });
    const filled = runWith((t) => (t < 1 ? 40 : 140))(trendsFact);
    expect(filled.ok && filled.value.trends.map((t) => t.grows)).toEqual([false]);
    expect(runWith(() => 40)(trendsFact)).toEqual({ ok: true, value: { trends: [] } });
  });

  it('calls the pages that V8 takes while it warms up no leak, unless what it holds grows as well', () => {
    const heapText = (heapUsed: (t: number) => number) => [
      { type: 'meta', pid: 1, tid: 1, ppid: 0, node: 'v20.0.0', isMainThread: true, threadId: 0, script: '/s.js', atNs: s(-3), periodMs: 10 },
      ...Array.from({ length: 40 }, (_, i) => ({ type: 'slice', startNs: s(-2 + i / 4), endNs: s(-1.75 + i / 4), elu: 0.5, delayNs: null, lateMs: {}, heapUsed: heapUsed(-2 + i / 4), heapTotal: 2e8, external: 1e6, allocated: { bytes: 0, ns: 0 } })),
    ].map((record) => `${JSON.stringify(record)}\n`).join('');
    const memory = (heapUsed: (t: number) => number) => {
      const trends = factReader(runOf({ windows, texts: [
        [{ probe: 'load', ...all }, loadText(-2, 8, () => 1000)],
        [{ probe: 'proc', ...all }, procText(() => 40, (t) => 20_000 + Math.max(0, t) * 2000)],
        [{ probe: 'node', ...all }, heapText(heapUsed)],
      ] }))(trendsFact);
      if (!trends.ok) throw new Error(trends.reason);
      return trends.value.trends.find(({ what }) => what === 'memory')?.grows;
    };
    expect(memory((t) => 1e7 + (t % 1) * 1e6)).toBe(false);
    expect(memory((t) => 1e7 + Math.max(0, t) * 8e6)).toBe(true);
  });
});

describe('the rate over time', () => {
  const trendOf = (rps: (t: number) => number) => {
    const trend = runWith(() => 40, rps)(rateTrendFact);
    if (!trend.ok) throw new Error(trend.reason);
    return trend.value;
  };

  it('climbs, or has climbed, or is noise', () => {
    expect(trendOf((t) => 1000 + 100 * t)).toMatchObject({ upShare: 1, stillClimbing: true });
    expect(trendOf((t) => (t < 2 ? 1000 + 300 * t : 1600))).toMatchObject({ stillClimbing: false });
    expect(trendOf((t) => (Math.round(t * 4) % 2 === 0 ? 500 : 1500)).noise).toBeGreaterThan(0.4);
  });

  it('leaves out the windows of heavy probes', () => {
    expect(trendOf((t) => (t >= 4 && t < 5 ? 10 : 1000)).noise).toBeCloseTo(0);
  });
});
