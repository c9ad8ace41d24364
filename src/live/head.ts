import { seg, wrap } from './lines.js';
import type { Data, Figures, Line, Style } from './types.js';

/** Columns of the words at the left of the upper rows. */
export const LABEL_COLUMNS = 10;
const label = (word: string): Line => [seg(` ${word}`.padEnd(LABEL_COLUMNS), 'dim')];

/** The row of the top: who is watched, what happens now. */
export function titleRow(data: Data, columns: number, paused: boolean, f: Figures): Line {
  const left = data.secondsLeft > 0 ? `, ${String(data.secondsLeft)} s left` : '';
  const now = ` ${data.doing}${left} `;
  const held = paused ? ' HELD ' : '';
  const room = Math.max(8, columns - f.width(now) - held.length);
  const long = ` whyslow  ${data.title}  ${data.address}`;
  const who = f.width(long) <= room ? long : f.cut(` whyslow  ${data.title}`, room);
  return [seg(who + ' '.repeat(Math.max(0, room - f.width(who))), 'inverse'), seg(held, 'warn'), seg(now, 'inverse')];
}

/** Slices that a figure is the mean of: the last second. */
const RECENT = 4;

/** Of a sparkline; a minute and a half. */
const MOST_COURSE = 360;

/** What the load gets back: rate, errors, latency, each with its course. */
export function loadRows({ load, report }: Data, columns: number, f: Figures): Line[] {
  const wide = Math.min(MOST_COURSE, Math.max(8, columns - LABEL_COLUMNS - 48));
  const half = Math.min(MOST_COURSE, Math.max(8, Math.floor((columns - LABEL_COLUMNS - 30) / 2)));
  const recent = load.slice(-RECENT);
  const mean = (of: (p: Data['load'][number]) => number | null): number | null => {
    const known = recent.map(of).filter((v) => v !== null);
    return known.length === 0 ? null : known.reduce((sum, v) => sum + v, 0) / known.length;
  };
  const course = (of: (p: Data['load'][number]) => number | null, points: number): string => {
    const known = load.map(of).filter((v) => v !== null);
    return f.sparkline(known.slice(-points), points).padEnd(points);
  };
  const total = (of: (p: Data['load'][number]) => number): number => load.reduce((sum, p) => sum + of(p), 0);
  const wrong = (name: string, n: number): Line => [seg(`  ${name} `, 'dim'), seg(f.count(n), n > 0 ? 'bad' : 'plain')];
  const [rps, p50, p99] = [mean((p) => p.rps), mean((p) => p.p50Ms), mean((p) => p.p99Ms)];
  const ms = (v: number | null): string => (v === null ? f.dash : f.time(v)).padEnd(9);
  const counted = report?.load?.tool === 'none' ? [seg('  counted at the server', 'dim')]
    : [...wrong('errors', total((p) => p.errors)), ...wrong('timeouts', total((p) => p.timeouts)), ...wrong('not 2xx', total((p) => p.non2xx))];
  return [
    [...label('load'), seg(`${rps === null ? f.dash : f.count(rps)} req/s`.padEnd(14), 'bold'), seg(course((p) => p.rps, wide), 'accent'), ...counted],
    [...label('latency'), seg('p50 ', 'dim'), seg(ms(p50), 'bold'), seg(course((p) => p.p50Ms, half), 'accent'), seg('  p99 ', 'dim'), seg(ms(p99), 'bold'), seg(course((p) => p.p99Ms, half), 'accent')],
  ];
}

/** How sure, its course, and the cost, behind the name. */
const TAIL_COLUMNS = 28;

/** As in the report: below it is a hint, not a claim. */
const CLAIM = 0.5;

/** The best verdict so far, and how sure it has become. Three rows. */
export function verdictRows({ report, measured, verdicts }: Data, columns: number, f: Figures): Line[] {
  if (report === null || !measured) {
    return [[...label('verdict'), seg('none yet: the load is not measured so far', 'dim')], [], []];
  }
  const { id, title, summary, confidence, cost } = report.verdict;
  const same = sameSince(verdicts);
  const style: Style = id === 'healthy' ? 'good' : confidence >= CLAIM ? 'bad' : 'warn';
  const course = f.sparkline(verdicts.slice(-same).map((v) => v.confidence), 8).padEnd(8);
  const sure = ` ${f.percent(confidence).padStart(4)} sure `;
  const costs = cost.share > 0 && id !== 'healthy' ? ` costs ${f.percent(cost.share)}` : '';
  const since = verdicts.length === 1 ? '  first look' : `  ${String(same)} of ${String(verdicts.length)} looks`;
  const room = columns - LABEL_COLUMNS - 1;
  const name = f.cut(title, room - TAIL_COLUMNS);
  const fits = f.width(name) + TAIL_COLUMNS + since.length <= room;
  const [first = '', second = ''] = wrap(summary, room, 2, f);
  return [
    [
      ...label('verdict'), seg(name, style), seg(sure, 'bold'), seg(course, 'accent'), seg(costs, 'bold'), seg(fits ? since : '', 'dim'),
    ],
    [seg(' '.repeat(LABEL_COLUMNS)), seg(first)],
    [seg(' '.repeat(LABEL_COLUMNS)), seg(second)],
  ];
}

/** Judgements in a row, the last one among them, that name the same. */
function sameSince(verdicts: Data['verdicts']): number {
  const last = verdicts.at(-1);
  const other = verdicts.findLastIndex((v) => v.id !== last?.id);
  return verdicts.length - 1 - other;
}
