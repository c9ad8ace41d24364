import { NoData } from '../errors.js';
import { latencyOf, mergeLatency } from '../parse/latency.js';
import { parseLoad } from '../parse/load.js';
import type { Fact, FactReader, Latency, LoadSlice, LoadSummary, RequestsFact, Run, Window, WindowLoad } from '../types.js';
import { answerStatuses } from './answer-statuses.js';
import { artifactsOf, loadSpan, seconds, windowsOf } from './artifacts.js';
import { ownConnections } from './own-traffic.js';
import { need } from './reader.js';
import { serverReadsFact } from './server-reads.js';
import { socketReads } from './socket-reads.js';

/** Below this a window's rate says little, s. */
const LEAST_WINDOW_S = 0.4;

/** What the load got back, by window and over time; from the generator, or counted at the server where it tells nothing. */
export const requestsFact: Fact<RequestsFact> = {
  name: 'requests',
  compute(run, read) {
    const span = loadSpan(run);
    if (!span) throw new NoData('no load was driven in this run');
    const { slices, summary, source } = timeline(run, read);
    const total = { name: 'all' as const, ...span };
    const looked = source === 'server' ? answerStatuses(read) : null;
    const quiet = windowsOf(run, 'clean');
    const all = withShares(totalOf(slices, summary, total), looked);
    const clean = withShares(cut(slices, 'clean', quiet), looked);
    const enough = quiet.reduce((sum, w) => sum + seconds(w), 0) >= LEAST_WINDOW_S;
    const headline = enough && slices.length > 0 ? clean : all;
    const { settings } = run.manifest;
    const latencyMs = headline.latencyMs ?? atMost(all.latencyMs, settings.load.connections / headline.rps);
    return {
      tool: run.manifest.loadTool ?? 'none',
      connections: run.manifest.loadTool === null ? ownConnections(run, read) : settings.load.connections,
      keepAlive: settings.load.keepAlive,
      headline: { ...headline, latencyMs },
      all,
      byWindow: run.manifest.windows.filter((w) => w.name !== 'startup' && w.name !== 'drain').map((w) => cut(slices, w.name, [w])),
      slices: slices.map((s) => ({ startNs: s.startNs, endNs: s.endNs, rps: s.completed / seconds(s), ...tail(s) })),
      inFlight: inFlight({ ...headline, latencyMs }, run),
      drift: drift(slices, run.manifest.windows.filter((w) => w.name === 'clean')),
      source,
      statusesOf: looked?.seen ?? null,
    };
  },
};

/**
 * Latency of the whole load at the rate of a part of it: no more than all connections are in flight, so the mean is no longer
 * than this. wrk's own is: it adds the requests that it would have sent, had it not waited.
 */
const atMost = (latency: Latency | null, meanS: number): Latency | null => latency && { ...latency, mean: Math.min(latency.mean, meanS * 1000) };

/** Mean requests in flight: by Little's law with a latency, else what a closed loop keeps open. */
function inFlight(headline: WindowLoad, run: Run): number | null {
  if (headline.latencyMs && headline.completed > 0) return (headline.rps * headline.latencyMs.mean) / 1000;
  return run.manifest.loadTool === null || run.manifest.settings.load.rate !== null ? null : run.manifest.settings.load.connections;
}

function timeline(run: Run, read: FactReader): { slices: LoadSlice[]; summary: LoadSummary | null; source: RequestsFact['source'] } {
  const records = artifactsOf(run, 'load').flatMap((a) => [...parseLoad(run.text(a))]);
  const slices = records.filter((r) => r.type === 'slice');
  const summary = records.find((r) => r.type === 'summary') ?? null;
  if (slices.length > 0) return { slices, summary, source: 'generator' };
  const reads = need(read(serverReadsFact)).slices;
  const counted = (reads.length > 0 ? reads : socketReads(run, read)).map(({ startNs, endNs, reads }): LoadSlice => ({
    type: 'slice', startNs, endNs, completed: reads, statuses: {}, errors: {}, timeouts: 0, bytes: 0, connectionsOpened: 0, latencyUs: {},
  }));
  if (counted.length === 0 && summary?.completed == null) {
    throw new NoData('the load tool gives no timeline, and nothing counted requests at the server', 'run as root with bpftrace, or use --load autocannon');
  }
  return { slices: counted, summary, source: summary?.completed != null ? 'generator' : 'server' };
}

/** Statuses that only a window saw, as if the rest had been like it. */
function withShares(load: WindowLoad, looked: ReturnType<typeof answerStatuses>): WindowLoad {
  if (!looked || Object.keys(load.statuses).length > 0) return load;
  const statuses = Object.fromEntries(Object.entries(looked.shares).map(([status, share]) => [status, share * load.completed]));
  return { ...load, statuses, non2xx: non2xx(statuses) };
}

/** Every slice weighed by how much of it lies inside; latency from those mostly inside. */
function cut(slices: readonly LoadSlice[], name: WindowLoad['name'], windows: readonly { startNs: number; endNs: number }[]): WindowLoad {
  const sum = { completed: 0, errors: {} as Record<string, number>, statuses: {} as Record<string, number>, timeouts: 0, connectionsOpened: 0, ns: 0 };
  const latencies: Record<string, number>[] = [];
  for (const slice of slices) {
    const inside = windows.reduce((ns, w) => ns + Math.max(0, Math.min(w.endNs, slice.endNs) - Math.max(w.startNs, slice.startNs)), 0);
    const weight = inside / (slice.endNs - slice.startNs || 1);
    if (weight <= 0) continue;
    sum.ns += inside;
    sum.completed += slice.completed * weight;
    sum.timeouts += slice.timeouts * weight;
    sum.connectionsOpened += slice.connectionsOpened * weight;
    addTo(sum.errors, slice.errors, weight);
    addTo(sum.statuses, slice.statuses, weight);
    if (weight >= 0.5) latencies.push(slice.latencyUs);
  }
  const buckets = mergeLatency(latencies);
  const durationS = sum.ns / 1e9;
  return {
    name, durationS, completed: sum.completed, rps: durationS > 0 ? sum.completed / durationS : 0,
    latencyMs: Object.keys(buckets).length > 0 ? latencyOf(buckets) : null,
    statuses: sum.statuses, non2xx: non2xx(sum.statuses), errors: sum.errors, timeouts: sum.timeouts,
    connectionsOpened: sum.connectionsOpened,
  };
}

/** The generator's own totals where it gives any: they are exact. */
function totalOf(slices: readonly LoadSlice[], summary: LoadSummary | null, span: { name: 'all'; startNs: number; endNs: number }): WindowLoad {
  const counted = cut(slices, 'all', [span]);
  if (!summary) return counted;
  const durationS = seconds(summary);
  const completed = counted.completed > 0 ? counted.completed : summary.completed ?? 0;
  return {
    ...counted,
    completed,
    rps: counted.durationS > 0 ? counted.rps : completed / (durationS || 1),
    durationS: counted.durationS || durationS,
    latencyMs: counted.latencyMs ?? summary.latencyMs,
    statuses: Object.keys(counted.statuses).length > 0 ? counted.statuses : summary.statuses,
    non2xx: Object.keys(counted.statuses).length > 0 ? counted.non2xx : summary.non2xx,
    errors: Object.keys(counted.errors).length > 0 ? counted.errors : summary.errors,
    timeouts: counted.timeouts || summary.timeouts,
    connectionsOpened: counted.connectionsOpened || summary.connectionsOpened,
  };
}

function drift(slices: readonly LoadSlice[], clean: readonly Window[]): number | null {
  const [first, last] = [clean[0], clean.at(-1)];
  if (!first || !last || first === last) return null;
  const [before, after] = [cut(slices, 'clean', [first]), cut(slices, 'clean', [last])];
  if (before.durationS < LEAST_WINDOW_S || after.durationS < LEAST_WINDOW_S || before.rps === 0) return null;
  return after.rps / before.rps;
}

function tail(slice: LoadSlice): { p50Ms: number | null; p99Ms: number | null } {
  if (Object.keys(slice.latencyUs).length === 0) return { p50Ms: null, p99Ms: null };
  const { p50, p99 } = latencyOf(slice.latencyUs);
  return { p50Ms: p50, p99Ms: p99 };
}

function addTo(sum: Record<string, number>, more: Record<string, number>, weight: number): void {
  for (const [key, n] of Object.entries(more)) sum[key] = (sum[key] ?? 0) + n * weight;
}

const non2xx = (statuses: Record<string, number>): number =>
  Object.entries(statuses).reduce((n, [status, count]) => (/^[23]/.test(status) ? n : n + count), 0);

/** Requests completed between two moments: what per-request figures divide by. */
export function requestsBetween(requests: RequestsFact, startNs: number, endNs: number): number {
  return requests.slices.reduce((sum, s) => sum + s.rps * Math.max(0, Math.min(endNs, s.endNs) - Math.max(startNs, s.startNs)) / 1e9, 0);
}
