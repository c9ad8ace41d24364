import { outboundFact } from '../facts/outbound.js';
import { requestsFact } from '../facts/requests.js';
import { socketsFact } from '../facts/sockets.js';
import { threadsFact } from '../facts/threads.js';
import type { FactReader, Rule } from '../types.js';
import { blockedIn, RECEIVES, SLEEP, type Blocked } from './support/calls.js';
import { servingCpu } from './support/cpu.js';
import { count, ms, percent, plural } from './support/format.js';
import { absent, clamp, confidence, evidence, found, noData, optional } from './support/finding.js';
import { downstream, isPeerFull, peerName } from './support/downstream.js';
import { heldInFlight, inFlight, inService, meanLatencyMs } from './support/latency.js';
import { lockWait } from './support/locks.js';
import { blockedLoops } from './support/loops.js';
import { occupancy, type Occupancy } from './support/occupancy.js';
import { fullPool } from './support/pool.js';
import { waitingCode } from './support/waiting-code.js';

const id = 'worker-pool-exhausted';
const title = 'All workers are taken, requests queue';

/** Of the workers' time: a pool that is free less than this has a queue in front of it. */
const TAKEN = 0.85;
/** Requests in flight a worker: below it few have to wait. */
const QUEUE = 2;
/** Of the taken time on the CPU: more, and CPU is what they lack; more workers would only share it out. */
const ON_CPU = 0.5;
/** Requests in hand per worker that prove it is at work on one. */
const IN_HAND = 0.7;
/** Of its time in poll, where it may wait for events as well as for one answer with a time limit. */
const POLLS = 0.5;
/** More in hand than this a worker, and it is a loop, which takes them by turns. */
const IN_HAND_AT_MOST = 1.3;
/** Of the threads that use a lock, in line for it: from here on it is the lock that they lack. */
const LOCKED = 0.5;

/** Every worker stands in a call while more requests are in flight than there are workers. */
export const workerPoolExhausted: Rule = {
  id, title,
  diagnose(read) {
    const [requests, occ] = [read(requestsFact), occupancy(read)];
    if (!requests.ok) return noData(requests);
    if (!occ.ok) return noData(occ);
    const sockets = optional(read(socketsFact));
    const inHand = inService(requests.value, sockets);
    const flying = inFlight(requests.value) - heldInFlight(requests.value, sockets);
    if (!occ.value.fed && blockedLoops(read)) return absent('what serves is an event loop, and a call blocks it: it takes many at once when it is let');
    const libuv = fullPool(read, requests.value);
    if (libuv?.full) return absent(`what is full is the thread pool of Node (${libuv.pool.threads} threads), behind an event loop`);
    const pool = poolOf(occ.value, inHand);
    const workers = plural(pool.workers, 'worker');
    const not = whyNot(pool, workers, flying, inHand, callsUnderWay(read));
    if (not) return absent(not);
    const lock = lockWait(read);
    if (lock && lock.waiting >= LOCKED * lock.users) return absent(`${count(lock.waiting)} of ${count(lock.users)} threads stand in line for a lock: more workers would only lengthen the line`);
    const asked = optional(downstream(read));
    if (asked && asked.kind === 'workers' && isPeerFull(asked)) return absent(`the workers wait for ${peerName(asked.peer)}, which is out of CPU: more of them would only lengthen its queue`);
    const latencyMs = meanLatencyMs(requests.value);
    const share = clamp(1 - pool.workers / flying);
    const workMs = requests.value.headline.rps > 0 ? (pool.taken * pool.workers * 1000) / requests.value.headline.rps : null;
    const queue = sockets?.listenQueue ?? null;
    const inside = insideQueue(read, pool);
    const cpu = optional(servingCpu(read));
    const { where } = pool;
    return found({
      id, title, kind: 'cause',
      summary: `${workers} for ${count(flying)} requests in flight: each is taken ${percent(pool.taken)} of the time`
        + `${where ? `, mostly in ${blockedIn(where)} (${percent(where.share)})` : ''}, and ${percent(share)} of the latency is waiting for one.`,
      confidence: confidence(0.68, [[inHand === null ? null : inHand <= 1.3 * pool.workers, 0.1], [queue === null ? null : queue.max > 0 ? true : null, 0.05], [where ? SLEEP.test(where.syscall) || where.share >= 0.7 : null, 0.08], [cpu === null ? null : cpu.busy < ON_CPU, 0.05]]),
      cost: { share, msPerRequest: latencyMs === null ? null : share * latencyMs },
      evidence: [
        evidence(`${workers} (${shapeOf(occ.value)}), taken ${percent(pool.taken)} of the time`, pool.taken, 'share'),
        evidence(`${count(flying)} requests in flight (rate x mean latency)`, flying, 'requests'),
        ...(inHand === null ? [] : [evidence(`${count(inHand)} of them in hand at the server at once`, inHand, 'requests')]),
        ...(where ? [evidence(`${percent(where.share)} of the workers' time in ${blockedIn(where)}`, where.share, 'share')] : []),
        ...waitingCode(read),
        ...(workMs === null ? [] : [evidence(`a worker needs ${ms(workMs)} for a request${latencyMs === null ? '' : `; clients wait ${ms(latencyMs)}`}`, workMs, 'ms')]),
        ...(queue && queue.max > 0 ? [evidence(`up to ${count(queue.max)} connections in the listen queue (limit ${count(queue.limit)})`, queue.max, 'connections')] : []),
        ...(inside > 0 ? [evidence(`${count(inside)} connections accepted that no worker is at: the queue inside the process`, inside, 'connections')] : []),
      ],
      culprit: where ? { kind: 'syscall', name: where.syscall } : null,
      advice: [
        where && SLEEP.test(where.syscall) ? `Take the wait out of the workers: what sleeps there (${where.syscall}) holds a worker and does nothing.`
          : 'Shorten what the workers wait for, or let it not hold a worker (asynchronous, threads).',
        `Or have more workers: for ${count(flying)} requests at once as many are needed; a worker that waits costs memory, not CPU. ${knobOf(occ.value)} A longer backlog gains nothing.`,
        'Check: twice the workers should give nearly twice the rate.',
      ],
    });
  },
};

interface Pool { workers: number; taken: number; onCpu: number; where: Blocked | null }

/**
 * Taken by what its threads stand in; or, where that looks like an event wait (Python's sockets with a timeout stand in poll),
 * by the requests in hand: an event wait with one request in hand a worker, and others in flight, is a taken worker.
 */
function poolOf(o: Occupancy, inHand: number | null): Pool {
  const taken = clamp(o.occupied / o.threads);
  const held = inHand === null || o.fed || o.polls < POLLS ? 0 : inHand / o.threads;
  const byHand = held >= TAKEN && held <= IN_HAND_AT_MOST && taken < TAKEN;
  return { workers: o.threads, taken: byHand ? clamp(held) : taken, onCpu: byHand ? o.onCpu * taken / held : o.onCpu, where: byHand ? { syscall: 'poll', on: null, share: o.polls } : o.blockedIn };
}

/** Calls to other servers at once: a worker that waits for one is taken, whatever its own socket looks like. */
const callsUnderWay = (read: FactReader): number =>
  (optional(read(outboundFact))?.peers ?? []).filter((peer) => peer.answered).reduce((sum, peer) => sum + peer.pending, 0);

function whyNot(pool: Pool, workers: string, flying: number, inHand: number | null, calls: number): string | null {
  if (pool.taken < TAKEN) return `${workers}, taken ${percent(pool.taken)} of the time`;
  if (pool.onCpu >= ON_CPU) return `${workers}, all taken, but by running (${percent(pool.onCpu)} of their time): CPU is the cause`;
  if (flying < QUEUE * pool.workers) return `${count(flying)} requests in flight for ${workers}: no queue to speak of`;
  const { where } = pool;
  if (where && RECEIVES.test(where.syscall) && where.on === null && (inHand === null || inHand < IN_HAND * pool.workers) && calls < TAKEN * pool.workers) {
    return `the threads wait in ${where.syscall}: as far as seen, for the next request`;
  }
  return null;
}

/** Connections that the processes hold beyond those that a worker is at. */
function insideQueue(read: FactReader, pool: Pool): number {
  const held = (optional(read(threadsFact))?.processes ?? []).filter((p) => p.serving).reduce((sum, p) => sum + (p.established ?? 0), 0);
  return Math.max(0, held - pool.workers * pool.taken);
}

function shapeOf(o: Occupancy): string {
  if (o.processes > 1) return o.threads === o.processes ? `${count(o.processes)} processes of one thread` : `${count(o.processes)} processes, ${count(o.threads)} threads in all`;
  return o.threads === 1 ? 'one process, one thread' : `threads of one process${o.fed ? ', fed by another thread' : ''}`;
}

/** The names that such pools go by in the servers that people use; which of them it is, the command line says. */
function knobOf(o: Occupancy): string {
  if (o.threads === o.processes) return 'For processes of one thread: threads in each (gunicorn --threads, -k gthread or gevent; uWSGI --threads) or more processes (--workers, --processes).';
  return 'For threads: the size of the pool (waitress threads=, CherryPy server.thread_pool, gunicorn --threads, uWSGI --threads, UV_THREADPOOL_SIZE).';
}
