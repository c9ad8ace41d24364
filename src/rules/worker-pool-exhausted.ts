import { requestsFact } from '../facts/requests.js';
import { socketsFact } from '../facts/sockets.js';
import type { Rule } from '../types.js';
import { servingCpu } from './support/cpu.js';
import { count, ms, percent, plural } from './support/format.js';
import { absent, clamp, confidence, evidence, found, noData, optional } from './support/finding.js';
import { inFlight, inService, meanLatencyMs } from './support/latency.js';
import { occupancy, SLEEP } from './support/occupancy.js';

const id = 'worker-pool-exhausted';
const title = 'All workers are taken, requests queue';

/** Of the workers' time: a pool that is free less than this has a queue in front of it. */
const TAKEN = 0.85;
/** Requests in flight a worker: below it few have to wait. */
const QUEUE = 2;
/** Of the taken time on the CPU: more, and CPU is what they lack; more workers would only share it out. */
const ON_CPU = 0.5;
/** Waits for bytes: for the client's next request as well as for a database. Only the socket tells which. */
const RECEIVES = /^(recvfrom|recvmsg|read|readv)$/;
/** Requests in hand per worker that prove it is at work on one. */
const IN_HAND = 0.7;

/** Every worker stands in a call while more requests are in flight than there are workers. */
export const workerPoolExhausted: Rule = {
  id, title,
  diagnose(read) {
    const [requests, occ] = [read(requestsFact), occupancy(read)];
    if (!requests.ok) return noData(requests);
    if (!occ.ok) return noData(occ);
    const o = occ.value;
    const flying = inFlight(requests.value);
    const taken = clamp(o.occupied / o.threads);
    const workers = plural(o.threads, 'worker');
    if (taken < TAKEN) return absent(`${workers}, taken ${percent(taken)} of the time`);
    if (o.onCpu >= ON_CPU) return absent(`${workers}, all taken, but by running (${percent(o.onCpu)} of their time): CPU is the cause`);
    if (flying < QUEUE * o.threads) return absent(`${count(flying)} requests in flight for ${workers}: no queue to speak of`);
    const sockets = optional(read(socketsFact));
    const inHand = inService(requests.value, sockets);
    if (o.blockedIn && RECEIVES.test(o.blockedIn.syscall) && (inHand === null || inHand < IN_HAND * o.threads)) {
      return absent(`the threads wait in ${o.blockedIn.syscall}: as far as seen, for the next request`);
    }
    const latencyMs = meanLatencyMs(requests.value);
    const share = clamp(1 - o.threads / flying);
    const workMs = requests.value.headline.rps > 0 ? (o.occupied * 1000) / requests.value.headline.rps : null;
    const queue = sockets?.listenQueue ?? null;
    const cpu = optional(servingCpu(read));
    const where = o.blockedIn;
    return found({
      id, title, kind: 'cause',
      summary: `${workers} for ${count(flying)} requests in flight: each is taken ${percent(taken)} of the time`
        + `${where ? `, mostly in ${where.syscall} (${percent(where.share)})` : ''}, and ${percent(share)} of the latency is waiting for one.`,
      confidence: confidence(0.68, [[inHand === null ? null : inHand <= 1.3 * o.threads, 0.1], [queue === null ? null : queue.max > 0 ? true : null, 0.05], [where ? SLEEP.test(where.syscall) || where.share >= 0.7 : null, 0.08], [cpu === null ? null : cpu.busy < ON_CPU, 0.05]]),
      cost: { share, msPerRequest: latencyMs === null ? null : share * latencyMs },
      evidence: [
        evidence(`${workers}, taken ${percent(taken)} of the time`, taken, 'share'),
        evidence(`${count(flying)} requests in flight (rate x mean latency)`, flying, 'requests'),
        ...(inHand === null ? [] : [evidence(`${count(inHand)} of them in hand at the server at once`, inHand, 'requests')]),
        ...(where ? [evidence(`${percent(where.share)} of the workers' time in ${where.syscall}`, where.share, 'share')] : []),
        ...(workMs === null ? [] : [evidence(`a worker needs ${ms(workMs)} for a request${latencyMs === null ? '' : `; clients wait ${ms(latencyMs)}`}`, workMs, 'ms')]),
        ...(queue && queue.max > 0 ? [evidence(`up to ${count(queue.max)} connections in the listen queue (limit ${count(queue.limit)})`, queue.max, 'connections')] : []),
      ],
      culprit: where ? { kind: 'syscall', name: where.syscall } : null,
      advice: [
        where && SLEEP.test(where.syscall) ? `Take the wait out of the workers: what sleeps there (${where.syscall}) holds a worker and does nothing.`
          : 'Shorten what the workers wait for, or let it not hold a worker (asynchronous, threads).',
        `Or have more workers: for ${count(flying)} requests at once as many are needed; a worker that waits costs memory, not CPU. A longer backlog gains nothing.`,
        'Check: twice the workers should give nearly twice the rate.',
      ],
    });
  },
};
