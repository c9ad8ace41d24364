import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { draw } from '../../src/live/draw.js';
import { press } from '../../src/live/keys.js';
import { initialState, withProgress, withPulse, withReport } from '../../src/live/state.js';
import type { LiveState } from '../../src/live/types.js';
import { sample, SAMPLES } from '../report/samples.js';
import { figures, textOf } from './figures.js';

const at = (state: LiveState, columns = 80, rows = 24): string[] => textOf(draw(state, { columns, rows }, figures));
const judged = (name: string): LiveState => withReport(withProgress(initialState('node server.js'), 'measuring', 4.2), sample(name));
const keys = (state: LiveState, ...chars: string[]): LiveState => chars.reduce((s, char) => press(s, { name: char.length > 1 ? char : '', char: char.length > 1 ? '' : char }).state, state);

describe('the picture', () => {
  it.each(SAMPLES.flatMap((name) => [[80, 24], [50, 14], [132, 50], [250, 80]].map(([columns, rows]) => [name, columns!, rows!] as const)))(
    '%s fills %d x %d exactly', (name, columns, rows) => {
      const lines = at(judged(name), columns, rows);

      expect(lines).toHaveLength(rows);
      for (const line of lines) expect(stringWidth(line)).toBe(columns);
    });

  it('says what the verdict is, how sure, and since when', () => {
    let state = judged('missing-files');
    const { verdict } = sample('missing-files');
    expect(at(state).join('\n')).toContain(verdict.title.slice(0, 10));
    expect(at(state, 120).join('\n')).toContain('first look');
    state = withReport(state, { ...sample('missing-files'), verdict: { ...verdict, id: 'unknown', confidence: 0.4 } });
    expect(at(state, 120).join('\n')).toContain(' 40% sure');
    expect(at(state, 120).join('\n')).toContain('1 of 2 looks');
  });

  it('says no verdict on a warm-up', () => {
    const report = sample('missing-files');
    const state = withReport(initialState('x'), { ...report, phases: report.phases.filter((w) => w.name === 'startup' || w.name === 'warmup') });

    expect(at(state).join('\n')).toContain('none yet');
  });

  it('has a picture before anything is known, and a sentence where there is no room for one', () => {
    expect(at(initialState('x')).join('\n')).toContain('no thread of the server has run yet');
    expect(at(initialState('x'), 30, 5)[0]).toMatch(/^whyslow needs/);
  });

  it('shows rate and latency as they come, the busy share of a thread from its CPU time', () => {
    const load = (rps: number) => ({ startNs: 0, endNs: 25e7, rps, p50Ms: 1.5, p99Ms: 9, errors: 0, timeouts: 0, non2xx: 3 });
    const cpu = (tNs: number, runNs: number) => ({ tNs, threads: [{ pid: 7, tid: 7, name: 'srv', runNs }] });
    const state = withPulse(initialState('x'), { load: [load(2000), load(2000)], loops: [], cpu: [cpu(0, 0), cpu(1e9, 75e7)] });

    expect(at(state)[1]).toMatch(/2,000 req\/s .*not 2xx 6/);
    expect(at(state)[2]).toMatch(/p50 1\.50 ms .*p99 9\.00 ms/);
    expect(at(state).join('\n')).toMatch(/>srv 7 .* 75%/);
  });
});

describe('the tables', () => {
  it('change by Tab and number, are sorted by s, filtered by /', () => {
    const state = judged('missing-files');
    const paths = at(keys(state, '2')).join('\n');
    const [first] = sample('missing-files').failedPaths.filter((p) => p.phase === 'serving');
    expect(paths).toContain('ENOENT');
    expect(at(keys(state, 'tab'))).toEqual(at(keys(state, '2')));
    expect(at(keys(state, '2', 's')).join('\n')).toContain('by newest');
    const filtered = keys(state, '2', '/', ...'no such text', 'enter');
    expect(at(filtered).join('\n')).toContain('no row with "no such text"');
    expect(at(keys(filtered, 'escape')).join('\n')).toContain(first!.path.slice(-8));
  });

  it('hold still while paused, and go on where the run is', () => {
    const paused = keys(judged('missing-files'), 'p');
    const later = withReport(paused, sample('nagle'));

    expect(at(later).filter((line) => !line.includes('HELD'))).toEqual(at(judged('missing-files')).slice(1));
    expect(at(keys(later, 'p'))).toEqual(at(withReport(judged('missing-files'), sample('nagle'))));
  });

  it('scroll no further than their end', () => {
    const state = keys(judged('missing-files'), ...Array.from({ length: 500 }, () => 'down'));

    expect(at(state).slice(-3, -1).join('').trim()).not.toBe('');
  });
});

describe('the help', () => {
  it('opens, names every key, and closes by the keys that it says', () => {
    const state = judged('nagle');
    const open = keys(state, '?');
    for (const key of ['quit', 'sort', 'thread', 'CPU profile', 'save the run']) expect(at(open).join('\n')).toContain(key.replace('quit', 'end the run'));
    for (const key of ['?', 'q', 'escape']) expect(at(keys(open, key))).toEqual(at(state));
  });
});
