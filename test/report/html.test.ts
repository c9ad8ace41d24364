import { describe, expect, it } from 'vitest';
import { createHash } from 'node:crypto';
import { chartData } from '../../src/report/html/charts.js';
import { html, jsonForScript } from '../../src/report/html/html.js';
import { renderHtml } from '../../src/report/html/page.js';
import type { Report, TimelineFact, TimelineSeries } from '../../src/types.js';
import { sample, SAMPLES } from './samples.js';

const assets = { scripts: ['const here = "<b>" + 1;'], styles: ['p { color: red }'] };
const none = { ok: false as const, reason: 'not measured' };
const page = (report: Report): string => renderHtml(report, none, assets);
const HOSTILE = '<img src=x onerror="alert(1)"></script>\u001b[2J\u202e{{x}}${y}';

/** A report in which every text that a target may choose is hostile. */
function poisoned(report: Report): Report {
  return JSON.parse(JSON.stringify(report), (key: string, value: unknown) =>
    (['text', 'summary', 'path', 'name', 'file', 'command', 'why', 'what', 'title', 'url', 'comm', 'reason'].includes(key) && typeof value === 'string' ? HOSTILE : value)) as Report;
}

describe('markup', () => {
  it('escapes whatever it was not written with', () => {
    expect(html`<p title="${'"><b>'}">${'<i>&\''}${[html`<b>${'<'}</b>`, 1, null]}</p>`.markup)
      .toBe('<p title="&quot;&gt;&lt;b&gt;">&lt;i&gt;&amp;&#39;<b>&lt;</b>1</p>');
  });

  it('lets no data end its script', () => {
    const { markup } = jsonForScript({ a: '</script><!--<script>\u2028' });
    expect(markup).not.toMatch(/[<>&\u2028]/);
    expect(JSON.parse(markup)).toEqual({ a: '</script><!--<script>\u2028' });
  });
});

describe.each(SAMPLES)('the page of %s', (name) => {
  it('says the verdict, its evidence and what to do before anything else', () => {
    const { verdict } = sample(name);
    const text = page(sample(name));
    const order = [html`${verdict.title}</h1>`.markup, html`${verdict.summary}`.markup, 'class="figures"', 'id="ledger"', 'id="timeline"', 'id="ruled-out"', 'id="measured"'].filter((part) => text.includes(part));
    expect(order.slice(0, 2)).toHaveLength(2);
    expect(order.map((part) => text.indexOf(part))).toEqual(order.map((part) => text.indexOf(part)).toSorted((a, b) => a - b));
  });

  it('has none of the markup of a hostile target', () => {
    const text = page(poisoned(sample(name)));
    expect(text).not.toContain('<img');
    expect(text).not.toMatch(/[\u001b\u202e]/);
    expect(text.match(/<\/script>/g)).toHaveLength(1);
    expect(text).toContain('&lt;img src=x onerror=&quot;alert(1)&quot;&gt;');
  });

  it('loads nothing and runs only what it came with', () => {
    const text = page(sample(name));
    const sha = (code: string): string => createHash('sha256').update(code).digest('base64');
    expect(text).toContain(`script-src &#39;sha256-${sha(assets.scripts[0] ?? '')}&#39;`);
    expect(text).not.toMatch(/<(link|iframe|img|base|form)\b|\b(src|srcdoc|style|on[a-z]+)=|@import|url\(/i);
  });
});

describe('the flame graph', () => {
  const flame = { about: '25 samples <b>', html: '<div class="flame" data-flame></div>', css: '.flame { color: blue }', script: 'const draw = 1;' };

  it('stands with its own code, which the policy lets run', () => {
    const text = renderHtml(sample('healthy'), none, assets, { ok: true, value: flame });
    expect(text).toContain('25 samples &lt;b&gt;');
    expect(text).toContain(flame.html);
    expect(text.indexOf(flame.script)).toBeGreaterThan(text.indexOf(flame.html));
    expect(text).toContain(createHash('sha256').update(flame.script).digest('base64'));
    expect(text).toContain('style-src-attr');
    expect(page(sample('healthy'))).not.toContain('style-src-attr');
  });

  it('is said to be missing where it is, with the reason', () => {
    expect(renderHtml(sample('healthy'), none, assets, { ok: false, reason: 'no stacks <i>' })).toContain('<p>None: no stacks &lt;i&gt;.</p>');
  });
});

describe('what the charts draw', () => {
  const series = (over: Partial<TimelineSeries>): TimelineSeries => ({ chart: 'rate', label: 'answers', unit: 'req/s', kind: 'slices', points: [], ...over });
  const at = (from: number, to: number, value: number) => ({ startNs: from * 1e9, endNs: to * 1e9, value });
  const timeline = (...all: TimelineSeries[]): TimelineFact => ({ startNs: 0, endNs: 9e9, series: all, absent: [], stalls: [] });

  it('are steps, with a break where nobody looked', () => {
    const [chart] = chartData(timeline(series({ points: [at(0, 1, 5), at(1, 2, 6), at(4, 5, 7)] })), []).charts;
    expect(chart?.series[0]?.x).toEqual([0, 1, 2, 2.0001, 4, 5, 5.0001]);
    expect(chart?.series[0]?.y).toEqual([5, 6, 6, null, 7, 7, null]);
  });

  it('are points where it was looked at moments', () => {
    const [chart] = chartData(timeline(series({ kind: 'looks', points: [at(1, 1, 5), at(2, 2, 6)] })), []).charts;
    expect(chart?.series[0]).toMatchObject({ x: [1, 2], y: [5, 6] });
  });

  it('are left out where there is nothing to draw', () => {
    expect(chartData(timeline(), []).charts).toEqual([]);
    const text = renderHtml(sample('healthy'), { ok: true, value: { ...timeline(), absent: [{ chart: 'gc', why: 'no runtime told', enable: 'launch it' }] } }, assets);
    expect(text).toContain('<strong>Garbage collection</strong>: no runtime told <span class="dim">(launch it)</span>');
  });
});
