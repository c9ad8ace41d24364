import { describe, expect, it } from 'vitest';
import { smallWrites } from '../../src/rules/small-writes.js';
import { frame, hot, hotFunction, kernelWork, requests, sockets, thread, threads, without, type FactValues } from './facts.js';
import { absent, finding, noData } from './judge.js';

const writev = frame('writev', null, { origin: 'runtime', kind: 'native', line: null });
const generic = frame('writevGeneric', 'node:internal/stream_base_commons', { origin: 'runtime' });

/** 60 rows of a csv, each sent by itself (fixtures/servers/node-export-rows). */
const rows = (): FactValues => ({
  requests: requests(50, 1_050),
  threads: threads([thread(0.98)]),
  sockets: sockets({ sendsPerResponse: 59, sendBytes: [180, 38, 38, 38, 38] }),
  'kernel-work': kernelWork({ writev: 0.6, read: 0.02 }, { msPerRequest: 0.9 }),
  'hot-functions': hot([hotFunction(writev, 0.75, 0.75, [generic]), hotFunction(frame('writeRows', '/app/lib/export/write-rows.js'), 0.01, 0.9)], { runtime: 0.9 }),
});

describe('small-writes', () => {
  it('says how many sends, how small, and what they take', () => {
    const f = finding(smallWrites, rows());
    expect(f).toMatchObject({ kind: 'cause', culprit: { kind: 'socket' } });
    expect(f.evidence[0]).toMatchObject({ value: 59, unit: 'sends/response' });
    expect(f.cost.share).toBeCloseTo(0.75 * (58 / 59), 2);
  });

  it('makes do with the kernel\'s side', () => {
    expect(finding(smallWrites, without(rows(), 'hot-functions')).cost.share).toBeCloseTo(0.6 * (58 / 59), 2);
  });

  it('is absent for few sends, for large ones, and where they cost nothing', () => {
    absent(smallWrites, { ...rows(), sockets: sockets({ sendsPerResponse: 2, sendBytes: [140, 11] }) });
    absent(smallWrites, { ...rows(), sockets: sockets({ sendsPerResponse: 16, sendBytes: [65_536, 65_536, 65_536, 65_536, 65_536] }) });
    expect(absent(smallWrites, { ...without(rows(), 'hot-functions'), sockets: sockets({ sendsPerResponse: 5, sendBytes: [17, 37, 39, 54, 18] }), 'kernel-work': kernelWork({ sendto: 0.05 }, { msPerRequest: 3 }) })).toContain('4%');
  });

  it('leaves responses that are held back to nagle-delayed-ack', () => {
    expect(absent(smallWrites, { ...rows(), sockets: sockets({ sendsPerResponse: 8, noDelay: false, heldShare: 0.9 }) })).toContain('held back');
  });

  it('has no data without the sockets or kernel time', () => {
    noData(smallWrites, without(rows(), 'sockets'));
    noData(smallWrites, { ...rows(), sockets: sockets({ sendsPerResponse: null }) });
    noData(smallWrites, without(rows(), 'kernel-work'));
  });
});
