/**
 * One figure in the form that monitoring systems share: a name and unit of OpenTelemetry's semantic conventions where
 * there is one (https://opentelemetry.io/docs/specs/semconv/), else a name below `whyslow.`.
 */
export interface Metric {
  name: string;
  help: string;
  /** UCUM: s, By, 1 (a share), {request}, {request}/s; '' for a figure that only says that something is so. */
  unit: string;
  /** gauge: a level. updown: a level that adds up over processes. counter: only grows. summary: count, sum, quantiles. */
  kind: 'gauge' | 'updown' | 'counter' | 'summary';
  points: (Point | Summary)[];
  /** Where the name that Prometheus would get by the rule is kept for something else there. */
  prometheusName?: string;
}

export type Labels = Record<string, string>;
export interface Point { labels: Labels; value: number }
export interface Summary { labels: Labels; count: number; sum: number; quantiles: [quantile: number, value: number][] }

/** What the figures are of. */
export interface Resource { attributes: Labels }

export const isSummary = (point: Point | Summary): point is Summary => 'count' in point;

/** A metric without figures is none: a probe that saw nothing leaves a gap, never a zero. */
export function metric(name: string, unit: string, kind: Metric['kind'], help: string, points: readonly (Point | Summary | null)[], prometheusName?: string): Metric[] {
  const there = points.filter((point) => point !== null && (isSummary(point) ? Number.isFinite(point.sum) : Number.isFinite(point.value))) as (Point | Summary)[];
  return there.length === 0 ? [] : [{ name, unit, kind, help, points: there, ...(prometheusName === undefined ? {} : { prometheusName }) }];
}

export const point = (value: number | null | undefined, labels: Labels = {}): Point | null =>
  value === null || value === undefined ? null : { labels, value };

/** Characters of a label; longer texts lose their end. */
const LABEL_CHARS = 120;

/** Controls, formats (bidi overrides, zero-width), lone surrogates, line separators: a file of figures is read in terminals too. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Text of the target's (names of processes, threads, functions) as a label: short, and nothing in it but what can be read. */
export const labelText = (text: string): string =>
  [...text.slice(0, LABEL_CHARS * 2).replace(UNSAFE, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`)].slice(0, LABEL_CHARS).join('');

/** The labels of a process, as the conventions name them. */
export const processLabels = (pid: number, name: string): Labels => ({ 'process.pid': String(pid), 'process.executable.name': labelText(name) });
