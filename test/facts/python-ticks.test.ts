import { describe, expect, it } from 'vitest';
import { pythonCulprit, pythonGcNs, pythonOwnNs, pythonSleeper } from '../../src/facts/python-ticks.js';
import { pythonFrame } from '../../src/parse/python-frame.js';
import { parsePythonNdjson, type PythonProfile } from '../../src/parse/python-ndjson.js';

const of = (name: string, file: string) => pythonFrame(name, file, 1, { stdlib: '/usr/lib/python3.11' });
const rating = of('rating', '/srv/ranking.py');
const recompute = of('recompute', '/srv/ranking.py');
const index = of('index', '/srv/routes.py');
const loop = of('_run_once', '/usr/lib/python3.11/asyncio/base_events.py');
const sample = (atMs: number, cpuMs: number, ...frames: typeof rating[]) => ({ atNs: atMs * 1e6, cpuNs: cpuMs * 1e6, stack: { frames, line: 1, own: false } });
const profileOf = (...samples: ReturnType<typeof sample>[]): PythonProfile =>
  ({ pid: 7, startNs: 0, endNs: 1e9, cpuNs: 1e8, modules: [], waits: [], collections: [], threads: [{ tid: 7, name: 'MainThread', samples }] });
const tick = { tid: 7, startNs: 100e6, lengthNs: 80e6 };

describe('what ran in a long tick of Python', () => {
  it('is the innermost function that fills a good part of it', () => {
    const inside = [110, 120, 130, 140, 150, 160, 170].map((at) => sample(at, 10, rating, recompute, index, loop));
    expect(pythonCulprit([profileOf(sample(90, 10, index, loop), ...inside, sample(200, 10, index, loop))], tick)).toBe(rating);
  });

  it('is their caller when none fills it alone', () => {
    const parts = [110, 120, 130, 140, 150, 160, 170].map((at, i) => sample(at, 10, of(`part${i}`, '/srv/parts.py'), recompute, loop));
    expect(pythonCulprit([profileOf(...parts)], tick)).toBe(recompute);
  });

  it('is known of a call into C, whose sample comes when it is over', () => {
    expect(pythonCulprit([profileOf(sample(182, 80, recompute, index, loop))], tick)).toBe(recompute);
  });

  it('is not known outside the profile, on another thread, or of the loop\'s own', () => {
    expect(pythonCulprit([], tick)).toBeNull();
    expect(pythonCulprit([profileOf(sample(150, 40, rating, loop))], { ...tick, tid: 8 })).toBeNull();
    expect(pythonCulprit([profileOf(sample(150, 40, loop))], tick)).toBeNull();
  });

  it('is where the thread slept, by most looks', () => {
    const look = (atMs: number, ...frames: typeof rating[]) => ({ atNs: atMs * 1e6, stack: { frames, line: 1, own: false } });
    const connect = of('connect', '/usr/lib/python3.11/socket.py');
    const looks = [look(90, loop), look(110, connect, rating, index, loop), look(130, connect, rating, index, loop), look(150, index, loop), look(190, recompute, loop)];
    const profile = { ...profileOf(), waits: [{ tid: 7, looks }] };
    expect(pythonSleeper([profile], tick)).toBe(rating);
    expect(pythonSleeper([profile], { ...tick, tid: 8 })).toBeNull();
    expect(pythonSleeper([profile], { ...tick, startNs: 140e6, lengthNs: 20e6 })).toBeNull();
  });

  it('was a collection, or the probe itself, by their own records', () => {
    const records = [parsePythonNdjson([
      '{"type":"meta","pid":7,"atNs":0,"implementation":"cpython","version":"3.11.2","stdlib":"/l","own":"/o"}',
      '{"type":"gc","startNs":0,"endNs":300000000,"generations":[[0,0,0],[0,0,0],[1,60000000,60000000]],"pauses":[[2,110000000,60000000]]}',
      '{"type":"own","startNs":170000000,"endNs":200000000}',
    ].join('\n'))];
    expect(pythonGcNs(records, 7, tick)).toBe(60e6);
    expect(pythonGcNs(records, 8, tick)).toBe(0);
    expect(pythonOwnNs(records, 7, tick)).toBe(10e6);
  });
});
