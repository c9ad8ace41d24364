import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseFailedPaths } from '../../src/parse/bpf-failed-paths.js';
import { mergeHists, quantileNs } from '../../src/parse/bpf-hist.js';
import { parseLedger } from '../../src/parse/bpf-ledger.js';
import { parseSched } from '../../src/parse/bpf-sched.js';
import { parseSockets } from '../../src/parse/bpf-sockets.js';
import { parseSyscalls } from '../../src/parse/bpf-syscalls.js';

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/raw/bpftrace/${name}.ndjson`, import.meta.url), 'utf8');
const got = <T>(value: T | null): T => {
  if (value === null) throw new Error('nothing was parsed');
  return value;
};
const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
const chunked = (text: string, size: number) => Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));

/** Every parser with a capture of its probe. */
const ALL = [
  ['syscalls-node-stalls', parseSyscalls], ['failed-paths-23', parseFailedPaths], ['sched-node-stalls', parseSched],
  ['sockets-flask-gevent', parseSockets], ['ledger-node-hello', parseLedger],
] as const;

describe('parsers of our programs', () => {
  it.each(ALL)('%s: the same at any chunk size', (name, parse) => {
    const text = fixture(name);
    expect(parse(chunked(text, 13))).toEqual(got<unknown>(parse(text)));
  });

  it.each(ALL)('%s: nothing of nothing, and of a program that never opened its gate', (_, parse) => {
    expect(parse('')).toBeNull();
    expect(parse('ERROR: could not attach\n{"type": "attached_probes", "data": {"probes": 9}}\n')).toBeNull();
  });

  it.each(ALL)('%s: what came before a kill in mid-line still counts', (name, parse) => {
    const text = fixture(name);
    for (const share of [0.3, 0.5, 0.9]) expect(() => parse(text.slice(0, text.length * share))).not.toThrow();
  });
});

describe('syscalls', () => {
  const capture = got(parseSyscalls(fixture('syscalls-node-stalls')));
  const main = capture.totals.loops[0];

  it('slices lie end to end and add up to the totals', () => {
    expect(capture.slices[0]?.startNs).toBe(capture.openNs);
    expect(capture.slices.at(-1)?.endNs).toBe(capture.closeNs);
    for (const [i, slice] of capture.slices.entries()) if (i > 0) expect(slice.startNs).toBe(capture.slices[i - 1]?.endNs);
    const calls = (of: typeof capture.totals) => sum(of.calls.map((c) => c.calls));
    expect(sum(capture.slices.map(calls))).toBe(calls(capture.totals));
    expect(sum(capture.slices.flatMap((s) => s.loops.map((l) => l.busyNs)))).toBe(sum(capture.totals.loops.map((l) => l.busyNs)));
  });

  it('names the calls, with lengths that agree with their sum', () => {
    const writev = capture.totals.calls.find((c) => c.name === 'writev');
    expect(writev?.calls).toBeGreaterThan(10_000);
    const mean = (writev?.ns ?? 0) / (writev?.calls ?? 1);
    expect(mean).toBeGreaterThan(quantileNs(writev?.hist ?? { count: 0, buckets: [] }, 0.05) ?? Infinity);
    expect(mean).toBeLessThan(quantileNs(writev?.hist ?? { count: 0, buckets: [] }, 0.99) ?? 0);
  });

  it('finds the loop, which is busy or idle all the time', () => {
    expect(capture.totals.loops).toHaveLength(1);
    expect(main?.pid).toBe(main?.tid);
    expect(((main?.busyNs ?? 0) + (main?.idleNs ?? 0)) / (capture.closeNs - capture.openNs)).toBeGreaterThan(0.9);
    expect(main?.ticks.count).toBeGreaterThan(100);
  });

  it('finds the planted stalls of 80 ms', () => {
    expect(capture.longTicks.length).toBeGreaterThan(0);
    for (const tick of capture.longTicks) {
      expect(tick.tid).toBe(main?.tid);
      expect(tick.lengthNs / 80e6).toBeGreaterThan(0.99);
      expect(tick.lengthNs / 80e6).toBeLessThan(1.05);
    }
  });

  it('says that a map was full', () => {
    const full = `${fixture('syscalls-node-stalls')}\n{"type": "whyslow_limits", "data": {"mapKeys": 10}}\n`;
    expect(got(parseSyscalls(full)).health.problems).toContain('map @lat is full: some of what it counts is missing');
    expect(capture.health).toEqual({ lostEvents: 0, problems: [] });
  });

  it('without the last dump, ends with the last slice', () => {
    const text = fixture('syscalls-node-stalls');
    const killed = got(parseSyscalls(text.slice(0, text.indexOf('"end '))));
    expect(killed.closeNs).toBe(capture.slices.at(-2)?.endNs);
    expect(killed.slices.map((s) => s.endNs)).toEqual(capture.slices.slice(0, -1).map((s) => s.endNs));
  });
});

describe('failed paths', () => {
  const capture = got(parseFailedPaths(fixture('failed-paths-23')));
  const planted = capture.totals.failed.filter((f) => f.path.startsWith('/nonexistent/'));

  it('counts each of the 7 planted lookups 23 times, with paths as they were given', () => {
    expect(planted.map((f) => f.calls)).toEqual(Array.from({ length: 7 }, () => 23));
    expect(new Set(planted.map((f) => f.errno))).toEqual(new Set(['ENOENT']));
    expect(planted.map((f) => f.path)).toEqual(expect.arrayContaining(['/nonexistent/a,b,3', '/nonexistent/café', '/nonexistent/new\nline "quoted" \\']));
  });

  it('marks the path that was cut', () => {
    const cut = planted.filter((f) => f.truncated);
    expect(cut).toHaveLength(1);
    expect(cut[0]?.path).toMatch(/^\/nonexistent\/y+$/);
  });

  it('has the time of all lookups', () => {
    const lookups = sum(capture.totals.lookups.map((l) => l.calls));
    expect(lookups).toBeGreaterThanOrEqual(sum(capture.totals.failed.map((f) => f.calls)));
    expect(sum(capture.totals.lookups.map((l) => l.ns)) / lookups).toBeGreaterThan(100);
  });
});

describe('sched', () => {
  const capture = got(parseSched(fixture('sched-node-stalls')));
  const wallNs = capture.closeNs - capture.openNs;

  it('accounts for the wall time of every thread', () => {
    expect(capture.totals.threads.length).toBeGreaterThan(3);
    for (const t of capture.totals.threads) expect((t.onCpuNs + t.sleepNs + t.diskNs + t.runQueueNs) / wallNs).toBeCloseTo(1, 1);
  });

  it('gives the reads to the thread that reads, in all and over time', () => {
    const readers = capture.totals.threads.filter((t) => t.reads > 0);
    expect(readers).toHaveLength(1);
    expect(sum(capture.slices.map((s) => s.reads))).toBe(readers[0]?.reads);
    expect(readers[0]?.reads).toBeGreaterThan(1000);
  });

  it('finds the planted stalls of 80 ms', () => {
    const stalls = capture.stretches.filter((s) => s.lengthNs > 60e6);
    expect(stalls.length).toBeGreaterThan(1);
    for (const s of stalls) {
      expect(s.lengthNs / 80e6).toBeGreaterThan(0.99);
      expect(s.lengthNs / 80e6).toBeLessThan(1.05);
      expect(s.onCpuNs).toBeLessThanOrEqual(s.lengthNs);
      expect(s.startNs).toBeGreaterThanOrEqual(capture.openNs);
    }
  });
});

describe('sockets', () => {
  const flask = got(parseSockets(fixture('sockets-flask-gevent')));
  const node = got(parseSockets(fixture('sockets-node-hello')));

  it('sees Nagle against delayed ACK: two sends a response, the second held back, 40 ms', () => {
    expect(flask.sends.map((s) => [s.n, s.bytes / s.count])).toEqual([[1, expect.closeTo(116, -1)], [2, 11]]);
    expect(flask.sends.map((s) => s.noDelay)).toEqual([0, 0]);
    expect(flask.sends[1]?.held).toBe(flask.sends[1]?.count);
    expect(sum(flask.responses.filter((r) => r.held && r.sends === 2).map((r) => r.count)) / sum(flask.responses.map((r) => r.count))).toBeGreaterThan(0.95);
    expect((quantileNs(flask.gapHeld, 0.5) ?? 0) / 1e6).toBeCloseTo(44, -1);
    expect(flask.gapHeld.sumNs / flask.gapHeld.count / 1e6).toBeCloseTo(44, -1);
  });

  it('sees one send a response, never held, of a server with TCP_NODELAY', () => {
    expect(node.sends).toHaveLength(1);
    expect(node.sends[0]?.noDelay).toBe(node.sends[0]?.count);
    expect(node.gapHeld.count).toBe(0);
    expect(quantileNs(node.gapHeld, 0.5)).toBeNull();
    expect(node.requests - sum(node.responses.map((r) => r.count))).toBeLessThanOrEqual(100);
    expect(sum(node.slices.map((s) => s.requests))).toBe(node.requests);
  });

  it('has fine buckets whose mean agrees with the sum', () => {
    const { service } = node;
    const mid = sum(service.buckets.map((b) => b.count * (b.lowNs + b.highNs) / 2)) / service.count;
    expect(mid / (service.sumNs / service.count)).toBeGreaterThan(0.97);
    expect(mid / (service.sumNs / service.count)).toBeLessThan(1.03);
    expect(mergeHists([service, service]).count).toBe(2 * service.count);
  });
});

describe('ledger', () => {
  const capture = got(parseLedger(fixture('ledger-node-hello')));
  const main = capture.threads.find((t) => t.pid === t.tid);

  it('sums to wall on every thread, within 2%', () => {
    expect(capture.threads.length).toBeGreaterThan(3);
    for (const t of capture.threads) {
      expect(t.wallNs).toBe(capture.closeNs - capture.openNs);
      expect(Math.abs(t.unaccountedNs) / t.wallNs).toBeLessThan(0.02);
    }
  });

  it('splits the main thread by call and leaves the sleepers where /proc saw them', () => {
    expect(main?.comm).toBe('node');
    expect(main?.kernel[0]?.name).toBe('writev');
    expect(main?.userNs).toBeGreaterThan(0);
    const asleep = capture.threads.filter((t) => !t.stirred);
    expect(asleep.length).toBeGreaterThan(0);
    for (const t of asleep) expect(t.blocked).toEqual([{ nr: expect.any(Number) as number, name: expect.stringMatching(/futex|epoll/) as string, ns: t.wallNs }]);
  });

  it('reads what was under way when the gate closed, on a machine that has been up for months as well', () => {
    const open = 4_600_000_000_000_000, close = open + 1e9;
    const now = (sinceNs: number, state: number, call: number) => String(BigInt.asIntN(64, (BigInt(sinceNs) << 12n) | BigInt(state << 10 | call)));
    const text = [
      `{"type": "printf", "data": "open ${open}\\n"}`,
      `{"type": "map", "data": {"@close": ${close}}}`,
      '{"type": "map", "data": {"@tgid": {"10": 10, "11": 10, "12": 10}}}',
      `{"type": "map", "data": {"@oncpu": {"10,10": 400000000}}}`,
      `{"type": "map", "data": {"@on": {"10": ${open + 6e8}}}}`,
      `{"type": "map", "data": {"@now": {"10": ${now(open + 9e8, 0, 2)}, "11": ${now(open + 5e8, 1, 203)}, "12": ${now(open + 5e8, 2, 0)}}}}`,
      '{"type": "map", "data": {"@blocked": {"10,10,0": 200000000, "10,11,202": 500000000}}}',
      '{"type": "map", "data": {"@unknown": {"12": 500000000}}}',
      '{"type": "whyslow_threads", "data": {"threads": [{"pid": 10, "tid": 12, "comm": "w", "nr": 232}, "bad", null]}}',
    ].join('\n');
    const { threads } = got(parseLedger(text));
    expect(threads).toHaveLength(3);
    const [a, b, c] = threads.sort((x, y) => x.tid - y.tid);
    expect(a).toMatchObject({ userNs: 7e8, kernel: [{ name: 'write', ns: 1e8 }], blocked: [{ name: 'read', ns: 2e8 }], unaccountedNs: 0 });
    expect(b).toMatchObject({ blocked: [{ name: 'futex', ns: 1e9 }], unaccountedNs: 0 });
    expect(c).toMatchObject({ blocked: [{ name: 'epoll_wait', ns: 5e8 }], runQueueNs: 5e8, unaccountedNs: 0 });
  });
});
