import { threadKey, type Data } from './types.js';

/** A thread of the target that is worth a row. */
export interface ThreadRow {
  pid: number;
  tid: number;
  name: string;
  /** Serves the port; null while nobody knows. */
  serves: boolean | null;
  /** Of the time: the runtime's own figure where it tells (an event loop's utilization), else CPU. */
  busy: number | null;
  /** Longest turn of its loop, ms: in the last quarter of a second, and ever. */
  longestMs: number | null;
  everLongestMs: number | null;
  gcShare: number | null;
  gcMaxMs: number | null;
  heapMB: number | null;
}

/** Threads that do no more than this are left out while nobody knows who serves, share of a core. */
const LEAST_SHARE = 0.02;

/** Threads that serve or work for those that do, the serving ones first; before the first judgement, whoever runs. */
export function threadRows(data: Data): ThreadRow[] {
  const known = (data.report?.threads ?? []).filter((t) => t.role !== 'helper');
  const rows = known.length > 0
    ? known.toSorted((a, b) => order(a.role) - order(b.role) || b.cpuShare - a.cpuShare).map((t) => rowOf(data, t, t.role === 'serving'))
    : [...data.cpu.values()].filter((t) => t.share >= LEAST_SHARE || data.loops.has(threadKey(t)))
      .toSorted((a, b) => b.share - a.share).map((t) => rowOf(data, t, null));
  return rows;
}

const order = (role: string): number => (role === 'serving' ? 0 : 1);

function rowOf({ loops, cpu, report }: Data, { pid, tid, name }: { pid: number; tid: number; name: string }, serves: boolean | null): ThreadRow {
  const loop = loops.get(threadKey({ pid, tid }));
  const seen = report?.eventLoop?.threads.find((t) => t.tid === tid && t.pid === pid);
  const long = (report?.eventLoop?.longTicks ?? []).filter((t) => t.tid === tid && t.pid === pid).map((t) => t.lengthNs / 1e6);
  const gc = report?.gc?.tid === tid && report.gc.pid === pid ? report.gc : null;
  return {
    pid, tid, name, serves,
    busy: loop?.busy ?? cpu.get(threadKey({ pid, tid }))?.share ?? seen?.busyShare ?? null,
    longestMs: loop?.longestMs ?? null,
    everLongestMs: maxOf([loop?.everLongestMs, seen?.maxMs, ...long]),
    gcShare: gc?.share ?? (loop ? loop.gcMs / loop.spanMs : null),
    gcMaxMs: maxOf([gc?.maxMs, loop?.gcMaxMs]),
    heapMB: loop?.heapMB ?? null,
  };
}

const maxOf = (values: readonly (number | undefined)[]): number | null =>
  values.reduce<number | null>((max, v) => (v === undefined ? max : Math.max(max ?? 0, v)), null);

/** The one that is looked at: as chosen, while it is there; else the first. */
export const chosenThread = (rows: readonly ThreadRow[], key: string | null): ThreadRow | null =>
  rows.find((row) => threadKey(row) === key) ?? rows[0] ?? null;
