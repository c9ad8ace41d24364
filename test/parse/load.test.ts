import { describe, expect, it } from 'vitest';
import { latencyOf, mergeLatency } from '../../src/parse/latency.js';
import { parseLoad } from '../../src/parse/load.js';

const SLICE = '{"type":"slice","startNs":1,"endNs":2,"completed":3,"statuses":{"200":3},"errors":{},"timeouts":0,"bytes":9,"connectionsOpened":1,"latencyUs":{"95":2,"130":1}}';
const SUMMARY = '{"type":"summary","tool":"wrk","startNs":1,"endNs":2,"completed":null,"statuses":{},"errors":{},"timeouts":0,"non2xx":0,"connectionsOpened":null,"latencyMs":null,"output":"a\\nb"}';

describe('parseLoad', () => {
  it('yields slices, then the summary', () => {
    const records = [...parseLoad(`${SLICE}\n${SLICE}\n\n${SUMMARY}\n`)];
    expect(records.map((r) => r.type)).toEqual(['slice', 'slice', 'summary']);
    expect(records[0]).toEqual(JSON.parse(SLICE));
    expect(records[2]).toEqual(JSON.parse(SUMMARY));
  });

  it('takes a last line cut anywhere', () => {
    const text = `${SLICE}\n${SUMMARY}`;
    for (let end = SLICE.length + 1; end < text.length; end++) expect([...parseLoad(text.slice(0, end))]).toHaveLength(1);
    expect([...parseLoad(text)]).toHaveLength(2);
    expect([...parseLoad('')]).toEqual([]);
  });

  it.each(['nonsense', '{"type":"slice"}', '[]', 'null', '{"type":"other","startNs":1,"endNs":2,"statuses":{},"errors":{},"timeouts":0}', SLICE.slice(0, 40)])(
    'names the line that is no record: %s', (line) => {
      expect(() => [...parseLoad(`${SLICE}\n${line}\n${SUMMARY}\n`)]).toThrow(/line 2/);
    });
});

describe('latency', () => {
  it('merges buckets', () => {
    expect(mergeLatency([{ 5: 1, 7: 2 }, {}, { 7: 3 }])).toEqual({ 5: 1, 7: 5 });
  });

  it('gives mean and percentiles in ms', () => {
    const latency = latencyOf({ 1000: 90, 2000: 9, 40960: 1 });
    expect(latency.p50).toBeCloseTo(1.004, 3);
    expect(latency.p90).toBeCloseTo(1.004, 3);
    expect(latency.p99).toBeCloseTo(2.008, 3);
    expect(latency.p999).toBeCloseTo(41.216, 3);
    expect(latency.max).toBe(latency.p999);
    expect(latency.mean).toBeCloseTo((90 * 1.004 + 9 * 2.008 + 41.216) / 100, 3);
  });

  it('is zero without answers, and skips what is no bucket', () => {
    const none = { mean: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 };
    expect(latencyOf({})).toEqual(none);
    expect(latencyOf({ x: 3, 5: 0 })).toEqual(none);
  });
});
