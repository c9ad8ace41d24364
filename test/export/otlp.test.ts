import { describe, expect, it } from 'vitest';
import { metric, point } from '../../src/export/metric.js';
import { renderOtlp } from '../../src/export/otlp.js';
import { reportMetrics, reportPeriod, reportResource } from '../../src/export/report-metrics.js';
import { sample, SAMPLES } from '../report/samples.js';
import { throughOtlpSchema } from './otlp-schema.js';

const scope = { name: 'whyslow', version: '1.2.3' };

describe.each(SAMPLES)('the OTLP of %s', (name) => {
  const report = sample(name);
  const text = renderOtlp(reportMetrics(report), reportResource(report), scope, reportPeriod(report));

  it('is an ExportMetricsServiceRequest, with nothing beside the schema', () => expect(throughOtlpSchema(text)).toEqual(JSON.parse(text)));

  it('has a time for every point, and a start where something is counted', () => {
    const points = text.match(/"timeUnixNano":"\d+"/g) ?? [];
    expect(points.length).toBeGreaterThan(10);
    for (const one of points) expect(one).toBe(`"timeUnixNano":"${Date.parse(report.createdAt)}000000"`);
  });
});

describe('the schema check itself', () => {
  const good = JSON.parse(renderOtlp(metric('a', 's', 'counter', 'h', [point(1.5, { k: 'v' })]), { attributes: {} }, scope, { startMs: 1, endMs: 2 })) as { resourceMetrics: { scopeMetrics: { metrics: Record<string, unknown>[] }[] }[] };
  it('sees a name that is none, and a wrong type', () => {
    expect(throughOtlpSchema(JSON.stringify(good))).toEqual(good);
    const [first] = good.resourceMetrics[0]?.scopeMetrics[0]?.metrics ?? [];
    const wrong = structuredClone(good);
    wrong.resourceMetrics[0]!.scopeMetrics[0]!.metrics[0]!['data_points'] = [];
    expect(throughOtlpSchema(JSON.stringify(wrong))).not.toEqual(wrong);
    const mistyped = structuredClone(good);
    mistyped.resourceMetrics[0]!.scopeMetrics[0]!.metrics[0]!['unit'] = 7;
    expect(throughOtlpSchema(JSON.stringify(mistyped))).not.toEqual(mistyped);
    expect(first).toMatchObject({ name: 'a', unit: 's', sum: { isMonotonic: true, aggregationTemporality: 2 } });
  });
});
