import type { Report } from '../../types.js';
import { sparkline } from '../bars.js';
import { count, percent, plural, span, time, whole } from '../numbers.js';
import type { Style } from '../style.js';
import { flow } from '../wrap.js';
import type { Section } from './section.js';

type Load = NonNullable<Report['load']>;

export const load: Section = ({ load: seen, generator }, style) => {
  if (seen === null) return null;
  const t = (ms: number): string => time(ms, style.unicode);
  const { latencyMs } = seen;
  if (seen.tool === 'none') return { lines: [...ownTraffic(seen, style), ...rateLine(seen, style)] };
  const figures = [
    style.bold(`${count(seen.rps)} req/s`),
    ...(latencyMs === null ? ['no latency from this tool'] : [`p50 ${t(latencyMs.p50)}`, `p90 ${t(latencyMs.p90)}`, `p99 ${t(latencyMs.p99)}`, `max ${t(latencyMs.max)}`]),
  ];
  const setup = [
    seen.tool, plural(seen.connections, 'connection'),
    seen.keepAlive ? 'keep-alive' : 'no keep-alive',
    `${plural(seen.requests, 'request')}`, `figures over ${span(seen.durationS * 1000, style.unicode)}`,
    ...(generator === null ? [] : [`busiest load thread ${percent(generator.busiestThreadShare)} of a core`]),
  ];
  const facts = [figures, setup].flatMap((items) => flow(items, style.dot, style.width - 2)).map((line) => `  ${line}`);
  return { lines: [...facts, troubles(seen, style), ...rateLine(seen, style)] };
};

/** No load of ours: what clients got back, and how long it took them, nobody has seen. */
function ownTraffic(seen: Load, style: Style): string[] {
  return [
    `  ${style.bold(`${count(seen.rps)} req/s`)}${style.dot}${plural(seen.requests, 'request')}${style.dot}about ${plural(seen.connections, 'connection')}${style.dot}figures over ${span(seen.durationS * 1000, style.unicode)}`,
    '  its own traffic, counted at its sockets; latency and errors are not seen there',
    `  ${statusShares(seen.statuses, style)}`,
  ];
}

const STATUSES_SHOWN = 4;

/** As the server wrote them, in the observed window. */
function statusShares(statuses: Load['statuses'], style: Style): string {
  const byCount = Object.entries(statuses).sort((a, b) => b[1] - a[1]);
  const all = byCount.reduce((sum, [, n]) => sum + n, 0);
  if (all === 0) return 'status of its answers: not seen';
  return byCount.slice(0, STATUSES_SHOWN).map(([status, n]) => {
    const text = `${status} ${percent(n / all)}`;
    return /^[23]/.test(status) ? text : style.warn(text);
  }).join(style.dot);
}

function troubles({ errors, timeouts, non2xx }: Load, style: Style): string {
  if (errors + timeouts + non2xx === 0) return `  no errors, no timeouts, no non-2xx`;
  const bad = ([name, n]: readonly [string, number]): string => (n === 0 ? `${name} 0` : style.warn(`${name} ${whole(n)}`));
  return `  ${([['errors', errors], ['timeouts', timeouts], ['non-2xx', non2xx]] as const).map(bad).join(style.dot)}`;
}

const MOST_SPARK_COLUMNS = 40;

function rateLine({ timeline }: Load, style: Style): string[] {
  const rates = timeline.map(({ rps }) => rps);
  if (rates.length < 2) return [];
  const range = `${count(Math.min(...rates))} to ${count(Math.max(...rates))} req/s`;
  const columns = Math.min(MOST_SPARK_COLUMNS, style.width - '  rate   '.length - range.length);
  return [`  rate ${sparkline(rates, Math.max(1, columns), style.unicode)}  ${style.dim(range)}`];
}
