import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { labelText, metric, point, type Metric } from '../../src/export/metric.js';
import { renderPrometheus } from '../../src/export/prometheus.js';
import { reportMetrics, reportResource } from '../../src/export/report-metrics.js';
import { sample, SAMPLES } from '../report/samples.js';
import { requires } from '../require.js';

const nothing = { attributes: {} };
const one = (name: string, unit: string, kind: Metric['kind'] = 'gauge', value = 1): string =>
  renderPrometheus(metric(name, unit, kind, 'h', [point(value)]), nothing).trimEnd().split('\n').at(-1) ?? '';

/** `name{labels}` of each sample. */
const series = (text: string): string[] => text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.slice(0, line.lastIndexOf(' ')));

describe('names follow the rules of OpenTelemetry', () => {
  it.each([
    ['nodejs.eventloop.utilization', '1', 'gauge', 'nodejs_eventloop_utilization_ratio'],
    ['nodejs.eventloop.delay.p99', 's', 'gauge', 'nodejs_eventloop_delay_p99_seconds'],
    ['process.cpu.time', 's', 'counter', 'process_cpu_time_seconds_total'],
    ['process.memory.usage', 'By', 'updown', 'process_memory_usage_bytes'],
    ['http.server.active_requests', '{request}', 'updown', 'http_server_active_requests'],
    ['whyslow.load.rate', '{request}/s', 'gauge', 'whyslow_load_rate_per_second'],
    ['whyslow.syscall.calls', '{call}/{request}', 'gauge', 'whyslow_syscall_calls_per_request'],
    ['whyslow.verdict', '', 'gauge', 'whyslow_verdict'],
    ['requests.total', '{request}', 'counter', 'requests_total'],
    ['it-has spaces.1', '', 'gauge', 'it_has_spaces_1'],
  ] as const)('%s [%s] %s -> %s', (name, unit, kind, expected) => expect(one(name, unit, kind)).toBe(`${expected} 1`));

  it('writes values as Prometheus reads them', () => {
    expect(one('a', '', 'gauge', 0.1 + 0.2)).toBe('a 0.3');
    expect(one('a', '', 'gauge', 12_345_678_901_234)).toBe('a 12345678901234');
    expect(renderPrometheus(metric('a', '', 'gauge', 'h', [point(NaN), point(null), point(Infinity)]), nothing)).not.toContain('TYPE a');
  });
});

describe('hostile text', () => {
  const evil = 'a"b\\c\nd} 1\nfake_metric 7\u001b[2J\u202e';
  it('stays one label of one sample', () => {
    const text = renderPrometheus(metric('a', '', 'gauge', `help\n${evil}`, [point(1, { 'thread.name': labelText(evil), raw: 'x"y\\z\nw' })]), { attributes: { 'k"ey': evil } });
    expect(text.split('\n').filter((line) => line.startsWith('fake_metric'))).toEqual([]);
    expect(text).toContain('thread_name="a\\"b\\\\c\\\\u{a}d} 1\\\\u{a}fake_metric 7\\\\u{1b}[2J\\\\u{202e}"');
    expect(text).toContain('raw="x\\"y\\\\z\\nw"');
    expect(text.split('\n').filter((line) => line.startsWith('a{'))).toHaveLength(1);
  });

  it('is short', () => {
    expect(labelText('x'.repeat(10_000))).toHaveLength(120);
    expect([...labelText('\u{1f600}'.repeat(10_000))]).toHaveLength(120);
    expect(labelText('\ud800')).toBe('\\u{d800}');
  });
});

describe.each(SAMPLES)('the figures of %s', (name) => {
  const report = sample(name);
  const text = renderPrometheus(reportMetrics(report), reportResource(report));

  it('are series of their own, each family once', () => {
    expect(new Set(series(text)).size).toBe(series(text).length);
    const types = text.split('\n').filter((line) => line.startsWith('# TYPE')).map((line) => line.split(' ')[2]);
    expect(new Set(types).size).toBe(types.length);
    expect(text).toContain(`whyslow_verdict{whyslow_finding="${report.verdict.id}"} 1\n`);
  });

  it('has no argument of the command', () => {
    const secret = { ...report, target: { ...report.target, command: ['/opt/my/node', '--token=hunter2'] } };
    const out = renderPrometheus(reportMetrics(secret), reportResource(secret));
    expect(out).not.toContain('hunter2');
    expect(out).toContain('service_name="unknown_service:node"');
  });

  it.skipIf(requires('promtool').skip)('pass promtool check metrics', async () => {
    const { exitCode, stdout, stderr } = await execa('promtool', ['check', 'metrics'], { input: text, reject: false });
    expect(`${stdout}${stderr}`).toBe('');
    expect(exitCode).toBe(0);
  });
});

describe('series are bounded', () => {
  it('however many threads, processes, syscalls and errors there are', () => {
    const report = sample(SAMPLES[0] ?? '');
    const many = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i));
    report.threads = many(5000, (i) => ({ pid: 1, tid: i, name: `t${i}`, role: 'serving', cpuShare: i / 5000, userShare: 0.1, systemShare: 0.1, runQueueShare: 0, waits: [], voluntarySwitchesPerS: 0, involuntarySwitchesPerS: 0 }));
    report.syscalls = many(400, (i) => ({ name: `call_${i}`, phase: 'serving', calls: 1, perRequest: 1, errors: Object.fromEntries(many(50, (e) => [`E${e}`, e])), timeNs: i, p50Ns: null, p99Ns: null, maxNs: null }));
    report.ledger = { source: 'ebpf', request: null, threads: many(1000, (i) => ({ pid: 1, tid: i, name: 'x', wallNs: 1e9, unaccountedShare: 0, parts: many(100, (s) => ({ state: 'blocked', syscall: `s${s}`, ns: 1, share: 0.01 })) })) };
    expect(series(renderPrometheus(reportMetrics(report), reportResource(report))).length).toBeLessThan(400);
    const ledger = reportMetrics(report).find((m) => m.name === 'whyslow.ledger.time')?.points ?? [];
    expect(ledger.slice(0, 14).reduce((sum, p) => sum + ('value' in p ? p.value : 0), 0)).toBeCloseTo(1, 9);
  });
});
