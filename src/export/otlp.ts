/**
 * Writes figures as the body of an OTLP/HTTP request in JSON: ExportMetricsServiceRequest of
 * https://github.com/open-telemetry/opentelemetry-proto (collector/metrics/v1), in the JSON that
 * https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding asks for: names in lowerCamelCase, enums as numbers,
 * 64-bit integers as decimal strings.
 */
import { isSummary, type Labels, type Metric, type Point, type Resource, type Summary } from './metric.js';

/** AGGREGATION_TEMPORALITY_CUMULATIVE. */
const CUMULATIVE = 2;

/** When the figures were taken, ms since 1970: from the start of what a counter or summary counts to its end. */
export interface Period { startMs: number; endMs: number }

export function renderOtlp(metrics: readonly Metric[], resource: Resource, scope: { name: string; version: string }, period: Period): string {
  const body = {
    resourceMetrics: [{
      resource: attributes(resource.attributes),
      scopeMetrics: [{ scope, metrics: metrics.map((metric) => otlpMetric(metric, period)) }],
    }],
  };
  return JSON.stringify(body);
}

function otlpMetric({ name, help, unit, kind, points }: Metric, period: Period): object {
  const head = { name, description: help, unit };
  const numbers = points.flatMap((point) => (isSummary(point) ? [] : [numberPoint(point, kind === 'gauge' ? null : period.startMs, period.endMs)]));
  switch (kind) {
    case 'gauge': return { ...head, gauge: { dataPoints: numbers } };
    case 'updown': return { ...head, sum: { dataPoints: numbers, aggregationTemporality: CUMULATIVE, isMonotonic: false } };
    case 'counter': return { ...head, sum: { dataPoints: numbers, aggregationTemporality: CUMULATIVE, isMonotonic: true } };
    case 'summary': return { ...head, summary: { dataPoints: points.flatMap((point) => (isSummary(point) ? [summaryPoint(point, period)] : [])) } };
  }
}

const numberPoint = ({ labels, value }: Point, startMs: number | null, endMs: number): object => ({
  ...attributes(labels),
  ...(startMs === null ? {} : { startTimeUnixNano: unixNano(startMs) }),
  timeUnixNano: unixNano(endMs),
  asDouble: value,
});

const summaryPoint = ({ labels, count, sum, quantiles }: Summary, { startMs, endMs }: Period): object => ({
  ...attributes(labels),
  startTimeUnixNano: unixNano(startMs),
  timeUnixNano: unixNano(endMs),
  count: String(Math.round(count)),
  sum,
  quantileValues: quantiles.map(([quantile, value]) => ({ quantile, value })),
});

function attributes(labels: Labels): { attributes?: object[] } {
  const pairs = Object.entries(labels).map(([key, stringValue]) => ({ key, value: { stringValue } }));
  return pairs.length === 0 ? {} : { attributes: pairs };
}

const unixNano = (ms: number): string => String(BigInt(Math.round(ms)) * 1_000_000n);
