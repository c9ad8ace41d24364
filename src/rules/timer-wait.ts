import { eventLoopFact } from '../facts/event-loop.js';
import { requestsFact } from '../facts/requests.js';
import { socketsFact } from '../facts/sockets.js';
import { waitEndsFact } from '../facts/wait-ends.js';
import { threadsFact } from '../facts/threads.js';
import type { RequestsFact, Rule, SocketsFact } from '../types.js';
import { SLEEP } from './support/calls.js';
import { servingCpu } from './support/cpu.js';
import { downstream, peerName } from './support/downstream.js';
import { count, ms, percent } from './support/format.js';
import { absent, against, clamp, confidence, evidence, found, noData, optional } from './support/finding.js';
import { heldInFlight, inFlight, inService, meanLatencyMs } from './support/latency.js';
import { lockWait, waitsFor } from './support/locks.js';
import { lookups } from './support/name-lookups.js';
import { occupancy } from './support/occupancy.js';
import { fullPool } from './support/pool.js';
import { findStalls } from './support/stalls.js';
import { waitingCode } from './support/waiting-code.js';

const id = 'timer-wait';
const title = 'Requests wait for a timer';

/** Of a core: more, and the wait may be for the CPU. */
const IDLE_CPU = 0.5;
/** Of the serving threads' time in the event wait (or of the workers' in a sleep). */
const MOSTLY = 0.7;
/** A shorter wait is scheduling, not a timer, ms. */
const LEAST_MS = 1;
/** p90 against p10 of the service time: a timer is the same for all; queues and databases spread. */
const TIGHT = { loose: 1.5, clear: 1.2 };
/** Of the requests in flight: all wait at once, nobody waits for a turn. */
const ALL_AT_ONCE = 0.8;
/** Questions to resolvers a request: from here on they may be what it waits for. */
const ASKS = 0.5;
/** Event waits that a timer ended, a second: a timer that requests wait for ends some. */
const LEAST_TIMEOUTS_PER_S = 1;
/** Event waits a second: from here on, not one that a timer ended means that no timer is waited for. */
const ENOUGH_WAITS_PER_S = 10;
/** Of the requests in flight: all of them, as near as it can be measured. */
const TOGETHER = 0.95;
/** Of the latency: a wait that explains less is not why. */
const LEAST_SHARE = 0.1;
/** Of responses held back: more, and Nagle may be what they wait for. */
const HELD = 0.2;
/** Of the requests in flight, in line for a lock: the line is then what the wait is. */
const IN_LINE = 0.3;
/** Of the requests in flight, waiting for another server: that is then what the wait is. */
const DOWNSTREAM = 0.4;

/** All requests in flight wait together, each as long as the other, while nobody works. */
export const timerWait: Rule = {
  id, title,
  diagnose(read) {
    const [requests, cpu, occ] = [read(requestsFact), servingCpu(read), occupancy(read)];
    if (!requests.ok) return noData(requests);
    if (!cpu.ok) return noData(cpu);
    if (!occ.ok) return noData(occ);
    const latencyMs = meanLatencyMs(requests.value);
    if (latencyMs === null) return { kind: 'no-data', why: 'the load tool gives no latency', enable: 'use --load autocannon or wrk' };
    if (cpu.value.busy >= IDLE_CPU) return absent(`the serving ${cpu.value.limit} is at work ${percent(cpu.value.busy)} of the time`);
    const flying = inFlight(requests.value);
    const asleep = occ.value.blockedIn && SLEEP.test(occ.value.blockedIn.syscall) ? occ.value.blockedIn : null;
    if (asleep && asleep.share >= MOSTLY && occ.value.occupied < ALL_AT_ONCE * flying) {
      return absent(`${count(occ.value.occupied)} requests sleep at once, ${count(flying)} are in flight: the others wait for a worker`);
    }
    const sleeps = asleep !== null && asleep.share >= MOSTLY;
    if (!sleeps && occ.value.servingIdle < MOSTLY) return absent(`the serving threads stand in their event wait ${percent(occ.value.servingIdle)} of the time`);
    const sockets = optional(read(socketsFact));
    const wait = waitOf(sockets, requests.value, latencyMs);
    const not = whyNot(wait, flying - heldInFlight(requests.value, sockets), sleeps);
    if (not) return absent(not);
    const lock = lockWait(read);
    if (lock && waitsFor(lock, flying) >= IN_LINE * flying) return absent(`${count(lock.waiting)} threads stand in line for a lock, which takes as long for everyone`);
    const waitMs = Math.max(0, wait.meanMs - (cpu.value.msPerRequest ?? 0));
    const others = optional(downstream(read));
    const watched = downstream(read).ok;
    const pending = others?.peer.pending ?? 0;
    if (others && others.share >= DOWNSTREAM) return absent(`${count(others.waiting)} of ${count(flying)} requests in flight wait for ${peerName(others.peer)}`);
    const resolving = lookups(read, requests.value);
    if (resolving && resolving.share >= DOWNSTREAM) return absent(`${count(resolving.share * flying)} of ${count(flying)} requests in flight wait for names to be looked up`);
    const asks = resolving?.untimed === true && (resolving.perRequest ?? 0) >= ASKS;
    const pool = fullPool(read, requests.value);
    if (pool?.full) return absent(`all ${pool.pool.threads} threads of the pool are at work: that is what requests wait for`);
    // Calls of others are part of the wait, but no timer.
    const share = clamp(waitMs / latencyMs - (others?.share ?? 0));
    if (share < LEAST_SHARE) return absent(`the wait is ${percent(share)} of the latency`);
    const loop = optional(read(eventLoopFact));
    const ends = sleeps ? null : optional(read(waitEndsFact));
    if (ends && ends.timeoutsPerS < LEAST_TIMEOUTS_PER_S && ends.waitsPerS >= ENOUGH_WAITS_PER_S) {
      return absent(`${count(ends.timeoutsPerS)} of ${count(ends.waitsPerS)} event waits a second ended because a timer was due: what requests wait for comes from elsewhere`);
    }
    return found({
      id, title, kind: 'cause',
      summary: `Each request waits about ${ms(wait.p50Ms)} for ${sleeps ? `a sleep (${asleep.syscall})` : 'a timer or something as regular'}, ${whoWaits(wait, flying, sleeps)}, while the server uses ${percent(cpu.value.cpuShare)} of a core.`,
      confidence: confidence(0.5, [[sleeps ? true : null, 0.2], [sockets?.serviceMs ? true : null, 0.1], [watched && !sleeps ? true : null, 0.1], [asks ? false : null, 0.4], [ends === null ? null : ends.timeoutsPerS >= LEAST_TIMEOUTS_PER_S, 0.1], [wait.atOnce === null ? null : true, 0.05], [wait.spread <= TIGHT.clear, 0.08], [loop === null ? null : findStalls(loop, requests.value, optional(read(threadsFact))).kind === 'none', 0.02]]),
      cost: { share, msPerRequest: waitMs },
      evidence: [
        evidence(`${wait.what}: p10 ${ms(wait.p10Ms)}, p50 ${ms(wait.p50Ms)}, p90 ${ms(wait.p90Ms)}`, wait.p50Ms, 'ms'),
        ...(wait.atOnce === null ? [] : [evidence(`${count(wait.atOnce)} requests were at the server at once, of ${count(flying)} in flight`, wait.atOnce, 'requests')]),
        sleeps ? evidence(`the threads that serve stand in ${asleep.syscall} ${percent(asleep.share)} of their time`, asleep.share, 'share')
          : evidence(`the serving threads stand in their event wait ${percent(occ.value.servingIdle)} of the time`, occ.value.servingIdle, 'share'),
        ...(sleeps ? waitingCode(read) : []),
        evidence(`the serving ${cpu.value.limit} used ${percent(cpu.value.cpuShare)} of a core`, cpu.value.cpuShare, 'cores'),
        ...(asks ? [against(`${count(resolving.perRequest ?? 0)} questions to a resolver for each request, whose answers could not be timed`, resolving.perRequest ?? 0, 'questions/request')] : []),
        ...(ends === null ? [] : [(ends.timeoutsPerS >= LEAST_TIMEOUTS_PER_S ? evidence : against)(`${count(ends.timeoutsPerS)} of ${count(ends.waitsPerS)} event waits a second ended because a timer was due`, ends.timeoutsPerS, 'waits/s')]),
        ...(sleeps ? [] : [watched ? evidence(`${count(pending)} calls to other servers were under way at once`, pending, 'calls')
          : against('a service that always takes the same time would look alike: outbound connections are not watched', 0, 'flag')]),
      ],
      culprit: sleeps ? { kind: 'syscall', name: asleep.syscall } : null,
      advice: [
        `Look on the request path for a sleep, a setTimeout, a retry delay, a debounce or a polling interval near ${ms(wait.p50Ms)}.`,
        ...(sleeps ? [] : ['If there is none, time the calls to databases and other services: one of them takes that long each time.']),
        `Check: more connections raise the rate and leave the latency near ${ms(wait.p50Ms)}.`,
      ],
    });
  },
};

/** Those held back by the kernel at that moment are in flight, and wait for something else. */
function whoWaits(wait: Wait, flying: number, sleeps: boolean): string {
  if (wait.atOnce === null || sleeps) return `${count(flying)} of them in flight`;
  return wait.atOnce >= TOGETHER * flying ? `all ${count(flying)} in flight at once` : `${count(wait.atOnce)} of the ${count(flying)} in flight at once`;
}

interface Wait { what: string; p10Ms: number; p50Ms: number; p90Ms: number; meanMs: number; spread: number; atOnce: number | null; held: boolean }

/** At the socket: read to first send. Without that, what the client saw, of which Nagle may be a part. */
function waitOf(sockets: SocketsFact | null, requests: RequestsFact, latencyMs: number): Wait {
  const latency = requests.headline.latencyMs;
  const service = sockets?.serviceMs ?? null;
  const held = sockets !== null && sockets.noDelay !== true && (sockets.heldShare ?? sockets.notSentShare ?? 0) >= HELD;
  if (service) {
    return { what: 'from reading a request to the first byte of its response', p10Ms: service.p10, p50Ms: service.p50, p90Ms: service.p90, meanMs: Math.min(service.mean, latencyMs), spread: ratio(service.p90, service.p10), atOnce: inService(requests, sockets), held: false };
  }
  const [p50, p90] = [latency?.p50 ?? latencyMs, latency?.p90 ?? latencyMs];
  return { what: 'latency at the client', p10Ms: p50, p50Ms: p50, p90Ms: p90, meanMs: latencyMs, spread: ratio(p90, p50), atOnce: null, held };
}

function whyNot(wait: Wait, flying: number, sleeps: boolean): string | null {
  if (wait.held) return 'responses are held back by the kernel: what they wait for is the client\'s ACK';
  if (wait.p50Ms < LEAST_MS) return `the server answers within ${ms(wait.p50Ms)}`;
  if (wait.spread > TIGHT.loose) return `${wait.what} spreads from ${ms(wait.p10Ms)} to ${ms(wait.p90Ms)}: no fixed wait`;
  // Threads seen asleep are counted already: as many as there are requests.
  if (!sleeps && wait.atOnce !== null && wait.atOnce < ALL_AT_ONCE * flying) return `${count(wait.atOnce)} of ${count(flying)} requests in flight were at the server: the others wait elsewhere`;
  return null;
}

const ratio = (a: number, b: number): number => (b > 0 ? a / b : Infinity);
