import { eventLoopFact } from '../facts/event-loop.js';
import { requestsFact } from '../facts/requests.js';
import { threadsFact } from '../facts/threads.js';
import type { Diagnosis, LongTick, RequestsFact, Rule, TickCause } from '../types.js';
import { blockedIn, SYNCS } from './support/calls.js';
import { gcPressureOf } from './support/collections.js';
import { count, frameName, ms, percent } from './support/format.js';
import { absent, against, clamp, confidence, evidence, found, noData, optional } from './support/finding.js';
import { functionCulprit, same } from './support/hot-code.js';
import { inFlight, meanLatencyMs } from './support/latency.js';
import { blockedLoops, type BlockedLoops } from './support/loops.js';
import { findStalls, periodMs, stallCulprit, weigh } from './support/stalls.js';
import { tailCost } from './support/tail.js';

const id = 'event-loop-blocked';
const title = 'Something stops the event loop now and then';

/** As many stalls leave no doubt that it is a habit. */
const MANY = 5;
/** Of the stalled time: one reason explains it. */
const MAJORITY = 0.5;

const CAUSE: Record<TickCause, string> = {
  cpu: 'code on the CPU', gc: 'garbage collection', blocked: 'a blocking call', 'run-queue': 'waiting for a CPU', unknown: 'a cause that no probe saw',
};

/** Few ticks are long, and while one runs nobody is served: one call that should not be on the loop. */
export const eventLoopBlocked: Rule = {
  id, title,
  diagnose(read) {
    const loop = read(eventLoopFact);
    const requests = optional(read(requestsFact));
    if (!loop.ok) {
      const always = blockedLoops(read);
      return always && !SYNCS.test(always.in.syscall) ? everyRequest(always, requests) : noData(loop);
    }
    const verdict = findStalls(loop.value, requests, optional(read(threadsFact)));
    if (verdict.kind === 'none') {
      const always = blockedLoops(read);
      return always && !SYNCS.test(always.in.syscall) ? everyRequest(always, requests) : absent(verdict.why);
    }
    const s = verdict.stalls;
    const [cause, causeShare] = mainCause(s.ticks);
    const pressure = cause === 'gc' && causeShare >= MAJORITY ? gcPressureOf(read) : null;
    if (pressure && 'share' in pressure) return absent('the long ticks are garbage collection, and there is much of it: see gc-pressure');
    const named = s.ticks.filter((t) => t.culprit !== null);
    // What a collection interrupted is not why it came.
    const culprit = cause === 'gc' ? null : stallCulprit(s.ticks);
    const syscall = cause === 'blocked' ? mainSyscall(s.ticks) : null;
    const what = culprit ? frameName(culprit) : syscall ?? CAUSE[cause];
    const period = periodMs(s.ticks);
    return found({
      id, title, kind: 'cause',
      summary: `${s.ticks.length} times in ${count(loop.value.watchedS)} s the event loop stood still, for up to ${ms(s.maxMs)}`
        + `${period === null ? '' : `, every ${ms(period)}`}: ${what}. Nobody is served meanwhile.`,
      confidence: confidence(0.6, [[s.ticks.length >= MANY, 0.1], [loop.value.source === 'ebpf', 0.1], [s.typicalMs === null ? null : true, 0.05], [culprit || syscall || cause === 'gc' ? true : null, 0.12]]),
      cost: { share: Math.max(s.share, s.latencyShare ?? 0), msPerRequest: s.perRequestMs, tail: s.metShare === null ? null : tailCost(requests, s.metShare, s.maxMs) },
      evidence: [
        evidence(`${s.ticks.length} long ticks in ${count(loop.value.watchedS)} s watched, longest ${ms(s.maxMs)}, mean ${ms(s.totalMs / s.ticks.length)}`, s.ticks.length, 'ticks'),
        ...(s.typicalMs === null ? [] : [evidence(`a usual tick takes ${ms(s.typicalMs)}`, s.typicalMs, 'ms')]),
        evidence(`${percent(s.share)} of the time the loop stood still`, s.share, 'share'),
        ...(s.perRequestMs === null ? [] : [evidence(`${ms(s.perRequestMs)} of the mean latency; a request that meets one waits up to ${ms(s.maxMs)}`, s.perRequestMs, 'ms/request')]),
        evidence(`${percent(causeShare)} of the stalled time was ${CAUSE[cause]}${syscall ? ` (${syscall})` : ''}`, causeShare, 'share'),
        ...(culprit ? [evidence(`${named.filter((t) => same(culprit, t.culprit)).length} of the ${named.length} ticks that a profile covered were in ${frameName(culprit)}`, named.length, 'ticks')] : []),
        ...(culprit || syscall || cause === 'gc' ? [] : [against('no probe saw what ran in them: a pause of the machine would look alike', s.ticks.length, 'ticks')]),
        ...(period === null ? [] : [evidence(`they come every ${ms(period)}: a timer`, period, 'ms')]),
      ],
      culprit: culprit ? functionCulprit(culprit) : syscall ? { kind: 'syscall', name: syscall } : null,
      advice: [
        culprit ? `Take ${frameName(culprit)} off the loop: a worker thread, smaller steps with a return to the loop between them, or done once and kept.`
          : syscall ? `Use the asynchronous form of what ends in ${syscall}, or move it to a worker thread.`
            : 'Find what runs at those moments: a timer, a cache refresh, one kind of request; move it off the loop.',
        ...(cause === 'gc' ? ['Look at what fills the heap: large caches make each collection long.'] : []),
        'Check: p99 and max latency fall while the median stays; the long ticks are gone from this report.',
      ],
    });
  },
};

/** Not now and then but for every request: the loop serves one at a time, as if it were a worker. */
function everyRequest(blocked: BlockedLoops, requests: RequestsFact | null): Diagnosis {
  const flying = requests ? inFlight(requests) : blocked.connections * blocked.loops;
  const latencyMs = requests && meanLatencyMs(requests);
  const share = clamp(blocked.share * (1 - blocked.loops / Math.max(flying, 1)));
  const where = blockedIn(blocked.in);
  const { on } = blocked.in;
  const peer = on !== null && (on.kind === 'peer' || on.kind === 'unix') ? on.name : null;
  const loops = blocked.loops === 1 ? 'The event loop stands' : `The ${count(blocked.loops)} event loops stand`;
  return found({
    id, title: 'A blocking call stops the event loop', kind: 'cause',
    summary: `${loops} in ${where} ${percent(blocked.share)} of the time, outside the event wait: one request at a time, while ${count(flying)} are in flight.`,
    confidence: confidence(0.66, [[blocked.share >= 0.7, 0.1], [blocked.in.share >= 0.7 * blocked.share, 0.05], [on === null ? null : true, 0.05], [requests === null ? null : flying >= 2 * blocked.loops, 0.06]]),
    cost: { share, msPerRequest: latencyMs === null ? null : share * latencyMs },
    evidence: [
      evidence(`${percent(blocked.share)} of the loop's time in calls that block it`, blocked.share, 'share'),
      evidence(`${percent(blocked.in.share)} in ${where}`, blocked.in.share, 'share'),
      evidence(`${count(blocked.connections)} connections on each loop, all of which wait meanwhile`, blocked.connections, 'connections'),
      ...(requests === null ? [] : [evidence(`${count(flying)} requests in flight, ${count(requests.headline.rps)} a second`, flying, 'requests')]),
    ],
    culprit: peer === null ? { kind: 'syscall', name: blocked.in.syscall } : { kind: 'socket', name: peer },
    advice: [
      peer === null ? `Use the asynchronous form of what ends in ${blocked.in.syscall}, or move it to a worker thread.`
        : `Talk to ${peer} through a client that works with the loop, or call it from a worker thread (run_in_executor, a thread pool).`,
      'With gevent or eventlet: patch before anything else is imported; clients written in C are not patched at all.',
      'Check: the rate rises with the number of connections, and the loop is back in its event wait.',
    ],
  });
}

/** The reason that took most of the stalled time, and its share of it. */
function mainCause(ticks: LongTick[]): [TickCause, number] {
  const total = ticks.reduce((sum, t) => sum + t.lengthNs, 0);
  const [most] = weigh(ticks, (t) => t.cause);
  return most ? [most[0], total > 0 ? most[1] / total : 0] : ['unknown', 0];
}

const mainSyscall = (ticks: LongTick[]): string | null =>
  weigh(ticks.filter((t) => t.syscall !== null), (t) => t.syscall as string)[0]?.[0] ?? null;
