import { NoData } from '../errors.js';
import type { GcPause, NodeRecords } from '../parse/node-ndjson.js';
import type { Fact, GcFact, RequestsFact } from '../types.js';
import { loadSpan, seconds } from './artifacts.js';
import { groupBy } from './group-by.js';
import { pythonGc } from './python-gc.js';
import { need } from './reader.js';
import { nodeRecordsFact } from './recordings.js';
import { requestsFact } from './requests.js';

/** Garbage collection under load, of the thread that lost most time to it. */
export const gcFact: Fact<GcFact> = {
  name: 'gc',
  compute(run, read) {
    const span = loadSpan(run);
    if (!span) throw new NoData('no load was driven in this run');
    const python = pythonGc(read, span);
    const node = read(nodeRecordsFact);
    if (python && !node.ok) return python;
    const threads = need(node).map((records) => ({ records, pauses: pausesIn(records, span) }));
    const worst = threads.sort((a, b) => totalMs(b.pauses) - totalMs(a.pauses))[0];
    if (!worst?.records.meta) throw new NoData('no Node thread was watched');
    const { records: { meta }, pauses } = worst;
    const slices = worst.records.slices.filter((s) => s.endNs > span.startNs && s.startNs < span.endNs);
    const heapMB = slices.map((s) => s.heapUsed / 1e6);
    const requests = read(requestsFact);
    return {
      pid: meta.pid, tid: meta.tid,
      pauses: pauses.length,
      totalMs: totalMs(pauses),
      maxMs: longestMs(pauses),
      share: totalMs(pauses) / 1000 / seconds(span),
      byKind: [...groupBy(pauses, (p) => p.kind)]
        .map(([kind, of]) => ({ kind, count: of.length, totalMs: totalMs(of), maxMs: longestMs(of) }))
        .sort((a, b) => b.totalMs - a.totalMs),
      heapUsedMB: { first: heapMB[0] ?? 0, last: heapMB.at(-1) ?? 0, max: Math.max(0, ...heapMB) },
      allocatedPerRequestKB: requests.ok ? allocatedPerRequestKB(slices, requests.value) : null,
    };
  },
};

const pausesIn = (records: NodeRecords, span: { startNs: number; endNs: number }): GcPause[] =>
  records.gc.filter((p) => p.startNs >= span.startNs && p.startNs < span.endNs);

const totalMs = (pauses: readonly GcPause[]): number => pauses.reduce((sum, p) => sum + p.durationNs, 0) / 1e6;
const longestMs = (pauses: readonly GcPause[]): number => pauses.reduce((max, p) => Math.max(max, p.durationNs), 0) / 1e6;

function allocatedPerRequestKB(slices: NodeRecords['slices'], requests: RequestsFact): number | null {
  const bytes = slices.reduce((sum, s) => sum + s.allocated.bytes, 0);
  const ns = slices.reduce((sum, s) => sum + s.allocated.ns, 0);
  if (ns === 0 || requests.headline.rps === 0) return null;
  return bytes / (ns / 1e9) / requests.headline.rps / 1e3;
}
