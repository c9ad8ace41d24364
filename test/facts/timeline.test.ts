import { describe, expect, it } from 'vitest';
import { factReader } from '../../src/facts/reader.js';
import { thin } from '../../src/facts/series/thin.js';
import { timelineFact } from '../../src/facts/timeline.js';
import type { Artifact, TimelineFact } from '../../src/types.js';
import { loadText, runOf, s, window } from './run.js';

const TID = 77;
const lines = (...records: object[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join('');
const printf = (data: string): object => ({ type: 'printf', data: `${data}\n` });

/** A Node thread: a slice with a pause of 50 ms in it, then a second nobody watched, then a slice under the profiler. */
const nodeText = lines(
  { type: 'meta', atNs: s(0), pid: TID, tid: TID, ppid: 1, node: 'v20.0.0', periodMs: 5, sliceMs: 250 },
  { type: 'slice', startNs: s(1), endNs: s(1.25), elu: 0.5, delayNs: null, lateMs: { 0: 20, 3: 1 }, heapUsed: 9e6, heapTotal: 1e7, external: 0, allocated: { bytes: 0, ns: 0 } },
  { type: 'gc', pauses: [[1, s(1.1), 50e6, 0]] },
  { type: 'slice', startNs: s(2.25), endNs: s(2.5), elu: null, delayNs: null, lateMs: { 0: 20 }, heapUsed: 9e6, heapTotal: 1e7, external: 0, allocated: { bytes: 0, ns: 0 } },
);
const lookups = (openS: number, counts: [atS: number, calls: number][]): string => lines(
  printf(`open ${s(openS)}`),
  ...counts.flatMap(([atS, calls]) => [printf(`slice ${s(atS)}`), { type: 'map', data: { '@paths': { [`${TID},257,2,/nope`]: calls } } }]),
  printf('end 1'), { type: 'map', data: { '@close': s(counts.at(-1)?.[0] ?? 0) } }, { type: 'map', data: { '@paths': { [`${TID},257,2,/nope`]: counts.at(-1)?.[1] ?? 0 } } },
);
const look = (atS: number, waiting: number, sockets: string[]): string => [
  `# ${s(atS)} established`, ...sockets, `# ${s(atS)} listen`, `LISTEN ${waiting} 511 127.0.0.1:80 0.0.0.0:*`, '',
].join('\n');
const socket = (unread: number, details = ''): string => `ESTAB ${unread} 0 127.0.0.1:80 127.0.0.1:4${details}`;

const artifact = (probe: Artifact['probe'], window: Artifact['window'] = 'all') => ({ probe, window });
function timelineOf(texts: [Omit<Artifact, 'file'>, string][], windows = [window('startup', -1, 0), window('warmup', 0, 1), window('clean', 1, 4)]): TimelineFact {
  const read = factReader(runOf({ windows, texts }))(timelineFact);
  if (!read.ok) throw new Error(read.reason);
  return read.value;
}
const seriesOf = (timeline: TimelineFact, chart: string, label?: string) => timeline.series.find((one) => one.chart === chart && (label === undefined || one.label === label));
const values = (timeline: TimelineFact, chart: string, label?: string) => seriesOf(timeline, chart, label)?.points.map(({ startNs, endNs, value }) => [(startNs - s(0)) / 1e9, (endNs - s(0)) / 1e9, value]);

describe('the timeline', () => {
  const timeline = timelineOf([
    [artifact('load'), loadText(0, 4, (t) => (t < 2 ? 100 : 50))],
    [artifact('node'), nodeText],
    [artifact('failed-paths', 'startup'), lookups(-1, [[-0.5, 10], [0, 30]])],
    [artifact('failed-paths', 'sockets'), lookups(2, [[2.5, 4]])],
    [artifact('ss'), look(1.5, 3, [socket(120), socket(0, ' notsent:11')])],
  ]);

  it('has the rate and the latency of each slice', () => {
    expect(values(timeline, 'rate')?.slice(7, 9)).toEqual([[1.75, 2, 100], [2, 2.25, 50]]);
    expect(seriesOf(timeline, 'latency', 'p50')?.points[0]?.value).toBeCloseTo(10, 0);
  });

  it('has what the runtime told in its slices, and nothing in between', () => {
    expect(values(timeline, 'loop')).toEqual([[1, 1.25, 3.5], [2.25, 2.5, 0]]);
    expect(values(timeline, 'gc')).toEqual([[1, 1.25, expect.closeTo(0.2, 5)], [2.25, 2.5, 0]]);
  });

  it('leaves out what a probe cannot tell: utilization under the profiler', () => {
    expect(values(timeline, 'loop-busy')).toEqual([[1, 1.25, 0.5]]);
  });

  it('has failing lookups in the windows that were watched, as a rate', () => {
    expect(values(timeline, 'failed-lookups')).toEqual([[-1, -0.5, 20], [-0.5, 0, 40], [2, 2.5, 8]]);
  });

  it('has queues as looks, each at its moment', () => {
    expect(values(timeline, 'queues', 'not yet accepted')).toEqual([[1.5, 1.5, 3]]);
    expect(values(timeline, 'queues', 'with a request not yet read')).toEqual([[1.5, 1.5, 1]]);
    expect(values(timeline, 'queues', 'with an answer held back')).toEqual([[1.5, 1.5, 1]]);
  });

  it('names what was not seen with its reason, and draws no zero for it', () => {
    const absent = new Map(timeline.absent.map(({ chart, why }) => [chart, why]));
    expect([...absent.keys()].sort()).toEqual(['cpu', 'memory', 'run-queue', 'syscalls']);
    expect(absent.get('cpu')).toBe('the proc probe was not asked for');
    expect(timeline.series.filter(({ points }) => points.length === 0)).toEqual([]);
  });

  it('of a run with a load and nothing else still has the load', () => {
    const bare = timelineOf([[artifact('load'), loadText(0, 4, () => 100)]]);
    expect(new Set(bare.series.map(({ chart }) => chart))).toEqual(new Set(['rate', 'latency', 'errors']));
    expect(bare.stalls).toEqual([]);
  });
});

describe('stalls', () => {
  it('come with what the runtime says of their inside', () => {
    const { stalls } = timelineOf([
      [artifact('load'), loadText(0, 4, () => 100)],
      [artifact('node'), nodeText + lines({ type: 'delay', afterNs: s(1.1), endNs: s(1.2), idleNs: 0 })],
    ]);
    expect(stalls).toHaveLength(1);
    expect(stalls[0]?.gcMs).toBeCloseTo(50, -1);
    expect(stalls[0]?.functions).toBeNull();
  });
});

describe('thinned series', () => {
  const points = (n: number, gapAfter = -1) => Array.from({ length: n }, (_, i) => ({ startNs: i * 10 + (i > gapAfter && gapAfter >= 0 ? 100 : 0), endNs: i * 10 + 10 + (i > gapAfter && gapAfter >= 0 ? 100 : 0), value: i % 10 === 3 ? 100 : 0 }));

  it('keep few series as they are', () => {
    expect(thin(points(5), 'mean', 10)).toEqual(points(5));
  });

  it('keep means, peaks where those matter, and the whole length', () => {
    expect(thin(points(100), 'mean', 10).map(({ value }) => value)).toEqual(new Array(10).fill(10));
    expect(thin(points(100), 'max', 10).map(({ value }) => value)).toEqual(new Array(10).fill(100));
    expect(thin(points(100), 'mean', 10).at(-1)?.endNs).toBe(1000);
  });

  it('never bridge a gap', () => {
    const thinned = thin(points(20, 4), 'mean', 2);
    expect(thinned.some(({ startNs, endNs }) => startNs < 50 && endNs > 50)).toBe(false);
  });
});
