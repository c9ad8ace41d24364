import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { renderPrometheus } from '../../src/export/prometheus.js';
import { liveFeed } from '../../src/feed/live-feed.js';

let dir = '';
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'whyslow-feed-')); });
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const add = (file: string, ...records: object[]) => appendFileSync(join(dir, file), records.map((r) => `${JSON.stringify(r)}\n`).join(''));
const scraped = (feed: ReturnType<typeof liveFeed>): string => {
  const { metrics, resource } = feed.read();
  return renderPrometheus(metrics, resource);
};

const header = { type: 'header', version: 1, tNs: 1, arch: 'x64', cpus: 2, clockTicksHz: 100, pageBytes: 4096, tickNs: 1e7 };
const proc = (utime: number, fds?: number) => ({ type: 'slice', tNs: 2, processes: [
  { pid: 7, role: 'target', startTicks: 1, comm: 'no"de\n', utime, stime: 50, cutime: 0, cstime: 0, minflt: 10, majflt: 1, threads: 11, rssPages: 100, ...(fds === undefined ? {} : { fds }), io: { rchar: 1, wchar: 1, syscr: 1, syscw: 1, readBytes: 4096, writeBytes: 8192 } },
  { pid: 9, role: 'generator', startTicks: 1, comm: 'load', utime: 999, stime: 999, minflt: 0, majflt: 0, threads: 1, rssPages: 1 },
] });
const load = (completed: number, statuses: Record<string, number>) => ({ type: 'slice', startNs: 0, endNs: 250e6, completed, statuses, errors: { ECONNRESET: 1 }, timeouts: 0, bytes: 1, connectionsOpened: 1, latencyUs: { 1000: completed } });
const slice = (elu: number | null) => ({ type: 'slice', startNs: 0, endNs: 250e6, elu, delayNs: { min: 1e7, mean: 1.1e7, p50: 1.1e7, p99: 2e7, max: 3e7, exceeds: 0 }, lateMs: {}, heapUsed: 5e6, heapTotal: 9e6, external: 1, allocated: { bytes: 0, ns: 0 } });

describe('a live feed', () => {
  it('has the window and nothing else before anything is written', () => {
    const feed = liveFeed('9.9.9');
    expect(scraped(feed)).toContain('whyslow_window{whyslow_window="preparing"} 1');
    feed.watch(join(dir));
    feed.window('warmup');
    expect(scraped(feed)).toContain('whyslow_window{whyslow_window="warmup"} 1');
    expect(feed.read().metrics).toHaveLength(1);
  });

  it('follows what the probes write, line by line', () => {
    const feed = liveFeed('9.9.9');
    feed.watch(dir);
    add('proc.ndjson', header, proc(100, 20));
    add('load.ndjson', load(250, { 200: 240, 500: 10 }));
    add('node.7.8.ndjson', { type: 'meta', pid: 7, tid: 8, atNs: 1, periodMs: 5 }, slice(0.25), { type: 'gc', pauses: [[1, 5, 2e6, 0], [4, 9, 30e6, 0]] });
    let text = scraped(feed);
    expect(text).toContain('process_cpu_time_seconds_total{process_pid="7",process_executable_name="no\\"de\\\\u{a}",cpu_mode="user"} 1\n');
    expect(text).not.toContain('"load"');
    expect(text).toMatch(/process_memory_usage_bytes\{.*\} 409600\n/);
    expect(text).toMatch(/process_open_file_descriptors\{.*\} 20\n/);
    expect(text).toContain('whyslow_load_rate_per_second 1000\n');
    expect(text).toContain('http_client_request_duration_seconds_count 250\n');
    expect(text).toContain('whyslow_load_failed_total{error_type="non-2xx"} 10\n');
    expect(text).toContain('nodejs_eventloop_utilization_ratio{process_pid="7",thread_id="8"} 0.25\n');
    expect(text).toContain('nodejs_eventloop_delay_p99_seconds{process_pid="7",thread_id="8"} 0.02\n');
    expect(text).toContain('v8js_gc_duration_seconds_sum{process_pid="7",thread_id="8",v8js_gc_type="major"} 0.03\n');

    add('proc.ndjson', proc(250));
    add('load.ndjson', load(50, { 200: 50 }));
    add('node.7.8.ndjson', slice(null), { type: 'gc', pauses: [[1, 5, 2e6, 0]] });
    text = scraped(feed);
    expect(text).toMatch(/process_cpu_time_seconds_total\{.*user"\} 2.5\n/);
    expect(text).toMatch(/process_open_file_descriptors\{.*\} 20\n/);
    expect(text).toContain('http_client_request_duration_seconds_count 300\n');
    expect(text).not.toContain('nodejs_eventloop_utilization_ratio');
    expect(text).toContain('v8js_gc_duration_seconds_count{process_pid="7",thread_id="8",v8js_gc_type="minor"} 2\n');
  });

  it('counts requests at the sockets where the kernel counts them', () => {
    const feed = liveFeed('9.9.9');
    feed.watch(dir);
    const line = (data: string) => appendFileSync(join(dir, 'sched.all.ndjson'), `${data}\n`);
    line('{"type": "map", "data": {"@reads": 3}}');
    expect(scraped(feed)).not.toContain('whyslow_server_reads');
    line('{"type": "printf", "data": "open 3122400000000 1\\n"}');
    line('{"type": "map", "data": {"@reads": 59333}}');
    expect(scraped(feed)).toContain('whyslow_server_reads_total 59333\n');
  });

  it('lives with damaged lines and more threads than it lists', () => {
    const feed = liveFeed('9.9.9');
    feed.watch(dir);
    writeFileSync(join(dir, 'proc.ndjson'), 'nonsense\n{"type":"slice","processes":7}\n');
    writeFileSync(join(dir, 'load.ndjson'), '\n\0\n');
    for (let tid = 1; tid <= 100; tid += 1) add(`node.7.${tid}.ndjson`, slice(0.5));
    expect(scraped(feed).match(/nodejs_eventloop_utilization_ratio\{/g)).toHaveLength(32);
  });
});
