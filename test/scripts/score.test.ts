import { describe, expect, it } from 'vitest';
import { ciIds, expectOf, fixtureIds, loadOptions, type Expect } from '../../scripts/score/fixtures.mjs';
import { judge, type Finding, type Report } from '../../scripts/score/judge.mjs';
import { labelOf, sectionOf, withSection } from '../../scripts/score/page.mjs';
import { confusionOf, isWrong, sumsOf, type Row } from '../../scripts/score/sums.mjs';
import { rowLine, sumLines } from '../../scripts/score/text.mjs';

const expected = (over: Partial<Expect> = {}): Expect =>
  ({ title: 't', start: [], needs: [], verdict: 'timer-wait', also: ['gc-pressure'], mustNot: ['healthy'], culprit: null, load: {}, ...over });
const finding = (id: string, over: Partial<Finding> = {}): Finding => ({ id, confidence: 0.8, cost: { share: 0.6 }, culprit: null, ...over });
const report = (...findings: Finding[]): Report => ({ verdict: findings[0]!, findings });
const row = (id: string, want: string[], got: Report, over: Partial<Expect> = {}): Row =>
  ({ id, expected: want, tookS: 12, judgement: judge(expected({ verdict: want, ...over }), got), failed: null, skipped: null });

describe('one report', () => {
  it('is right, defensible or wrong by its verdict', () => {
    expect(judge(expected(), report(finding('timer-wait')))).toMatchObject({ mark: 'right', said: 'timer-wait', confidence: 0.8, share: 0.6, culprit: null, forbidden: [] });
    expect(judge(expected({ verdict: ['healthy', 'timer-wait'] }), report(finding('timer-wait'))).mark).toBe('right');
    expect(judge(expected(), report(finding('gc-pressure'), finding('timer-wait'))).mark).toBe('defensible');
    expect(judge(expected(), report(finding('unknown'), finding('timer-wait'))).mark).toBe('wrong');
  });

  it('has a forbidden finding wherever it ranks, if it is claimed', () => {
    expect(judge(expected(), report(finding('timer-wait'), finding('healthy', { confidence: 0.5 }))).forbidden).toEqual(['healthy']);
    expect(judge(expected(), report(finding('timer-wait'), finding('healthy', { confidence: 0.49 }))).forbidden).toEqual([]);
  });

  it('names its culprit by name and file', () => {
    const culprit = { kind: 'function', name: 'slow', file: 'lib/slow.js' };
    const of = (found: Finding['culprit'], want: Expect['culprit'] = culprit) => judge(expected({ culprit: want }), report(finding('timer-wait', { culprit: found }))).culprit;
    expect(of({ kind: 'function', name: 'slow', file: '/app/lib/slow.js' })).toBe(true);
    expect(of({ kind: 'function', name: 'slow' })).toBe(false);
    expect(of(null)).toBe(false);
    expect(of({ kind: 'path', name: 'b.html' }, { kind: 'path', name: ['a.html', 'b.html'] })).toBe(true);
    expect(of({ kind: 'path', name: 'x' }, null)).toBeNull();
    expect(judge(expected({ culprit }), report(finding('gc-pressure', { culprit }))).culprit).toBe(false);
  });
});

const skipped: Row = { id: 'e', expected: ['healthy'], tookS: 0, judgement: null, failed: null, skipped: 'no redis' };
const failed: Row = { id: 'd', expected: ['healthy'], tookS: 3, judgement: null, failed: 'exit code 3: it|died', skipped: null };
const rows = [
  row('a', ['timer-wait'], report(finding('timer-wait'))), row('b', ['timer-wait'], report(finding('unknown'))),
  row('c', ['healthy', 'single-core-bound'], report(finding('single-core-bound')), { mustNot: [] }), failed, skipped,
];

describe('all of them', () => {
  it('sums', () => {
    expect(sumsOf(rows)).toEqual({ runs: 4, right: 2, defensible: 0, wrong: 1, failed: 1, forbidden: 0, skipped: 1, culprits: { expected: 0, named: 0 }, tookS: 39 });
    expect(isWrong(sumsOf(rows))).toBe(true);
    expect(isWrong(sumsOf(rows.slice(0, 1)))).toBe(false);
    expect(isWrong(sumsOf([skipped]))).toBe(false);
    expect(isWrong(sumsOf([row('a', ['timer-wait'], report(finding('timer-wait'), finding('healthy')))]))).toBe(true);
  });

  it('says what was said instead; a server with several truths stands under the one that was said', () => {
    expect(confusionOf(rows)).toEqual([
      { expected: 'healthy', runs: 1, right: 0, instead: [{ said: 'no report', times: 1, servers: ['d'] }] },
      { expected: 'single-core-bound', runs: 1, right: 1, instead: [] },
      { expected: 'timer-wait', runs: 2, right: 1, instead: [{ said: 'unknown', times: 1, servers: ['b'] }] },
    ]);
  });

  it('prints a line a run and the sums', () => {
    expect(rowLine(rows[0]!)).toMatch(/^a +right +timer-wait +0\.80 +60% +- +12$/);
    expect(rowLine(rows[1]!)).toContain('WRONG');
    expect(rowLine(rows[1]!)).toContain('expected timer-wait');
    expect(rowLine(failed)).toContain('NO REPORT');
    expect(rowLine(skipped)).toContain('no redis');
    expect(sumLines(rows)).toContain('right 2 (50%)');
    expect(sumLines(rows)).toContain('timer-wait -> unknown: 1 (b)');
  });
});

describe('the page', () => {
  const section = sectionOf([...rows, rows[1]!], { label: 'L', date: '2026-01-02', versions: ['Linux 6'], command: 'npm run score' });

  it('has the sums, a line a server and the confusion', () => {
    expect(section).toContain('| 2 (40.0%) | 2 (40.0%) | 2 | 1 | 0 | 0 of 0 | 1 |');
    expect(section).toContain('| b | timer-wait | unknown (0.80), unknown (0.80) | wrong |  |');
    expect(section).toContain('it\\|died');
    expect(section).toContain('| e | healthy | skipped: no redis |  |  |');
  });

  it('replaces its own section and leaves all else', () => {
    const one = withSection(null, 'L', 'the old one');
    const two = withSection(`${one}\n## By hand\n\nkept\n`, 'M', 'other');
    const three = withSection(two, 'L', 'again');
    expect(three).toContain('again');
    expect(three).not.toContain('the old one');
    expect(three).toContain('kept');
    expect(three).toContain('other');
    expect(withSection(three, 'L', 'again')).toBe(three);
  });

  it('is labelled by the settings', () => {
    expect(labelOf({ driver: null, connections: null, probes: null })).toBe('autocannon; connections of each server; all probes');
    expect(labelOf({ driver: 'wrk', connections: 10, probes: ['proc', 'node'] })).toBe('wrk; 10 connections; probes proc, node');
  });
});

describe('the load', () => {
  it('is what the server asks for, or what is asked of all', () => {
    expect(loadOptions({})).toEqual(['-c', '100', '-d', '6']);
    expect(loadOptions({ connections: 5, keepAlive: false, method: 'POST', headers: [['A', 'b: c']], body: 'x', rate: 9, durationS: 8, warmupS: 1, tool: 'wrk' }))
      .toEqual(['-c', '5', '-d', '8', '--warmup', '1', '--no-keep-alive', '-m', 'POST', '-H', 'A: b: c', '-b', 'x', '--rate', '9', '--load', 'wrk']);
    expect(loadOptions({ connections: 5, tool: 'autocannon' }, { driver: 'wrk', connections: 10, durationS: 3, probes: ['proc', 'ss'] }))
      .toEqual(['-c', '10', '-d', '3', '--load', 'wrk', '--probes', 'proc,ss']);
  });
});

describe('the servers', () => {
  it('of the smoke tests have each verdict, and are few', () => {
    const verdicts = (ids: string[]): Set<string> => new Set(ids.flatMap((id) => expectOf(id).verdict));
    const every = fixtureIds().filter((id) => typeof expectOf(id).verdict === 'string');
    expect([...verdicts(every)].filter((id) => !verdicts(ciIds()).has(id))).toEqual([]);
    expect(ciIds().length).toBeLessThanOrEqual(30);
  });
});
