import { describe, expect, it } from 'vitest';
import { renderMarkdown } from '../../src/report/markdown.js';
import { code, escapeMarkdown } from '../../src/report/markdown-text.js';
import type { Report } from '../../src/types.js';
import { sample, SAMPLES } from './samples.js';

/** A comment that fits on a screen, or nearly. */
const MOST_LINES = 60;
const MOST_CHARS = 6000;

describe.each(SAMPLES)('the Markdown of %s', (name) => {
  it('is short, and begins with the verdict', () => {
    const text = renderMarkdown(sample(name));
    expect(text.split('\n').length).toBeLessThan(MOST_LINES);
    expect(text.length).toBeLessThan(MOST_CHARS);
    expect(text.split('\n')[0]).toBe(`### ${escapeMarkdown(sample(name).verdict.title)}`);
    expect(text).toContain('Measured: whyslow');
  });

  it('has tables whose rows are all of one width', () => {
    const rows = renderMarkdown(sample(name)).split('\n\n').filter((block) => block.startsWith('|'));
    for (const table of rows) expect(new Set(table.split('\n').map((row) => row.replaceAll('\\|', '').split('|').length)).size).toBe(1);
  });
});

describe('hostile text', () => {
  it.each([
    ['<img src=x onerror=alert(1)>', '\\<img src=x onerror=alert(1)\\>'],
    ['[click](http://evil.example)', '\\[click\\](http:\\/\\/evil.example)'],
    ['![x](y) `rm` *a* __b__ ~~c~~', '\\!\\[x\\](y) \\`rm\\` \\*a\\* \\_\\_b\\_\\_ \\~\\~c\\~\\~'],
    ['ping @alice and #12, GH-7', 'ping @<!-- -->alice and #<!-- -->12, GH<!-- -->-7'],
    ['a | b\n# c', 'a \\| b # c'],
    ['# head', '\\# head'],
    ['- item', '\\- item'],
    ['1. item', '1\\. item'],
    ['44.3 ms', '44.3 ms'],
    ['www.evil.example', 'www\\.evil.example'],
    ['deadbeefcafe', 'deadbe<!-- -->efcafe'],
    ['&lt; $x$', '\\&lt; \\$x\\$'],
  ])('%s stays text', (text, escaped) => {
    expect(escapeMarkdown(text)).toBe(escaped);
  });

  it('cannot end a code span, nor a cell', () => {
    expect(code('a`b``c')).toBe('```a`b``c```');
    expect(code('`a`')).toBe('`` `a` ``');
    expect(code('a|b\nc')).toBe('`a\\|b c`');
    expect(code('')).toBe('');
  });

  it('keeps its lines, whatever a target is called', () => {
    const clean = sample('missing-files');
    const hostile: Report = { ...clean, verdict: { ...clean.verdict, summary: `${'x'.repeat(10_000)}\u001b[2J\n\n# owned\n@team` }, target: { ...clean.target, command: ['a`b', '\n</sub>'] } };
    const text = renderMarkdown(hostile);
    expect(text).not.toContain('\u001b');
    expect(text).not.toMatch(/^# owned/m);
    expect(text.split('\n').length).toBe(renderMarkdown(clean).split('\n').length);
    expect(text.length).toBeLessThan(MOST_CHARS);
  });
});
