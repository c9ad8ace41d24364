import { describe, expect, it } from 'vitest';
import { longTicks } from '../../src/facts/long-ticks.js';
import { factReader } from '../../src/facts/reader.js';
import { loadText, runOf, s, window } from './run.js';

const TID = 77;
const printf = (data: string): string => JSON.stringify({ type: 'printf', data: `${data}\n` });

/** A Node thread that stood still from 3.0 to 3.1 s, by its own account, and what the scheduler said of it. */
function ticks(...said: string[]) {
  const run = runOf({
    windows: [window('warmup', 0, 1), window('clean', 1, 6), window('drain', 6, 6.1)],
    texts: [
      [{ probe: 'load', window: 'all' }, loadText(0, 6, () => 1000)],
      [{ probe: 'node', window: 'all', pid: TID, tid: TID }, [
        { type: 'meta', atNs: s(0), pid: TID, tid: TID, ppid: 1, node: 'v20.0.0', periodMs: 5, sliceMs: 250 },
        { type: 'delay', afterNs: s(3), endNs: s(3.1), idleNs: 0 },
      ].map((line) => JSON.stringify(line)).join('\n')],
      [{ probe: 'sched', window: 'all' }, [...said.map(printf), printf(`end ${String(s(6))}`)].join('\n')],
    ],
  });
  return longTicks(run, factReader(run), [{ pid: TID, tid: TID }], { startNs: s(0), endNs: s(6) });
}
const stretch = (from: number, to: number, onCpuS: number, by: string): string => `stretch ${TID} ${TID} ${s(from)} ${(to - from) * 1e9} ${onCpuS * 1e9} ${by}`;
const off = (from: number, to: number): string => `off ${TID} ${TID} ${s(from)} ${(to - from) * 1e9}`;

describe('long ticks where reads of the port are not watched', () => {
  const open = `open ${s(0)} 0`;

  it('does not take the work of many requests for one stall', () => {
    const found = ticks(open, stretch(2, 5, 2.9, 'sleep'));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ source: 'node', cause: 'cpu' });
  });

  it('tells a thread that waited for a CPU from one that ran', () => {
    expect(ticks(open, stretch(2, 5, 2.9, 'sleep'), off(3.01, 3.095))[0]).toMatchObject({ source: 'node', cause: 'run-queue' });
  });
});

describe('long ticks where reads are watched', () => {
  it('takes a stretch without a read for a stall', () => {
    expect(ticks(`open ${s(0)} 1`, stretch(3, 3.1, 0.1, 'read'))).toMatchObject([{ source: 'sched', cause: 'cpu' }]);
  });
});
