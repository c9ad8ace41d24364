import type { EventLoopFact, GcFact, LongTick } from '../../types.js';
import { groupBy } from '../group-by.js';
import { count, percent, plural, span, time, whole } from '../numbers.js';
import type { Style } from '../style.js';
import { table } from '../table.js';
import { wrapHanging } from '../wrap.js';
import { dimLines } from './dim-lines.js';
import { placeText } from './frame-text.js';
import type { Section } from './section.js';

export const loopAndGc: Section = ({ eventLoop, gc }, style) => {
  if (eventLoop === null && gc === null) return null;
  return {
    ...(gc === null ? { heading: 'EVENT LOOP' } : eventLoop === null ? { heading: 'GC' } : {}),
    lines: [...(eventLoop === null ? [] : loopLines(eventLoop, style)), ...(gc === null ? [] : gcLines(gc, style))],
  };
};

const THREADS_SHOWN = 4;

function loopLines({ threads, longTicks, thresholdMs, watchedS, stalledShare }: EventLoopFact, style: Style): string[] {
  const t = (ms: number | null): string => (ms === null ? '' : time(ms, style.unicode));
  const busiest = threads.toSorted((a, b) => b.busyShare - a.busyShare);
  const rows = busiest.slice(0, THREADS_SHOWN).map((thread) => [
    `${thread.name} (${thread.tid})`, percent(thread.busyShare), thread.ticks === null ? '' : count(thread.ticks), t(thread.p50Ms), t(thread.p99Ms), t(thread.maxMs),
  ]);
  const right = { align: 'right' as const };
  const columns = [
    { head: 'loop' }, { head: 'busy', ...right }, { head: 'ticks', ...right, optional: true },
    { head: 'tick p50', ...right, optional: true }, { head: 'p99', ...right, optional: true }, { head: 'max', ...right },
  ];
  const more = threads.length - rows.length;
  const limit = `over ${span(thresholdMs, style.unicode)}`;
  const watched = `in the ${span(watchedS * 1000, style.unicode)} watched`;
  return [
    ...(rows.length === 0 ? [] : table(columns, rows, style)),
    ...(more > 0 ? dimLines(`and ${more} loops less busy`, style) : []),
    ...(longTicks.length === 0
      ? [`  no tick ${limit} ${watched}`]
      : [
          ...wrapHanging('  ', `${plural(longTicks.length, 'tick')} ${limit} ${watched}; the loop stood still for ${percent(stalledShare)} of it:`, style.width),
          ...tickGroups(longTicks, stalledShare >= MATTERS_SHARE ? style.bold : style.plain, style),
        ]),
  ];
}

const GROUPS_SHOWN = 4;
/** Of the time: less is no reason to look there. */
const MATTERS_SHARE = 0.01;
const CAUSES: Record<LongTick['cause'], string> = {
  gc: 'garbage collection', blocked: 'blocked', 'run-queue': 'waiting for a CPU', cpu: 'running code', unknown: 'cause not seen',
};

/** Ticks with the same thing in them are one line: `23 x  80.1 to 82.0 ms  running hash  lib/auth.js:12`. */
function tickGroups(ticks: LongTick[], paint: Style['bold'], style: Style): string[] {
  const total = (group: LongTick[]): number => group.reduce((sum, { lengthNs }) => sum + lengthNs, 0);
  const groups = groupBy(ticks, (tick) => JSON.stringify([whatRan(tick), tick.culprit === null ? '' : placeText(tick.culprit)]));
  const ranked = [...groups.values()].toSorted((a, b) => total(b) - total(a));
  const rows = ranked.slice(0, GROUPS_SHOWN).map((group) => {
    const lengths = group.map(({ lengthNs }) => lengthNs / 1e6).toSorted((a, b) => a - b);
    const [low, high] = [time(lengths[0] ?? 0, style.unicode), time(lengths.at(-1) ?? 0, style.unicode)];
    const [first] = group;
    return [
      `${group.length} ${style.times}`, low === high ? low : `${low} to ${high}`,
      first ? whatRan(first) : '', first?.culprit ? placeText(first.culprit) : '',
    ];
  });
  const more = ranked.length - rows.length;
  const bold = (text: string, row: number): string => (row === 0 ? paint(text) : text);
  return [
    ...table([{ head: '', align: 'right' }, { head: '', paint: bold }, { head: '', paint: bold }, { head: '' }], rows, style),
    ...(more > 0 ? dimLines(`and ${more} more of other kinds`, style) : []),
  ];
}

function whatRan({ cause, syscall, culprit }: LongTick): string {
  const name = culprit === null ? null : culprit.name || '(anonymous)';
  if (cause === 'blocked' && syscall !== null) return `blocked in ${syscall}${name === null ? '' : `, ${name}`}`;
  if (cause === 'cpu' && name !== null) return `running ${name}`;
  return name === null ? CAUSES[cause] : `${CAUSES[cause]}, ${name}`;
}

function gcLines(gc: GcFact, style: Style): string[] {
  if (gc.pauses === 0) return ['  GC  no pause seen'];
  const kinds = gc.byKind.filter((kind) => kind.count > 0).map((kind) => `${whole(kind.count)} ${kind.kind}`).join(', ');
  const parts = [
    `${percent(gc.share)} of thread ${gc.tid}`,
    `${whole(gc.pauses)} pauses, ${time(gc.totalMs, style.unicode)} in all, longest ${time(gc.maxMs, style.unicode)}`,
    ...(kinds === '' ? [] : [kinds]),
    ...(gc.heapUsedMB === null ? [] : [`heap ${mb(gc.heapUsedMB.first)} to ${mb(gc.heapUsedMB.last)}, at most ${mb(gc.heapUsedMB.max)}`]),
    ...(gc.allocatedPerRequestKB === null ? [] : [`${kb(gc.allocatedPerRequestKB)} allocated a request`]),
  ];
  return wrapHanging('  GC  ', parts.join('; '), style.width);
}

const mb = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} MB`;
const kb = (value: number): string => (value < 1000 ? `${value < 10 ? value.toFixed(1) : Math.round(value)} kB` : mb(value / 1000));
