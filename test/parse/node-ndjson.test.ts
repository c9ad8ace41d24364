import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseNodeNdjson } from '../../src/parse/node-ndjson.js';

const RAW = new URL('../../fixtures/raw/node/', import.meta.url);
const captured = readFileSync(new URL('node.4100.4100.ndjson', RAW), 'utf8');
const planted = readFileSync(new URL('planted.txt', RAW), 'utf8').trim().split('\n').map((line) => line.split(' ').map(Number) as [number, number]);

const META = '{"type":"meta","pid":7,"tid":7,"atNs":0,"periodMs":5}';
const slice = (elu: number) => `{"type":"slice","startNs":0,"endNs":1,"elu":${elu},"delayNs":null,"lateMs":{},"heapUsed":1,"heapTotal":2,"external":0,"allocated":{"bytes":0,"ns":0}}`;
const delay = (afterMs: number, endMs: number, idleMs: number | null) => `{"type":"delay","afterNs":${afterMs * 1e6},"endNs":${endMs * 1e6},"idleNs":${idleMs === null ? null : idleMs * 1e6}}`;
const delaysOf = (...lines: string[]) => parseNodeNdjson(lines.join('\n')).delays;

describe('parseNodeNdjson', () => {
  it('reads a real capture', () => {
    const records = parseNodeNdjson(captured);
    expect(records.malformed).toBe(0);
    expect(records.meta).toMatchObject({ pid: 4100, tid: 4100, node: 'v20.20.2', isMainThread: true, script: '/srv/app/server.mjs', execArgv: ['--max-semi-space-size=8'], periodMs: 5 });
    expect(records.slices.length).toBe(captured.match(/"type":"slice"/g)?.length);
    for (const [i, s] of records.slices.entries()) expect(s.startNs).toBe(i === 0 ? records.meta?.atNs : records.slices[i - 1]?.endNs);
    expect(records.slices[1]?.elu).toBeGreaterThan(0.9);
    expect(records.slices.some(({ elu }) => elu === null)).toBe(true);
    expect(records.slices[0]).toMatchObject({ resources: { TCPServerWrap: 1 } });
    expect(records.gc.length).toBeGreaterThan(20);
    expect(new Set(records.gc.map(({ kind }) => kind))).toEqual(new Set(['scavenge']));
    expect(records.profiles.map(({ event }) => event)).toEqual(['started', 'stopped', 'written']);
    expect(records.own.map(({ what }) => what)).toEqual(['slice', 'profile-start', 'profile-stop']);
    expect(records.end?.reason).toBe('asked');
  });

  it('finds the planted stalls of the capture where they were', () => {
    const { delays } = parseNodeNdjson(captured);
    expect(planted).toHaveLength(4);
    for (const [startNs, endNs] of planted) {
      const found = delays.find((d) => d.startNs < endNs && d.endNs > startNs);
      expect(Math.abs((found?.startNs ?? 0) - startNs)).toBeLessThan(3e6);
      expect(found?.disturbed).toBe(false);
    }
    // The code had to be compiled again when the profile began: ours.
    expect(delays.filter(({ disturbed }) => disturbed)).toHaveLength(1);
  });

  it('tells the length of a stall by the idle time before it', () => {
    // 100 ms without a turn: 4 ms idle before the stall, at a utilization of 0.2 -> 5 ms passed before it.
    expect(delaysOf(META, slice(0.2), delay(0, 100, 4))).toEqual([{ startNs: 5e6, endNs: 100e6, lengthNs: 95e6, precisionNs: 1e6, disturbed: false }]);
    // No idle time and a loop that idles else: the stall fills it.
    expect(delaysOf(META, slice(0), delay(0, 100, 0))[0]).toMatchObject({ lengthNs: 100e6 });
  });

  it('takes the middle where the loop never idles or a profile hides it', () => {
    expect(delaysOf(META, slice(1), delay(0, 100, 0))[0]).toMatchObject({ lengthNs: 97.5e6, precisionNs: 2.5e6 });
    expect(delaysOf(META, slice(0.1), delay(0, 100, null))[0]).toMatchObject({ lengthNs: 97.5e6, precisionNs: 2.5e6 });
    expect(delaysOf(META, delay(0, 100, 0))[0]).toMatchObject({ lengthNs: 97.5e6 });
  });

  it('survives a cut at every byte of the last lines', () => {
    for (let cut = captured.length - 1500; cut < captured.length; cut += 1) {
      const { malformed, slices } = parseNodeNdjson(captured.slice(0, cut));
      expect(malformed).toBeLessThanOrEqual(1);
      expect(slices.length).toBeGreaterThan(5);
    }
  });

  it.each([
    '', '\n\n', 'null', '[]', '"x"', '{', '{"type":"odd"}', '{"type":"slice"}', '{"type":"slice","startNs":1,"endNs":2,"heapUsed":1,"heapTotal":1,"lateMs":null,"allocated":{}}',
    '{"type":"gc","pauses":[[1,2]]}', '{"type":"gc","pauses":[null]}', '{"type":"gc"}', '{"type":"delay","afterNs":"1","endNs":2}', '{"type":"meta"}', '{"type":"own"}', '{"type":"end"}', '{"type":"profile"}', '{"type":"doctor"}', '{"type":"doctor","samples":[[1,2]]}',
  ])('counts what it cannot read: %j', (line) => {
    const { malformed, ...rest } = parseNodeNdjson(line);
    expect(malformed).toBe(line.trim() === '' ? 0 : 1);
    expect(rest).toEqual({ meta: null, slices: [], gc: [], delays: [], own: [], profiles: [], end: null, doctor: [] });
  });

  it('names the kinds of collection', () => {
    const { gc } = parseNodeNdjson('{"type":"gc","pauses":[[1,10,2,0],[2,10,2,0],[4,20,3,4],[8,30,4,0],[16,40,5,0],[64,50,6,0]]}');
    expect(gc.map(({ kind }) => kind)).toEqual(['scavenge', 'minor-mark-sweep', 'mark-sweep-compact', 'incremental', 'weak-callbacks', 'unknown']);
    expect(gc[2]).toEqual({ kind: 'mark-sweep-compact', startNs: 20, durationNs: 3, flags: 4 });
  });
});
