import { describe, expect, it } from 'vitest';
import { cpuBoundUser } from '../../src/rules/cpu-bound-user.js';
import { eventLoop, flaskNagle, frame, hot, hotFunction, nodeHello, outbound, peer, requests, thread, threads, tick, without, type FactValues } from './facts.js';
import { absent, finding, noData } from './judge.js';
import { tailedLatency } from './latency.js';

const rank = frame('rank', '/app/vendor/fuzzy-rank/index.js', { line: 31 });
const search = frame('search', '/app/lib/search.js', { line: 9 });
const handler = frame('handler', '/app/server.js', { line: 5 });
const full = { requests: requests(50, 310), threads: threads([thread(0.99, { systemShare: 0.04 })]) };
const flat = (byOrigin: Parameters<typeof hot>[1], functions: Parameters<typeof hot>[0] = []): FactValues => ({ ...full, 'hot-functions': hot(functions, byOrigin) });

const hotRank = flat({ app: 0.9, runtime: 0.06, kernel: 0.03 }, [
  hotFunction(rank, 0.78, 0.84, [search, handler]), hotFunction(search, 0.05, 0.9, [handler]), hotFunction(handler, 0.01, 0.95),
]);

describe('cpu-bound-user', () => {
  it('names function, file and line, self and total', () => {
    const f = finding(cpuBoundUser, hotRank);
    expect(f.culprit).toEqual({ kind: 'function', name: 'rank (vendor/fuzzy-rank/index.js:31)', file: '/app/vendor/fuzzy-rank/index.js', line: 31 });
    expect(f.cost.share).toBeGreaterThan(0.8);
    expect(f.cost.msPerRequest).toBeCloseTo(0.84 * (990 / 310), 1);
    expect(f.summary).toContain('84%');
    expect(f.summary).toContain('78%');
  });

  it('finds who calls an expensive function of the runtime', () => {
    const pbkdf2 = frame('pbkdf2Sync', 'node:internal/crypto/pbkdf2', { origin: 'runtime' });
    const job = frame('run', null, { origin: 'runtime', kind: 'native', line: null });
    const token = frame('checkToken', '/app/lib/token.js', { line: 4 });
    const f = finding(cpuBoundUser, flat({ app: 0.04, runtime: 0.93 }, [hotFunction(job, 0.9, 0.9, [pbkdf2, token, handler]), hotFunction(token, 0.01, 0.93, [handler])]));
    expect(f.culprit?.name).toContain('checkToken');
    expect(f.cost.share).toBeCloseTo(0.9, 1);
  });

  it('walks down to the deepest function that owns most of it, where the work is spread', () => {
    const render = frame('render', '/app/node_modules/tiny/render.js', { origin: 'dependency', package: 'tiny' });
    const small = Array.from({ length: 8 }, (_, i) => hotFunction(frame(`part${i}`, '/app/node_modules/tiny/parts.js', { origin: 'dependency', package: 'tiny', line: i }), 0.09, 0.09, [render, handler]));
    const f = finding(cpuBoundUser, flat({ app: 0.05, dependency: 0.75, runtime: 0.15 }, [...small, hotFunction(handler, 0.03, 0.92), hotFunction(render, 0.02, 0.8, [handler])]));
    expect(f.culprit?.name).toContain('render');
  });

  it('is absent on a flat profile spread over a framework', () => {
    const route = frame('handle', '/app/node_modules/framework/router.js', { origin: 'dependency', package: 'framework' });
    const parts = Array.from({ length: 9 }, (_, i) => hotFunction(frame(`mw${i}`, '/app/node_modules/framework/mw.js', { origin: 'dependency', line: i }), 0.045, 0.05, [route]));
    absent(cpuBoundUser, flat({ app: 0.03, dependency: 0.42, runtime: 0.35, kernel: 0.2 }, [...parts, hotFunction(route, 0.03, 0.82), hotFunction(handler, 0.03, 0.25, [route])]));
  });

  it('is absent on a hello server at full load: its handler ends in the runtime\'s own writing', () => {
    expect(absent(cpuBoundUser, nodeHello())).toContain('stands out');
  });

  it('leaves file lookups to their own rule', () => {
    const native = frame('stat', null, { origin: 'runtime', kind: 'native', line: null });
    const fs = frame('statSync', 'node:fs', { origin: 'runtime' });
    absent(cpuBoundUser, flat({ app: 0.1, runtime: 0.8 }, [hotFunction(native, 0.6, 0.6, [fs, handler]), hotFunction(handler, 0.05, 0.9)]));
  });

  it('does not charge a function with the lookups below it', () => {
    const native = frame('stat', null, { origin: 'runtime', kind: 'native', line: null });
    const fs = frame('statSync', 'node:fs', { origin: 'runtime' });
    const tryStat = frame('tryStat', '/app/lib/resolve.js');
    const f = finding(cpuBoundUser, flat({ app: 0.3, runtime: 0.6 }, [hotFunction(native, 0.35, 0.35, [fs, tryStat, handler]), hotFunction(tryStat, 0.18, 0.72, [handler]), hotFunction(fs, 0.1, 0.5, [tryStat, handler])]));
    expect(f.cost.share).toBeCloseTo(0.22, 1);
  });

  it('leaves a function that runs in rare long ticks to event-loop-blocked', () => {
    const rebuild = frame('rebuildIndex', '/app/lib/rebuild.js');
    const values = { ...nodeHello(), requests: requests(100, 61_000, { window: { latencyMs: tailedLatency(1.6, 80) } }), 'hot-functions': hot([hotFunction(rebuild, 0.16, 0.16)], { app: 0.2, runtime: 0.6, kernel: 0.2 }) };
    finding(cpuBoundUser, values);
    const stalls = Array.from({ length: 14 }, (_, i) => tick(i * 700, 80, { culprit: rebuild }));
    absent(cpuBoundUser, { ...values, 'event-loop': eventLoop({ p50Ms: 0.3, meanMs: 0.6 }, stalls) });
    // No stall from end to end in the profile: one that has as much as they have, not one that has far more.
    const unnamed = Array.from({ length: 14 }, (_, i) => tick(i * 700, 80));
    absent(cpuBoundUser, { ...values, 'event-loop': eventLoop({ p50Ms: 0.3, meanMs: 0.6 }, unnamed) });
    finding(cpuBoundUser, { ...values, 'event-loop': eventLoop({ p50Ms: 0.3, meanMs: 0.6 }, unnamed.map((t) => ({ ...t, cause: 'blocked' as const, syscall: 'poll' }))) });
    finding(cpuBoundUser, { ...values, 'hot-functions': hot([hotFunction(rebuild, 0.5, 0.5)], { app: 0.5, runtime: 0.4 }), 'event-loop': eventLoop({ p50Ms: 0.3, meanMs: 0.6 }, unnamed) });
    // The same with its work in a call of the runtime.
    const compress = frame('writeSync', null, { origin: 'runtime', kind: 'native', line: null });
    const inCall: FactValues = { ...values, 'hot-functions': hot([hotFunction(compress, 0.2, 0.2, [rebuild]), hotFunction(rebuild, 0, 0.2)], { app: 0.02, runtime: 0.78, kernel: 0.2 }) };
    expect(finding(cpuBoundUser, inCall).culprit?.name).toContain('rebuildIndex');
    absent(cpuBoundUser, { ...inCall, 'event-loop': eventLoop({ p50Ms: 0.3, meanMs: 0.6 }, stalls) });
  });

  it('is absent where CPU is not what runs out', () => {
    absent(cpuBoundUser, flaskNagle());
    absent(cpuBoundUser, { ...hotRank, threads: threads([thread(0.5)]) });
    // It shares its core, half and half: still what its requests wait for, less surely so.
    expect(finding(cpuBoundUser, { ...hotRank, threads: threads([thread(0.45, { runQueueShare: 0.5 })]) }).confidence).toBeLessThan(finding(cpuBoundUser, hotRank).confidence);
    // It wants a CPU and does not get one: others hold it.
    absent(cpuBoundUser, { ...hotRank, threads: threads([thread(0.2, { runQueueShare: 0.75 })]) });
  });

  it('sums the threads of a process under one lock', () => {
    const gil = Array.from({ length: 20 }, (_, i) => thread(0.049, { tid: 200 + i, name: 'python3', systemShare: 0.005, runQueueShare: 0 }));
    const f = finding(cpuBoundUser, { requests: requests(50, 90), threads: threads(gil) });
    expect(f.summary).toContain('process');
    expect(f.confidence).toBeGreaterThanOrEqual(0.5);
    expect(f.confidence).toBeLessThan(0.7);
    expect(f.culprit).toBeNull();
  });

  it('sees workers that fill the machine between them', () => {
    const workers = Array.from({ length: 4 }, (_, i) => thread(0.45, { pid: 300 + i, systemShare: 0.03, runQueueShare: 0.53 }));
    finding(cpuBoundUser, { requests: requests(50, 60), threads: threads(workers, { cpus: 2, idleCores: 0.05 }) });
  });

  it('is no verdict where no name is known and requests are light', () => {
    const light = finding(cpuBoundUser, { requests: requests(100, 5300), threads: threads([thread(0.98, { systemShare: 0.2 })]) });
    expect(light.confidence).toBeLessThan(0.5);
  });

  it('has no data without threads', () => {
    expect(noData(cpuBoundUser, without(hotRank, 'threads')).enable).toBe('run the probe for threads');
  });

  it('is a helper\'s, where those that serve wait for it and only the load keeps it busy', () => {
    const cluster = (before: number, peers = outbound()): FactValues => ({
      requests: requests(50, 1200),
      threads: threads([thread(0.1), thread(0.1, { pid: 200, tid: 200 }), thread(0.97, { pid: 300, tid: 300, role: 'helper', systemShare: 0.03 })]),
      outbound: peers, 'before-load': [{ pid: 300, tid: 300, cpuShare: before }],
      'hot-functions': hot([hotFunction(frame('byName', '/app/harbour/order.js'), 0.88, 0.88)], { app: 0.9 }),
    });
    const f = finding(cpuBoundUser, cluster(0.05));
    expect(f).toMatchObject({ culprit: { name: expect.stringContaining('byName') as string } });
    expect(f.summary).toContain('helper process');
    expect(f.cost.share).toBeGreaterThan(0.8);
    // Busy with something of its own; a server that is asked by its port.
    absent(cpuBoundUser, cluster(0.95));
    absent(cpuBoundUser, cluster(0.05, outbound(peer(20, { pid: 300 }))));
  });
});
