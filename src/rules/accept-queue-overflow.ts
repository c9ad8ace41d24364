import { queueFact } from '../facts/queue.js';
import { requestsFact } from '../facts/requests.js';
import type { RequestsFact, Rule } from '../types.js';
import { servingCpu, SATURATED } from './support/cpu.js';
import { droppedAt, FIRST_RETRY_MS } from './support/dropped.js';
import { count, ms, percent, plural } from './support/format.js';
import { absent, against, clamp, confidence, evidence, found, noData, optional } from './support/finding.js';
import { meanLatencyMs } from './support/latency.js';
import { tailCost } from './support/tail.js';

const id = 'accept-queue-overflow';
const title = 'Connections are dropped before the server accepts them';

/** One or two at the first moment of a load are the load's. */
const LEAST_DROPS = 5;
/** Of the connections made: fewer are out of reach of the 99.9th percentile. */
const LEAST_SHARE = 0.0005;
/** A request on a connection that only the client thinks is open is sent again from here on (Linux TCP_RTO_MIN). ms. */
const LEAST_RETRY_MS = 190;

/** The listening socket's queue is full: the kernel drops who knocks, and the client knocks again a second later. */
export const acceptQueueOverflow: Rule = {
  id, title,
  diagnose(read) {
    const [queue, requests] = [read(queueFact), read(requestsFact)];
    if (!queue.ok) return noData(queue);
    if (!requests.ok) return noData(requests);
    const q = queue.value;
    const dropped = droppedAt(q);
    const ofMade = dropped / Math.max(1, q.accepted + dropped);
    if (dropped < LEAST_DROPS || ofMade < LEAST_SHARE) return absent(dropped === 0 ? 'no connection was dropped at the listening socket' : `${count(dropped)} connections dropped at the listening socket, ${count(q.accepted)} made`);
    const { headline } = requests.value;
    const latencyMs = meanLatencyMs(requests.value);
    const slowestMs = headline.latencyMs?.max ?? null;
    const failed = failures(requests.value);
    if (slowestMs !== null && slowestMs < LEAST_RETRY_MS && failed === 0) return absent(`${count(dropped)} connections were dropped, but no request took longer than ${ms(slowestMs)}: it was before the measured time`);
    const lostMs = lost(dropped, requests.value, latencyMs);
    const share = lostMs === null || !latencyMs ? ofMade : clamp(lostMs / latencyMs);
    const cpu = optional(servingCpu(read));
    const limit = q.listenQueue?.limit ?? null;
    return found({
      id, title, kind: 'cause',
      summary: `${count(dropped)} connections in ${count(q.durationS)} s found the accept queue full${limit === null ? '' : ` (${count(limit)} places)`}: their clients try again after a second or more`
        + `${headline.latencyMs ? `, while the median looks fine (p50 ${ms(headline.latencyMs.p50)}, slowest ${ms(headline.latencyMs.max)})` : ''}.`,
      confidence: confidence(0.6, [[q.portDrops === null ? null : q.portDrops >= LEAST_DROPS, 0.15], [slowestMs === null ? null : slowestMs >= FIRST_RETRY_MS, 0.1], [q.listenQueue ? q.listenQueue.max >= q.listenQueue.limit : null, 0.05], [cpu ? cpu.busy < SATURATED || null : null, 0.05]]),
      cost: { share, msPerRequest: lostMs, tail: tailCost(requests.value, ofMade, FIRST_RETRY_MS) },
      evidence: [
        evidence(`${count(dropped)} connections dropped, ${percent(ofMade)} of those made${q.portDrops === null ? ' (all ports of the machine\'s network)' : ' at this port'}`, dropped, 'connections'),
        ...(q.listenQueue ? [evidence(`up to ${count(q.listenQueue.max)} waited in a queue of ${plural(q.listenQueue.limit, 'place')}, full at ${percent(q.listenQueue.fullShare)} of the looks`, q.listenQueue.max, 'connections')] : []),
        ...(q.synRetransmits + q.retransmits > 0 ? [evidence(`${count(q.synRetransmits)} requests for a connection and ${count(q.retransmits)} segments were sent again`, q.retransmits, 'segments')] : []),
        ...(headline.latencyMs ? [evidence(`latency p50 ${ms(headline.latencyMs.p50)}, p99 ${ms(headline.latencyMs.p99)}, p99.9 ${ms(headline.latencyMs.p999)}, slowest ${ms(headline.latencyMs.max)}`, headline.latencyMs.max, 'ms')] : []),
        ...(lostMs === null || !latencyMs ? [] : [evidence(`${ms(lostMs)} of the mean of ${ms(latencyMs)} is this wait`, lostMs, 'ms/request')]),
        ...(cpu && cpu.busy >= SATURATED ? [against(`the serving ${cpu.limit} is out of CPU (${percent(cpu.busy)} of a core): a longer queue moves the wait, and makes it smooth`, cpu.busy, 'cores')] : []),
      ],
      culprit: { kind: 'socket', name: `the listening socket${limit === null ? '' : ` (queue of ${count(limit)})`}` },
      advice: [
        'Raise the backlog that the server gives to listen(), and with it net.core.somaxconn, which caps it.',
        'Look why accepting pauses: a blocked loop or a pool that is taken; then the backlog only hides it.',
        'Let clients keep their connections: who need not connect cannot be dropped.',
        'Check: `nstat -az TcpExtListenOverflows TcpExtListenDrops` before and after a load: they no longer grow, and the slowest request is far below a second.',
      ],
    });
  },
};

const failures = ({ all }: RequestsFact): number => Object.values(all.errors).reduce((a, b) => a + b, 0) + all.timeouts;

/** A second at least for each that was dropped, but never more than the mean has above the usual request. */
function lost(dropped: number, requests: RequestsFact, latencyMs: number | null): number | null {
  if (latencyMs === null || requests.all.completed <= 0) return null;
  const above = Math.max(0, latencyMs - (requests.headline.latencyMs?.p50 ?? latencyMs));
  return Math.min((dropped * FIRST_RETRY_MS) / requests.all.completed, above);
}
