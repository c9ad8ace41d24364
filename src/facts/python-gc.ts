import type { PythonGcSlice, PythonRecords } from '../parse/python-ndjson.js';
import type { FactReader, GcFact } from '../types.js';
import { seconds } from './artifacts.js';
import { pythonRecordsFact } from './recordings.js';
import { threadsFact } from './threads.js';

interface Span { startNs: number; endNs: number }

/** Garbage collection of the Python process that serves and lost most to it. Under the GIL a collection holds every thread. */
export function pythonGc(read: FactReader, span: Span): GcFact | null {
  const records = read(pythonRecordsFact);
  if (!records.ok) return null;
  const threads = read(threadsFact);
  const serving = new Set(threads.ok ? threads.value.processes.filter((p) => p.serving).map((p) => p.pid) : []);
  // PyPy tells of its collections by other means: nothing seen is not none.
  const told = records.value.filter((r) => r.meta?.implementation !== 'pypy');
  const working = told.filter((r) => r.meta && serving.has(r.meta.pid));
  const facts = (working.length > 0 ? working : told).map((r) => factOf(r, span));
  return facts.reduce<GcFact | null>((worst, fact) => (worst === null || fact.totalMs > worst.totalMs ? fact : worst), null);
}

function factOf({ meta, gc }: PythonRecords, span: Span): GcFact {
  const slices = gc.map((slice) => ({ slice, part: partInside(slice, span) })).filter(({ part }) => part > 0);
  const byKind = [0, 1, 2].map((generation) => ({
    kind: `generation ${generation}`,
    count: Math.round(sum(slices.map(({ slice, part }) => part * (slice.generations[generation]?.[0] ?? 0)))),
    totalMs: sum(slices.map(({ slice, part }) => part * (slice.generations[generation]?.[1] ?? 0))) / 1e6,
    maxMs: Math.max(0, ...slices.map(({ slice }) => slice.generations[generation]?.[2] ?? 0)) / 1e6,
  })).filter((kind) => kind.count > 0);
  const totalMs = sum(byKind.map((kind) => kind.totalMs));
  return {
    pid: meta?.pid ?? 0, tid: meta?.pid ?? 0,
    pauses: sum(byKind.map((kind) => kind.count)),
    totalMs, maxMs: Math.max(0, ...byKind.map((kind) => kind.maxMs)),
    share: totalMs / 1000 / seconds(span),
    byKind: byKind.sort((a, b) => b.totalMs - a.totalMs),
    heapUsedMB: null, allocatedPerRequestKB: null,
  };
}

/** Of a slice, how much lies in the span: counters are told a slice at a time. */
function partInside(slice: PythonGcSlice, span: Span): number {
  const length = slice.endNs - slice.startNs;
  if (length <= 0) return 0;
  return Math.max(0, Math.min(slice.endNs, span.endNs) - Math.max(slice.startNs, span.startNs)) / length;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
