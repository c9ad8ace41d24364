/**
 * Writes figures as Prometheus' text exposition, version 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/), named by the rules of OpenTelemetry
 * (https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/):
 *
 *   nodejs.eventloop.utilization, unit 1   ->  nodejs_eventloop_utilization_ratio
 *   process.cpu.time, unit s, counter      ->  process_cpu_time_seconds_total
 */
import { isSummary, type Labels, type Metric, type Point, type Resource, type Summary } from './metric.js';

/** What a server says of this format. */
export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** UCUM -> what Prometheus writes out. */
const UNIT: Record<string, string> = { s: 'seconds', By: 'bytes' };
const TYPE = { gauge: 'gauge', updown: 'gauge', counter: 'counter', summary: 'summary' } as const;

/** All figures; the resource as `target_info`, which queries join to the others. */
export function renderPrometheus(metrics: readonly Metric[], resource: Resource): string {
  const info: Metric = { name: 'target.info', unit: '', kind: 'gauge', help: 'What the figures are of.', points: [{ labels: resource.attributes, value: 1 }] };
  return [info, ...metrics].map(family).join('');
}

function family(metric: Metric): string {
  const name = prometheusName(metric);
  const samples = metric.points.flatMap((point) => (isSummary(point) ? summaryLines(name, point) : [line(name, point.labels, point.value)]));
  return `# HELP ${name} ${escapeHelp(metric.help)}\n# TYPE ${name} ${TYPE[metric.kind]}\n${samples.join('\n')}\n`;
}

const summaryLines = (name: string, { labels, count, sum, quantiles }: Summary): string[] => [
  ...quantiles.map(([quantile, value]) => line(name, { ...labels, quantile: String(quantile) }, value)),
  line(`${name}_sum`, labels, sum),
  line(`${name}_count`, labels, count),
];

function prometheusName({ name, unit, kind, prometheusName: given }: Metric): string {
  if (given !== undefined) return given;
  const [of = '', per] = unit.replace(/\{[^}]*\}/g, '').split('/');
  const suffixes = [
    of === '1' ? (kind === 'gauge' ? 'ratio' : '') : UNIT[of] ?? '',
    per === undefined ? '' : `per_${per === 's' ? 'second' : per || nounOf(unit)}`,
    kind === 'counter' ? 'total' : '',
  ].filter((suffix) => suffix !== '');
  const base = name.replace(/[^A-Za-z0-9_:]/g, '_');
  return suffixes.reduce((so, suffix) => (so.endsWith(`_${suffix}`) ? so : `${so}_${suffix}`), base);
}

/** {call}/{request} -> request. */
const nounOf = (unit: string): string => /\/\{([^}]*)\}$/.exec(unit)?.[1] ?? '';

const line = (name: string, labels: Labels, value: Point['value']): string => `${name}${labelsText(labels)} ${number(value)}`;

function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${labelName(key)}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const labelName = (key: string): string => key.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d)/, '_');
const escapeLabel = (text: string): string => text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
const escapeHelp = (text: string): string => text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n');

/** Beyond these digits is only what sums of binary fractions leave. */
const DIGITS = 12;

const number = (value: number): string =>
  (Number.isNaN(value) ? 'NaN' : value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : String(Number.isInteger(value) ? value : Number(value.toPrecision(DIGITS))));
