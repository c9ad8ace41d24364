import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { bar, sparkline } from '../../src/report/bars.js';
import { makeStyle } from '../../src/report/style.js';
import { table } from '../../src/report/table.js';
import { flow, wrap, wrapHanging } from '../../src/report/wrap.js';

describe('wrap', () => {
  it('breaks at words', () => {
    expect(wrap('one two three four', 9)).toEqual(['one two', 'three', 'four']);
  });

  it('breaks a path that is longer than a line after a slash', () => {
    expect(wrap('see /srv/shop/themes/base/x.html', 16)).toEqual(['see /srv/shop/', 'themes/base/', 'x.html']);
  });

  it.each([10, 17, 40])('never exceeds %i columns and loses nothing', (columns) => {
    const text = `${'日本語'.repeat(30)} plain words ${'x'.repeat(99)}`;
    const lines = wrap(text, columns);
    expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(columns);
    expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
  });

  it('indents what follows a prefix', () => {
    expect(wrapHanging('  1. ', 'alpha beta gamma', 16)).toEqual(['  1. alpha beta', '     gamma']);
    expect(wrap('', 10)).toEqual([]);
  });

  it('never starts or ends a line with a separator', () => {
    expect(flow(['aaaa', 'bbbb', 'cccc'], ' · ', 12)).toEqual(['aaaa · bbbb', 'cccc']);
  });
});

describe('table', () => {
  const style = makeStyle({ width: 40, color: false });

  it('aligns, and cuts texts only', () => {
    const lines = table([{ head: 'calls', align: 'right' }, { head: 'path' }], [['3', '/a'], ['12,000', `/srv/${'deep/'.repeat(20)}end.js`]], style);
    expect(lines[0]).toBe(' '.repeat(3) + 'calls  path');
    expect(lines[1]).toBe('       3  /a');
    expect(lines[2]).toHaveLength(40);
    expect(lines[2]).toMatch(/^ {2}12,000 {2}\/srv\/.*….*end\.js$/);
  });

  it('counts wide characters as two columns', () => {
    const lines = table([{ head: 'name' }, { head: 'n' }], [['日本', '1'], ['abcd', '2']], style);
    expect(lines.slice(1).map((line) => stringWidth(line.slice(0, line.search(/\d/))))).toEqual([8, 8]);
  });
});

describe('bars', () => {
  it('draws eighths, and something for anything above nothing', () => {
    expect([bar(0, 10), bar(0.0001, 10), bar(0.5, 10), bar(0.55, 10), bar(2, 4)]).toEqual(['', '▏', '█████', '█████▌', '████']);
    expect([bar(0.0001, 10, false), bar(0.5, 10, false)]).toEqual(['#', '#####']);
  });

  it('draws a flat rate flat, a fall as a fall', () => {
    expect(sparkline([100, 101, 99, 100], 40)).toBe('████');
    expect(sparkline([100, 50, 0], 40)).toBe('█▅▁');
    expect(sparkline([0, 0], 40)).toBe('▁▁');
    expect(sparkline(Array.from({ length: 400 }, () => 5), 40)).toBe('█'.repeat(40));
  });
});
