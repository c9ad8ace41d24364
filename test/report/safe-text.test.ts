import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { cutMiddle, safeText, safeValue } from '../../src/report/safe-text.js';

describe('safeText', () => {
  it.each([
    ['\u001b[2J', '\\x1b[2J'],
    ['\u001b]8;;http://evil\u0007click\u001b]8;;\u0007', '\\x1b]8;;http://evil\\x07click\\x1b]8;;\\x07'],
    ['a\nb\tc\rd', 'a\\nb\\tc\\rd'],
    ['\u0000\u007f\u009b', '\\x00\\x7f\\x9b'],
    ['gnp\u202egpj.exe', 'gnp\\u202egpj.exe'],
    ['\u2066x\u2069', '\\u2066x\\u2069'],
    ['a\u200bb\ufeffc\u00add', 'a\\u200bb\\ufeffc\\xadd'],
    ['\u2028\u2029', '\\u2028\\u2029'],
    ['tag\u{e0041}', 'tag\\u{e0041}'],
    ['\ud800 alone', '\\ud800 alone'],
    ['/srv/café/日本語/😀.html', '/srv/café/日本語/😀.html'],
    ['', ''],
  ])('%j is shown as %s', (raw, shown) => {
    expect(safeText(raw)).toBe(shown);
  });

  it('lets three accents stand on a letter and no more', () => {
    expect(safeText(`e${'\u0301'.repeat(3)}`)).toBe(`e${'\u0301'.repeat(3)}`);
    expect(safeText(`e${'\u0301'.repeat(500)}`)).toContain('\\u301'.replace('301', '0301'));
  });

  it('cuts ten thousand characters in the middle', () => {
    const cut = safeText(`start${'x'.repeat(10_000)}end`);
    expect(cut.length).toBeLessThanOrEqual(600);
    expect(cut).toMatch(/^start.*…x*end$/);
  });

  it('keeps hostile input short although each character grows', () => {
    expect(safeText('\u001b'.repeat(1_000_000)).length).toBeLessThanOrEqual(600);
  });

  it('does not leave half a character where it cuts', () => {
    expect(safeText('😀'.repeat(5000), { maxChars: 101 })).toMatch(/^(😀)+…(😀)+$/u);
  });

  it('is ASCII where the terminal is', () => {
    expect(safeText('5 µs → café …', { unicode: false })).toBe('5 us -> caf\\xe9 ...');
  });

  it('reaches every string of a value, keys too, and nothing else', () => {
    expect(safeValue({ a: ['\u001b', 1, null, true], '\u001bk': { b: '\n' } })).toEqual({ a: ['\\x1b', 1, null, true], '\\x1bk': { b: '\\n' } });
  });
});

describe('cutMiddle', () => {
  it('keeps what fits', () => {
    expect(cutMiddle('/a/b.js', 7)).toBe('/a/b.js');
  });

  it('keeps the end of a path, which names the file', () => {
    expect(cutMiddle('/usr/lib/python3/dist-packages/flask/app.py', 24)).toBe('/usr/lib/…s/flask/app.py');
  });

  it.each([1, 2, 3, 5, 8, 13, 21])('never exceeds %i columns, whatever the characters', (columns) => {
    for (const text of ['日本語'.repeat(20), '👨‍👩‍👧‍👦'.repeat(9), 'x'.repeat(99), `e${'\u0301'.repeat(3)}`.repeat(40)]) {
      for (const unicode of [true, false]) expect(stringWidth(cutMiddle(text, columns, unicode))).toBeLessThanOrEqual(columns);
    }
  });
});
