import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { NoData } from '../../src/errors.js';
import { functionTimes, samplesIn } from '../../src/parse/cpuprofile-times.js';
import { parseCpuProfile } from '../../src/parse/cpuprofile.js';
import { frameOf } from '../../src/parse/frame.js';

const RAW = new URL('../../fixtures/raw/node/', import.meta.url);
const captured = readFileSync(new URL('cpuprofile.4100.4100.json', RAW), 'utf8');
const planted = readFileSync(new URL('planted.txt', RAW), 'utf8').trim().split('\n').map((line) => line.split(' ').map(Number) as [number, number]);

const call = (functionName: string, url = '/app/s.js', lineNumber = 0) => ({ functionName, url, lineNumber, columnNumber: 0, scriptId: '1' });
const NATIVE = (name: string) => call(name, '', -1);

/** root > main > fib > fib > leaf, with collector, idle and program below the root; 1 ms a sample. */
function profileOf(samples: number[], over: object = {}) {
  return JSON.stringify({
    startTime: 1000, endTime: 1000 + samples.length * 1000 + 1000,
    nodes: [
      { id: 1, callFrame: NATIVE('(root)'), children: [2, 6, 7, 8] },
      { id: 2, callFrame: call('main', '/app/s.js', 9), children: [3] },
      { id: 3, callFrame: call('fib', '/app/node_modules/fib/i.js', 1), children: [4], positionTicks: [{ line: 3, ticks: 2 }] },
      { id: 4, callFrame: call('fib', '/app/node_modules/fib/i.js', 1), children: [5], positionTicks: [{ line: 4, ticks: 3 }, { line: 3, ticks: 2 }] },
      { id: 5, callFrame: call('emit', 'node:events', 466) },
      { id: 6, callFrame: NATIVE('(garbage collector)') },
      { id: 7, callFrame: NATIVE('(idle)') },
      { id: 8, callFrame: NATIVE('(program)') },
    ],
    samples, timeDeltas: samples.map(() => 1000), ...over,
  });
}

describe('parseCpuProfile', () => {
  it('reads a real capture and puts it on CLOCK_MONOTONIC', () => {
    const profile = parseCpuProfile(captured);
    const { whyslow } = JSON.parse(captured) as { whyslow: { beforeNs: number; afterNs: number } };
    expect(profile).toMatchObject({ pid: 4100, tid: 4100, inlining: false });
    expect(profile.startNs).toBeGreaterThanOrEqual(whyslow.beforeNs);
    expect(profile.startNs).toBeLessThanOrEqual(whyslow.afterNs);
    expect(profile.samples.length).toBeGreaterThan(900);
    const wall = profile.samples.reduce((sum, { startNs, endNs }) => sum + endNs - startNs, 0);
    expect(wall / (profile.endNs - (profile.samples[0]?.startNs ?? 0))).toBeCloseTo(1, 9);
  });

  it('shifts a clock that is not ours by the readings at the start', () => {
    const { startNs, samples } = parseCpuProfile(profileOf([2, 2], { whyslow: { beforeNs: 5e12, afterNs: 5e12 + 1e6 } }));
    expect(startNs).toBe(5e12);
    expect(samples[0]?.startNs).toBe(5e12 + 1e6);
  });

  it('orders samples that came late', () => {
    const { samples } = parseCpuProfile(profileOf([2, 8, 2], { timeDeltas: [1000, 2000, -500] }));
    expect(samples.map(({ node }) => node)).toEqual([1, 1, 7]);
    expect(samples.every(({ startNs, endNs }) => endNs >= startNs)).toBe(true);
  });

  it('reads the older form, with parents instead of children', () => {
    const nodes = [{ id: 1, callFrame: NATIVE('(root)') }, { id: 2, parent: 1, callFrame: call('main') }];
    expect(parseCpuProfile(profileOf([2], { nodes })).nodes.map(({ parent }) => parent)).toEqual([-1, 0]);
  });

  it.each([
    ['nothing', ''], ['a cut file', captured.slice(0, 9000)], ['no object', '3'], ['null', 'null'], ['no samples', '{"nodes":[],"startTime":1,"endTime":2}'],
    ['times that do not match', profileOf([2, 2], { timeDeltas: [1] })], ['a node without a call', profileOf([2], { nodes: [{ id: 1 }, null] })],
    ['text for times', profileOf([2], { timeDeltas: ['1'] })],
    ['a ring', profileOf([2], { nodes: [{ id: 1, callFrame: call('a'), children: [2] }, { id: 2, callFrame: call('b'), children: [1] }] })],
  ])('has no data in %s', (_, text) => {
    expect(() => parseCpuProfile(text)).toThrow(NoData);
  });

  it('leaves out samples of unknown nodes', () => {
    expect(parseCpuProfile(profileOf([2, 99, 2])).samples).toHaveLength(2);
  });
});

describe('functionTimes', () => {
  it('names the hot function of the capture', () => {
    const times = functionTimes(parseCpuProfile(captured));
    const [first, second] = times.functions;
    expect(first?.frame).toEqual({ name: 'score', file: '/srv/app/node_modules/@shop/rank/lib/score.js', line: 2, kind: 'js', origin: 'dependency', package: '@shop/rank' });
    expect((first?.selfNs ?? 0) / times.onCpuNs).toBeGreaterThan(0.75);
    expect(first?.hotLine).toBe(4);
    expect(second?.frame).toMatchObject({ name: 'rebuild', file: '/srv/app/server.mjs', line: 7, origin: 'app' });
    expect(times.wallNs).toBeCloseTo(times.onCpuNs + times.idleNs + times.ownNs, -1);
    expect(times.ownNs / times.wallNs).toBeLessThan(0.02);
    expect(times.functions.some(({ frame }) => frame.package === 'whyslow')).toBe(false);
  });

  it('counts recursion once, and idle, program and collector for what they are', () => {
    const times = functionTimes(parseCpuProfile(profileOf([2, 3, 4, 4, 5, 6, 7, 7, 8])));
    const of = (name: string) => times.functions.find(({ frame }) => frame.name === name);
    // The last sample holds to the end of the profile.
    expect(times).toMatchObject({ wallNs: 9e6, idleNs: 2e6, gcNs: 1e6, programNs: 1e6, onCpuNs: 7e6, samples: 9 });
    expect(of('fib')).toMatchObject({ selfNs: 3e6, totalNs: 4e6, selfSamples: 3, hotLine: 3 });
    expect(of('main')).toMatchObject({ selfNs: 1e6, totalNs: 5e6 });
    expect(of('emit')?.callers.map(({ name }) => name)).toEqual(['fib', 'fib', 'main']);
    expect(of('(garbage collector)')).toMatchObject({ selfNs: 1e6, frame: { kind: 'gc' } });
    expect(of('(idle)')).toBeUndefined();
    expect(times.functions[0]?.frame.name).toBe('fib');
  });

  it('cuts samples at the edges of a stretch', () => {
    const profile = parseCpuProfile(profileOf([2, 4, 7]));
    expect(functionTimes(profile, profile.startNs + 1.5e6, profile.startNs + 2.25e6)).toMatchObject({ wallNs: 0.75e6, samples: 2, idleNs: 0 });
    expect(functionTimes(profile, 0, 1)).toMatchObject({ wallNs: 0, onCpuNs: 0, functions: [] });
  });
});

describe('samplesIn', () => {
  it('names the function inside each planted stall of the capture', () => {
    const profile = parseCpuProfile(captured);
    const covered = planted.filter(([startNs, endNs]) => startNs > profile.startNs && endNs < profile.endNs);
    expect(covered.length).toBeGreaterThan(0);
    for (const [startNs, endNs] of covered) {
      const inside = samplesIn(profile, startNs, endNs);
      expect(inside.culprit).toMatchObject({ name: 'rebuild', line: 7 });
      expect(inside.stack.slice(0, 2).map(({ frame }) => frame.name)).toEqual(['rebuild', 'refresh']);
      expect(inside.stack[0]?.share).toBeGreaterThan(0.9);
      expect(inside.coveredNs).toBe(endNs - startNs);
    }
  });

  it('gives a collection to the call that it interrupted', () => {
    const profile = parseCpuProfile(profileOf([2, 4, 6, 6]));
    const inside = samplesIn(profile, profile.startNs, profile.endNs);
    expect(inside).toMatchObject({ samples: 4, gcNs: 2e6, busyNs: 4e6, culprit: { name: 'fib', package: 'fib' } });
    expect(inside.stack.map(({ frame, share }) => [frame.name, share])).toEqual([['fib', 0.75], ['fib', 0.75], ['main', 1]]);
  });

  it.each([
    ['at the line of its declaration alone: what is inlined in it', [{ line: 23, ticks: 3 }], 'rebuild'],
    ['at lines of its own', [{ line: 23, ticks: 1 }, { line: 25, ticks: 2 }], 'refresh'],
  ])('names who called most of a stall, or, %s', (_, positionTicks, name) => {
    const nodes = [
      { id: 1, callFrame: NATIVE('(root)'), children: [2] },
      { id: 2, callFrame: call('refresh', '/app/refresh.js', 22), children: [3], positionTicks },
      { id: 3, callFrame: call('rebuild', '/app/rebuild.js', 4), positionTicks: [{ line: 17, ticks: 2 }] },
    ];
    const profile = parseCpuProfile(profileOf([2, 3, 2, 2, 3], { nodes }));
    expect(samplesIn(profile, profile.startNs, profile.endNs).culprit).toMatchObject({ name });
  });

  it('names nobody where nothing is known or nobody fills the stretch', () => {
    const profile = parseCpuProfile(profileOf([7, 7, 2, 8, 8]));
    expect(samplesIn(profile, profile.startNs, profile.endNs).culprit).toBeNull();
    expect(samplesIn(profile, 0, 5)).toEqual({ samples: 0, coveredNs: 0, idleNs: 0, gcNs: 0, programNs: 0, busyNs: 0, stack: [], culprit: null });
    expect(samplesIn(profile, profile.startNs, profile.startNs + 2e6)).toMatchObject({ idleNs: 1e6, busyNs: 0, stack: [] });
  });
});

describe('frameOf', () => {
  const at = (url: string, name = 'f') => frameOf({ functionName: name, url, lineNumber: 4, columnNumber: 0 }, '/opt/whyslow/probes/node/preload.cjs');
  it.each([
    ['/app/lib/a.js', 'app', null, '/app/lib/a.js'],
    ['file:///my%20app/a.mjs', 'app', null, '/my app/a.mjs'],
    ['file:///app/100%/a.mjs', 'app', null, '/app/100%/a.mjs'],
    ['/app/node_modules/express/lib/router.js', 'dependency', 'express', '/app/node_modules/express/lib/router.js'],
    ['file:///app/node_modules/@fastify/ajv/index.mjs', 'dependency', '@fastify/ajv', '/app/node_modules/@fastify/ajv/index.mjs'],
    ['/app/node_modules/.pnpm/qs@6.1.0/node_modules/qs/lib/parse.js', 'dependency', 'qs', '/app/node_modules/.pnpm/qs@6.1.0/node_modules/qs/lib/parse.js'],
    ['/app/node_modules/', 'app', null, '/app/node_modules/'],
    ['node:internal/timers', 'runtime', null, 'node:internal/timers'],
    ['internal/timers.js', 'runtime', null, 'internal/timers.js'],
    ['events.js', 'runtime', null, 'events.js'],
    ['evalmachine.<anonymous>', 'app', null, 'evalmachine.<anonymous>'],
    ['/opt/whyslow/probes/node/profile.cjs', 'runtime', 'whyslow', '/opt/whyslow/probes/node/profile.cjs'],
  ])('%s', (url, origin, owner, file) => {
    expect(at(url)).toEqual({ name: 'f', file, line: 5, kind: 'js', origin, package: owner });
  });

  it('knows what is no JavaScript', () => {
    expect(at('', 'writev')).toMatchObject({ kind: 'native', origin: 'runtime', file: null });
    expect(at('wasm://wasm/abc')).toMatchObject({ kind: 'native' });
    expect(frameOf(NATIVE('(garbage collector)'))).toMatchObject({ kind: 'gc', line: null });
    expect(frameOf(call(''))).toMatchObject({ name: '(anonymous)', line: 1 });
  });
});
