import { NoData } from '../errors.js';
import { quantileNs } from '../parse/bpf-hist.js';
import type { LoopStat } from '../parse/bpf-syscalls.js';
import type { NodeRecords } from '../parse/node-ndjson.js';
import type { EventLoopFact, Fact, FactReader, LoopThread, Run } from '../types.js';
import { loadSpan, quietWindows, seconds } from './artifacts.js';
import { schedCaptureFact, syscallsCaptureFact } from './captures.js';
import { longTicks } from './long-ticks.js';
import { nodeRecordsFact } from './recordings.js';
import { threadsFact } from './threads.js';

/** What the probes report as long, ms. */
const THRESHOLD_MS = 20;

/** A thread that waited for events this seldom is no loop. */
const LEAST_TURNS = 5;

/** Turns of the event loops that serve: how busy, how long, and what was in the long ones. */
export const eventLoopFact: Fact<EventLoopFact> = {
  name: 'event-loop',
  compute(run, read) {
    const span = loadSpan(run);
    if (!span) throw new NoData('no load was driven in this run');
    const loops = fromKernel(read) ?? fromNode(run, read);
    if (!loops) throw new NoData('no event loop was seen: neither the event-loop probe nor a Node runtime told of one', 'run as root with bpftrace');
    const watched = read(schedCaptureFact).ok || read(nodeRecordsFact).ok ? span : observed(read) ?? span;
    const serving = new Set(loops.threads.map((t) => t.tid));
    const long = longTicks(run, read, loops.threads, watched);
    const stalledMs = Math.max(0, ...[...serving].map((tid) => long.filter((t) => t.tid === tid).reduce((ms, t) => ms + t.lengthNs / 1e6, 0)));
    return {
      ...loops, longTicks: long, thresholdMs: THRESHOLD_MS,
      watchedS: seconds(watched),
      stalledShare: Math.min(1, stalledMs / 1000 / seconds(watched)),
    };
  },
};

function observed(read: FactReader): { startNs: number; endNs: number } | null {
  const capture = read(syscallsCaptureFact);
  const serving = capture.ok ? capture.value.serving : null;
  return serving && { startNs: serving.openNs, endNs: serving.closeNs };
}

/** Threads that serve or work; where that is not known, all. */
function workingThreads(read: FactReader): Map<number, string> | null {
  const threads = read(threadsFact);
  return threads.ok ? new Map(threads.value.threads.filter((t) => t.role === 'serving').map((t) => [t.tid, t.name])) : null;
}

function fromKernel(read: FactReader): Pick<EventLoopFact, 'source' | 'threads'> | null {
  const capture = read(syscallsCaptureFact);
  const serving = capture.ok ? capture.value.serving : null;
  const names = workingThreads(read);
  if (!serving) return null;
  const loops = serving.totals.loops.filter((l) => (!names || names.has(l.tid)) && l.ticks.count >= LEAST_TURNS);
  if (loops.length === 0) return null;
  const wallNs = serving.closeNs - serving.openNs;
  const longest = (l: LoopStat) => Math.max(0, ...serving.longTicks.filter((t) => t.tid === l.tid).map((t) => t.lengthNs));
  return {
    source: 'ebpf',
    threads: loops.map((l): LoopThread => ({
      pid: l.pid, tid: l.tid, name: names?.get(l.tid) ?? '', ticks: l.ticks.count,
      busyShare: Math.min(1, l.busyNs / wallNs),
      p50Ms: ms(quantileNs(l.ticks, 0.5)), p99Ms: ms(quantileNs(l.ticks, 0.99)),
      maxMs: (longest(l) || (l.ticks.buckets.at(-1)?.highNs ?? 0)) / 1e6,
      meanMs: l.busyNs / l.ticks.count / 1e6,
    })).sort((a, b) => b.busyShare - a.busyShare),
  };
}

function fromNode(run: Run, read: FactReader): Pick<EventLoopFact, 'source' | 'threads'> | null {
  const records = read(nodeRecordsFact);
  if (!records.ok) return null;
  const quiet = quietWindows(run);
  const names = workingThreads(read);
  const threads = records.value.flatMap((r): LoopThread[] => {
    if (!r.meta || (names && !names.has(r.meta.tid))) return [];
    const slices = r.slices.filter((s) => s.elu !== null && quiet.some((w) => s.startNs >= w.startNs && s.endNs <= w.endNs));
    const late = lateness(slices);
    if (slices.length === 0) return [];
    return [{
      pid: r.meta.pid, tid: r.meta.tid, name: names?.get(r.meta.tid) ?? 'node', ticks: null,
      busyShare: slices.reduce((sum, s) => sum + (s.elu ?? 0), 0) / slices.length,
      p50Ms: late(0.5), p99Ms: late(0.99), maxMs: late(1), meanMs: null,
    }];
  });
  return threads.length > 0 ? { source: 'node', threads } : null;
}

/** Quantiles of how late the runtime's own 10 ms timer came, ms: what a tick adds to it. */
function lateness(slices: NodeRecords['slices']): (q: number) => number {
  const counts = new Map<number, number>();
  for (const [late, n] of slices.flatMap((s) => Object.entries(s.lateMs))) counts.set(Number(late), (counts.get(Number(late)) ?? 0) + n);
  const sorted = [...counts].sort((a, b) => a[0] - b[0]);
  const total = sorted.reduce((sum, [, n]) => sum + n, 0);
  return (q) => {
    let left = q * total;
    for (const [late, n] of sorted) {
      left -= n;
      if (left <= 0) return late + 0.5;
    }
    return (sorted.at(-1)?.[0] ?? 0) + 0.5;
  };
}

const ms = (ns: number | null): number | null => (ns === null ? null : ns / 1e6);
