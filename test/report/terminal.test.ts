import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { renderTerminal } from '../../src/report/terminal.js';
import type { Report } from '../../src/types.js';
import { sample, SAMPLES } from './samples.js';

const plain = (report: Report, width = 80): string => renderTerminal(report, { width, color: false });
const ESC = '\u001b';

describe.each(SAMPLES)('the report of %s', (name) => {
  it.each([80, 120])('is the golden text at %i columns', async (width) => {
    await expect(plain(sample(name), width)).toMatchFileSnapshot(`__snapshots__/${name}.${width}.txt`);
  });

  it.each([40, 60, 80, 100, 120, 400])('has no line beyond %i columns, coloured or not', (width) => {
    for (const color of [false, true]) {
      for (const unicode of [false, true]) {
        const wide = renderTerminal(sample(name), { width, color, unicode }).split('\n').filter((line) => stringWidth(line) > width);
        expect(wide).toEqual([]);
      }
    }
  });

  it('says the same words with colours as without', () => {
    const colored = renderTerminal(sample(name), { width: 80, color: true });
    expect(colored).toContain(`${ESC}[`);
    expect(colored.replaceAll(/\u001b\[\d+m/g, '')).toBe(plain(sample(name)));
  });

  it('is pure ASCII without Unicode', () => {
    expect(renderTerminal(sample(name), { width: 80, color: false, unicode: false })).toMatch(/^[\n\x20-\x7e]+$/);
  });
});

describe('what a report must say', () => {
  it('puts the verdict first, then what to do, then the time', () => {
    const order = ['Each request looks for 23 files', 'WHAT TO DO', "WHERE ONE REQUEST'S TIME GOES", 'ALSO FOUND', 'SYSCALLS', 'FAILING PATHS', 'LOAD', 'RULED OUT', 'OWN COST'];
    const text = plain(sample('missing-files'));
    const places = order.map((part) => text.indexOf(part));
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
  });

  it('doubts the numbers where the load is in doubt, before any of them', () => {
    const text = plain(sample('non-2xx'));
    expect(text).toContain('The numbers below are in doubt (load-non-2xx)');
    expect(text.indexOf('in doubt')).toBeLessThan(text.indexOf('LOAD\n'));
    expect(plain(sample('nagle'))).not.toContain('in doubt');
  });

  it('names the limit of a healthy server', () => {
    expect(plain(sample('healthy'))).toContain('The limit now: one core: thread node (900) uses 99% of a core');
    const saturated = { ...sample('healthy'), generator: { busiestThreadShare: 0.98, totalShare: 0.98, runQueueShare: 0 } };
    expect(plain(saturated)).toContain('The limit now: the load generator itself');
  });

  it('says what would tell more when it does not know', () => {
    expect(plain(sample('unknown'))).toMatch(/WHAT WOULD TELL MORE\n {2}1\. Run it longer[^]*run whyslow as root.*\(shows: syscalls/);
  });

  it('shows startup lookups as one line and never as the cause', () => {
    const text = plain(sample('nagle'));
    expect(text).toContain('at startup: 3,271 failed lookups of 2 paths; no request pays for them');
    expect(text).toContain('not why requests are slow');
  });

  it('groups long ticks by what was in them', () => {
    expect(plain(sample('stalls'), 100)).toMatch(/23 × {2}80\.1 ms to 81\.9 ms {2}running summarize {3}\/srv\/app\/lib\/report\/summary\.js:31\n +1 × {2}14\.2 ms +blocked in fsync/);
  });

  it('leaves out what it has nothing for', () => {
    const { schema, whyslow, createdAt, target, verdict, findings } = sample('healthy');
    const bare: Report = {
      schema, whyslow, createdAt, target, verdict, findings, ruledOut: [], notObserved: [], load: null, phases: [], ledger: null, syscalls: [],
      failedPaths: [], eventLoop: null, gc: null, hotFunctions: [], threads: [], generator: null, sockets: null,
      queue: null, limits: null, cpuUse: null, trends: [], probes: [], overhead: null, interrupted: null,
    };
    expect(plain(bare)).not.toMatch(/^[A-Z]{3}/m);
    expect(plain(bare)).toContain('Nothing is wrong with this server');
  });

  it('keeps a wide-character path aligned and within the width', () => {
    const report = sample('missing-files');
    report.failedPaths = report.failedPaths.map((path) => ({ ...path, path: `/srv/${'店舗'.repeat(40)}/価格.html` }));
    const lines = plain(report).split('\n').filter((line) => line.includes('ENOENT  statx'));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      expect(stringWidth(line)).toBeLessThanOrEqual(80);
      expect(line).toMatch(/…/);
      expect(line.endsWith('.html')).toBe(true);
    }
  });
});

describe('a hostile target', { timeout: 30_000 }, () => {
  const NASTY = `${ESC}[2J${ESC}]8;;http://evil\u0007link${ESC}]8;;\u0007\r\n\u202Ereversed\u2066\u200b\u0085\u009b31m${'x'.repeat(10_000)}`;

  /** Every string of a report but those the types fix, replaced. */
  function poison<T>(value: T, key = ''): T {
    if (typeof value === 'string') return (['schema', 'id', 'kind', 'phase', 'state', 'role', 'cause', 'status', 'source', 'origin', 'runtime'].includes(key) ? value : NASTY) as T;
    if (Array.isArray(value)) return value.map((item) => poison<unknown>(item, key)) as T;
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [key === 'errors' ? NASTY : name, poison<unknown>(item, name)])) as T;
  }

  it.each(SAMPLES)('cannot write a control character through %s', (name) => {
    for (const width of [40, 80, 120]) {
      const text = plain(poison(sample(name)), width);
      expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/);
      expect(text).toContain('\\x1b[2J');
      expect(Math.max(...text.split('\n').map((line) => stringWidth(line)))).toBeLessThanOrEqual(width);
      expect(text.length).toBeLessThan(200_000);
    }
  });

  it('cannot smuggle colours through a coloured report', () => {
    const codes = renderTerminal(poison(sample('missing-files')), { width: 80, color: true }).match(/\u001b.{0,4}/g) ?? [];
    expect(codes.filter((code) => !/^\u001b\[\d\d?m/.test(code))).toEqual([]);
  });
});
