import { describe, expect, it } from 'vitest';
import { singleCoreBound } from '../../src/rules/single-core-bound.js';
import { flaskNagle, frame, hot, hotFunction, nodeHello, requests, thread, threads, without, type FactValues } from './facts.js';
import { absent, finding, noData } from './judge.js';

const parts = Array.from({ length: 9 }, (_, i) => hotFunction(frame(`mw${i}`, '/app/node_modules/framework/mw.js', { origin: 'dependency', line: i }), 0.045, 0.05));
/** A framework with many layers: everything a little, nothing much. */
const flat: FactValues = {
  requests: requests(100, 9000), threads: threads([thread(0.98)], { idleCores: 2.2 }),
  'hot-functions': hot(parts, { app: 0.05, dependency: 0.42, runtime: 0.33, kernel: 0.2 }),
};

describe('single-core-bound', () => {
  it('sees a full core on a flat profile beside idle ones', () => {
    const f = finding(singleCoreBound, flat);
    expect(f.kind).toBe('state');
    expect(f.cost.share).toBeCloseTo(2.2 / 3.2, 2);
    expect(f.advice[0]).toContain('processes');
  });

  it('is absent on the runtime\'s floor', () => void expect(absent(singleCoreBound, nodeHello())).toContain('floor'));

  it('is absent where one function holds the CPU', () => {
    absent(singleCoreBound, { ...flat, 'hot-functions': hot([hotFunction(frame('rank', '/app/rank.js'), 0.6, 0.7)], { app: 0.7, runtime: 0.2 }) });
  });

  it('is absent where no core is left, or several processes serve', () => {
    absent(singleCoreBound, { ...flat, threads: threads([thread(0.98)], { idleCores: 0.2, cpus: 2 }) });
    absent(singleCoreBound, { ...flat, threads: threads([thread(0.98), thread(0.97, { pid: 101 })], { idleCores: 1 }) });
  });

  it('is absent where CPU is left', () => void absent(singleCoreBound, flaskNagle()));

  it('is less sure without a profile', () => {
    expect(finding(singleCoreBound, without(flat, 'hot-functions')).confidence).toBeLessThan(finding(singleCoreBound, flat).confidence);
  });

  it('does not take an interpreter\'s own frames for a flat profile', () => {
    const interpreter = hot([hotFunction(frame('_PyEval_EvalFrameDefault', '/usr/bin/python3', { kind: 'native', origin: 'runtime' }), 0.4, 0.9)], { runtime: 0.8, kernel: 0.2 });
    expect(finding(singleCoreBound, { ...flat, 'hot-functions': interpreter }).evidence.map((e) => e.text).join()).toContain('no profile names');
  });

  it('has no data without threads', () => void noData(singleCoreBound, without(flat, 'threads')));
});
