import { NoData } from '../../errors.js';
import { parseLoad } from '../../parse/load.js';
import type { FactReader, Run, TimelineSeries } from '../../types.js';
import { artifactsOf } from '../artifacts.js';
import { need } from '../reader.js';
import { requestsFact } from '../requests.js';

/** Answers a second, in slices; as the generator counted them, or the server's sockets. */
export function rate(_run: Run, read: FactReader): TimelineSeries[] {
  const { slices, source } = need(read(requestsFact));
  if (slices.length === 0) throw new NoData('the load tool tells its figures at the end only', 'use --load autocannon');
  return [{
    chart: 'rate', unit: 'req/s', kind: 'slices',
    label: source === 'generator' ? 'answers' : 'requests read by the server',
    points: slices.map(({ startNs, endNs, rps }) => ({ startNs, endNs, value: rps })),
  }];
}

export function latency(_run: Run, read: FactReader): TimelineSeries[] {
  const { slices } = need(read(requestsFact));
  const of = (label: string, value: (slice: (typeof slices)[number]) => number | null): TimelineSeries => ({
    chart: 'latency', unit: 'ms', kind: 'slices', label,
    points: slices.flatMap((slice) => {
      const ms = value(slice);
      return ms === null ? [] : [{ startNs: slice.startNs, endNs: slice.endNs, value: ms }];
    }),
  });
  const series = [of('p99', (s) => s.p99Ms), of('p50', (s) => s.p50Ms)];
  if (series.every(({ points }) => points.length === 0)) throw new NoData('the load tool gives no latency over time', 'use --load autocannon');
  return series;
}

/** Answers that were none: errors, timeouts, other statuses. Only what there was. */
export function errors(run: Run): TimelineSeries[] {
  const slices = artifactsOf(run, 'load').flatMap((a) => [...parseLoad(run.text(a))]).filter((r) => r.type === 'slice');
  if (slices.length === 0) throw new NoData('the load tool tells its figures at the end only', 'use --load autocannon');
  const of = (label: string, count: (slice: (typeof slices)[number]) => number): TimelineSeries => ({
    chart: 'errors', unit: 'a second', kind: 'slices', label,
    points: slices.map((s) => ({ startNs: s.startNs, endNs: s.endNs, value: (count(s) / (s.endNs - s.startNs || 1)) * 1e9 })),
  });
  const sum = (by: Record<string, number>): number => Object.values(by).reduce((a, b) => a + b, 0);
  const all = [
    of('errors', (s) => sum(s.errors)), of('timeouts', (s) => s.timeouts),
    of('not 2xx or 3xx', (s) => Object.entries(s.statuses).reduce((n, [status, count]) => (/^[23]/.test(status) ? n : n + count), 0)),
  ];
  const seen = all.filter(({ points }) => points.some(({ value }) => value > 0));
  return seen.length > 0 ? seen : all.slice(0, 1).map((none) => ({ ...none, label: 'errors, timeouts, not 2xx or 3xx' }));
}
