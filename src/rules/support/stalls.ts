import type { EventLoopFact, Frame, LongTick, LoopThread, RequestsFact, ThreadsFact } from '../../types.js';
import { clamp } from './finding.js';
import { frameName } from './format.js';
import { inFlight, meanLatencyMs } from './latency.js';

/**
 * Rare long ticks against heavy ones:
 *
 *   rare   . . . . ._________. . . . . ._________. .     few long ones stop everyone; the typical tick is short
 *   heavy  ____ _____ ____ _____ ____ ____ _____ ____    every tick is long: that is CPU use, not a stall
 *   batch  . . . _r_r_r_r_r_r_ . . . _r_r_r_r_r_r_r_     what is in flight, one after the other, in one tick: the same
 */
export interface Stalls {
  thread: LoopThread;
  ticks: LongTick[];
  /** Busy time of a usual tick; null where only the runtime's delay was known. */
  typicalMs: number | null;
  totalMs: number;
  maxMs: number;
  /** Of the watched time. */
  share: number;
  /** Mean time a request loses to stalls, ms, and its share of the mean latency. */
  perRequestMs: number | null;
  latencyShare: number | null;
  /** Of the requests, those that met a stall; null without a rate. */
  metShare: number | null;
}

/** Shorter ones hide in the usual spread of latency, ms. */
const LEAST_MS = 20;
/** A stall stands out from the usual tick by this factor. */
const STANDS_OUT = 5;
/** Of the time that a thread needs for all requests in flight: a tick may hold as many as that. */
const BATCH = 1.5;
/** One or two may be chance (a compile, another program); three are a pattern. */
const LEAST_COUNT = 3;
/** Of the watched time: below it only the far tail feels them. */
const LEAST_SHARE = 0.005;
/** The slowest request of the clean windows against the usual stall: shorter, and the stalls came only while heavy probes ran. */
const FELT = 0.5;

export type StallVerdict = { kind: 'stalls'; stalls: Stalls } | { kind: 'none'; why: string };

/** Long ticks of the thread that lost most to them. Waits for a CPU are not its doing and are left out. */
export function findStalls(loop: EventLoopFact, requests: RequestsFact | null, threads: ThreadsFact | null): StallVerdict {
  const candidates = loop.threads.map((thread) => ({ thread, ticks: standingOut(loop, thread, batchMs(thread, requests, threads)) }));
  const worst = candidates.sort((a, b) => totalMs(b.ticks) - totalMs(a.ticks))[0];
  if (!worst) return { kind: 'none', why: 'no event loop was seen' };
  const { thread, ticks } = worst;
  const share = loop.watchedS > 0 ? clamp(totalMs(ticks) / 1000 / loop.watchedS) : 0;
  if (ticks.length < LEAST_COUNT || share < LEAST_SHARE) return { kind: 'none', why: whyNone(loop, thread, ticks, share, batchMs(thread, requests, threads)) };
  const slowestMs = requests?.headline.latencyMs?.max ?? null;
  if (slowestMs !== null && slowestMs < FELT * medianMs(ticks)) {
    return { kind: 'none', why: `${ticks.length} long ticks (median ${medianMs(ticks).toFixed(1)} ms), but no request took longer than ${slowestMs.toFixed(1)} ms while no heavy probe ran: they are the probes' doing` };
  }
  const perRequestMs = requests && lostPerRequestMs(ticks, loop.watchedS, requests);
  const latencyMs = requests && meanLatencyMs(requests);
  return { kind: 'stalls', stalls: {
    thread, ticks, typicalMs: typicalMs(thread), totalMs: totalMs(ticks),
    maxMs: Math.max(...ticks.map(lengthMs)), share, perRequestMs,
    latencyShare: perRequestMs !== null && latencyMs ? clamp(perRequestMs / latencyMs) : null,
    metShare: requests && metShare(ticks, loop.watchedS, requests),
  } };
}

/** The median of turns that did nothing says nothing, hence the mean of those that worked as well. */
function typicalMs(thread: LoopThread): number | null {
  const known = [thread.p50Ms, thread.meanMs].filter((v) => v !== null);
  return known.length > 0 ? Math.max(...known) : null;
}

const limitMs = (thread: LoopThread): number => Math.max(LEAST_MS, STANDS_OUT * (typicalMs(thread) ?? 0));

/** All requests in flight, one after the other, at what each takes of the thread; 0 where that is not known. */
function batchMs({ tid }: LoopThread, requests: RequestsFact | null, threads: ThreadsFact | null): number {
  const use = threads?.threads.find((t) => t.tid === tid);
  if (!use || !requests || requests.headline.rps <= 0) return 0;
  // A loop of several has its part of the requests in flight, and of the rate.
  return (inFlight(requests) * (use.cpuShare + use.runQueueShare) * 1000) / requests.headline.rps;
}

function standingOut(loop: EventLoopFact, thread: LoopThread, batch: number): LongTick[] {
  const least = Math.max(limitMs(thread), BATCH * batch);
  return loop.longTicks.filter((t) => t.pid === thread.pid && t.tid === thread.tid && t.cause !== 'run-queue' && lengthMs(t) >= least);
}

function whyNone(loop: EventLoopFact, thread: LoopThread, ticks: LongTick[], share: number, batch: number): string {
  const typical = typicalMs(thread);
  const inOne = loop.longTicks.filter((t) => t.tid === thread.tid && t.cause !== 'run-queue');
  if (batch * BATCH > LEAST_MS && inOne.length > 0) return `${inOne.length} long tick(s), but all requests in flight together take ${batch.toFixed(1)} ms of the thread: as many in one tick, not one that stops the others`;
  const starved = loop.longTicks.filter((t) => t.cause === 'run-queue').length;
  if (ticks.length > 0) return `${ticks.length} long tick(s), ${(share * 100).toFixed(1)}% of the time: too few to matter`;
  if (typical !== null && typical * STANDS_OUT > LEAST_MS && thread.maxMs >= LEAST_MS) {
    return `every tick is heavy (usual ${typical.toFixed(1)} ms, longest ${thread.maxMs.toFixed(1)} ms): no rare stalls`;
  }
  if (starved > 0) return `${starved} long tick(s) were waits for a CPU, not work`;
  return `longest tick ${thread.maxMs.toFixed(1)} ms, below ${LEAST_MS} ms`;
}

/**
 * A stall of length L holds whoever is in flight (all of them for L, in a closed loop) or arrives meanwhile
 * (rate x L of them, for L / 2 on average), whichever is fewer.
 */
function lostPerRequestMs(ticks: LongTick[], watchedS: number, requests: RequestsFact): number | null {
  const { rps } = requests.headline;
  if (rps <= 0 || watchedS <= 0) return null;
  const open = Math.max(1, requests.connections || inFlight(requests));
  const lostMs = ticks.reduce((sum, tick) => {
    const arrivals = (rps * lengthMs(tick)) / 1000;
    return sum + (arrivals > open ? open * lengthMs(tick) : (arrivals * lengthMs(tick)) / 2);
  }, 0);
  return lostMs / (rps * watchedS);
}

/** Whoever is in flight or arrives while the loop stands still, over all requests. */
function metShare(ticks: LongTick[], watchedS: number, requests: RequestsFact): number | null {
  const { rps } = requests.headline;
  if (rps <= 0 || watchedS <= 0) return null;
  const open = Math.max(1, requests.connections || inFlight(requests));
  return clamp(ticks.reduce((sum, tick) => sum + Math.min(open, (rps * lengthMs(tick)) / 1000), 0) / (rps * watchedS));
}

/** The function that most of the stalled time was in, as far as a profile covered it. */
export function stallCulprit(ticks: readonly LongTick[]): Frame | null {
  const named = ticks.filter((t) => t.culprit !== null);
  const [most] = weigh(named, (t) => frameName(t.culprit as Frame));
  return named.find((t) => most && frameName(t.culprit as Frame) === most[0])?.culprit ?? null;
}

/** Keys by the time of their ticks, most first. */
export function weigh<K>(ticks: readonly LongTick[], key: (tick: LongTick) => K): [K, number][] {
  const byKey = new Map<K, number>();
  for (const tick of ticks) byKey.set(key(tick), (byKey.get(key(tick)) ?? 0) + tick.lengthNs);
  return [...byKey].sort((a, b) => b[1] - a[1]);
}

/** The beat of a timer: the usual gap between starts, ms, when nearly all gaps are (multiples of) it. */
export function periodMs(ticks: readonly LongTick[]): number | null {
  const starts = ticks.map((t) => t.startNs / 1e6).sort((a, b) => a - b);
  const gaps = starts.slice(1).map((s, i) => s - (starts[i] ?? s));
  if (gaps.length < 3) return null;
  const usual = [...gaps].sort((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0;
  // Probes that look in windows only miss some: a gap of two or three beats is on time.
  const onTime = gaps.filter((gap) => Math.abs(gap / usual - Math.round(gap / usual)) <= 0.15 && gap >= usual * 0.85);
  return usual > 0 && onTime.length >= gaps.length * 0.8 ? usual : null;
}

const medianMs = (ticks: readonly LongTick[]): number => ticks.map(lengthMs).sort((a, b) => a - b)[Math.floor(ticks.length / 2)] ?? 0;
const lengthMs = (tick: LongTick): number => tick.lengthNs / 1e6;
const totalMs = (ticks: readonly LongTick[]): number => ticks.reduce((sum, t) => sum + lengthMs(t), 0);
