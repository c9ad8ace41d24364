import { describe, expect, it } from 'vitest';
import { loadNon2xx } from '../../src/rules/load-non-2xx.js';
import { nodeHello, requests } from './facts.js';
import { absent, finding, noData } from './judge.js';

const answered = (statuses: Record<string, number>) => {
  const completed = Object.values(statuses).reduce((a, b) => a + b, 0);
  const non2xx = Object.entries(statuses).reduce((n, [s, c]) => (/^[23]/.test(s) ? n : n + c), 0);
  return { requests: requests(50, 20_000, { window: { statuses, completed, non2xx } }) };
};

describe('load-non-2xx', () => {
  it('sees a load that gets nothing but 404', () => {
    const f = finding(loadNon2xx, answered({ 404: 100_000 }));
    expect(f).toMatchObject({ kind: 'load', cost: { share: 1 }, culprit: { kind: 'status', name: '404' } });
    expect(f.advice[0]).toContain('--url');
  });

  it('is surer, and dearer, the larger the share', () => {
    const [few, many] = [finding(loadNon2xx, answered({ 200: 90_000, 500: 10_000 })), finding(loadNon2xx, answered({ 200: 10_000, 500: 90_000 }))];
    expect(few.cost.share).toBeCloseTo(0.1);
    expect(many.confidence).toBeGreaterThan(few.confidence);
  });

  it('names the status that dominates', () => {
    expect(finding(loadNon2xx, answered({ 200: 500, 429: 400, 503: 100 })).culprit?.name).toBe('429');
  });

  it('lets a few errors pass, and redirects', () => {
    absent(loadNon2xx, answered({ 200: 99_000, 500: 1000 }));
    absent(loadNon2xx, answered({ 302: 100_000 }));
    absent(loadNon2xx, nodeHello());
  });

  it('reads the whole run where the tool gives no statuses by time', () => {
    const r = requests(50, 20_000, { window: { statuses: {} } });
    const f = finding(loadNon2xx, { requests: { ...r, all: { ...r.all, statuses: { 500: 1000 }, completed: 1000, non2xx: 1000 } } });
    expect(f.cost.share).toBe(1);
  });

  it('says of a server\'s own traffic what was looked at, and that it is no benchmark', () => {
    const r = requests(8, 1000, { source: 'server', tool: 'none', statusesOf: 240, window: { statuses: { 200: 3000, 503: 1000 }, completed: 4000, non2xx: 1000 } });
    const f = finding(loadNon2xx, { requests: r });
    // A load command whose answers nobody else counts.
    expect(finding(loadNon2xx, { requests: { ...r, tool: 'hey' } }).summary).toContain('this load measures');
    expect(f.summary).toContain('what its clients get is an error');
    expect(f.evidence.map((e) => e.text)).toEqual(['25% of the responses were not 2xx or 3xx', 'read in 240 answers as the server wrote them', 'status 503: 25% of them']);
  });

  it('has no data without requests, responses or status codes', () => {
    expect(noData(loadNon2xx, {}).enable).toBe('run the probe for requests');
    noData(loadNon2xx, { requests: requests(50, 20_000, { window: { completed: 0 } }) });
    noData(loadNon2xx, { requests: requests(50, 20_000, { window: { statuses: {} } }) });
  });
});
