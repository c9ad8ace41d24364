import { queueFact } from '../facts/queue.js';
import { requestsFact } from '../facts/requests.js';
import { socketsFact } from '../facts/sockets.js';
import { threadsFact } from '../facts/threads.js';
import type { Rule } from '../types.js';
import { servingCpu, SATURATED } from './support/cpu.js';
import { droppedAt, FIRST_RETRY_MS } from './support/dropped.js';
import { count, percent } from './support/format.js';
import { absent, confidence, evidence, found, noData, optional } from './support/finding.js';
import { inFlight, inService, meanLatencyMs } from './support/latency.js';

const id = 'load-client-saturated';
const title = 'The load generator is the bottleneck';

/** Of a core: its busiest thread has nothing left. */
const FULL = 0.95;
/** Of a core: below this it is not the CPU it lacks, even if it waits for one now and then. */
const REALLY_RUNS = 0.7;
/** Of the requests in flight: with more than this at the server, they wait there and not at the client. */
const AT_SERVER = 0.5;

/** Of a core at work: what the server has left would not make the rate another one. */
const LITTLE_LEFT = 0.6;
/** Of the connections made: each of them waits a second or more before it is tried again. */
const DROPPED = 0.005;

/** The client cannot send faster, and the server could answer faster: the rate is the client's. */
export const loadClientSaturated: Rule = {
  id, title,
  diagnose(read) {
    const [threads, requests, cpu] = [read(threadsFact), read(requestsFact), servingCpu(read)];
    if (!threads.ok) return noData(threads);
    const { generator } = threads.value;
    if (!generator) return { kind: 'no-data', why: 'no load generator of whyslow ran', enable: 'use --load autocannon or wrk' };
    if (!requests.ok) return noData(requests);
    if (!cpu.ok) return noData(cpu);
    const wanted = generator.busiestThreadShare + generator.runQueueShare;
    if (wanted < FULL || generator.busiestThreadShare < REALLY_RUNS) {
      return absent(`the generator's busiest thread used ${percent(generator.busiestThreadShare)} of a core`);
    }
    const { busy } = cpu.value;
    if (busy >= SATURATED) return absent(`the generator is full (${percent(generator.busiestThreadShare)} of a core), but so is the server (${percent(busy)})`);
    if (busy >= LITTLE_LEFT) return absent(`the generator is full (${percent(generator.busiestThreadShare)} of a core), but the server has little left (it is at work ${percent(busy)} of the time)`);
    const sockets = optional(read(socketsFact));
    const flying = inFlight(requests.value);
    const atOnce = inService(requests.value, sockets);
    const atServer = atOnce === null || flying <= 0 ? null : atOnce / flying;
    if (atServer !== null && atServer >= AT_SERVER) return absent(`the generator is full, but ${percent(atServer)} of the requests in flight were at the server`);
    const queue = optional(read(queueFact));
    const dropped = queue ? droppedAt(queue) : 0;
    const slowestMs = requests.value.headline.latencyMs?.max ?? 0;
    if (queue && dropped >= DROPPED * queue.accepted && slowestMs >= FIRST_RETRY_MS) return absent(`the generator is full, but ${count(dropped)} of its connections were dropped before the server saw them: it waits for them`);
    const away = atServer === null ? 1 - busy : 1 - atServer;
    const latencyMs = meanLatencyMs(requests.value);
    return found({
      id, title, kind: 'load',
      summary: `The load generator used ${percent(generator.busiestThreadShare)} of a core and the server only ${percent(busy)}: the rate is the generator's, not the server's.`,
      confidence: confidence(0.65, [[atServer === null ? null : atServer < AT_SERVER / 2, 0.15], [generator.busiestThreadShare >= FULL, 0.1], [busy < SATURATED - 0.2, 0.08]]),
      // What the server had left to give.
      cost: { share: 1 - busy, msPerRequest: latencyMs === null ? null : away * latencyMs },
      evidence: [
        evidence(`the generator's busiest thread used ${percent(generator.busiestThreadShare)} of a core`, generator.busiestThreadShare, 'cores'),
        evidence(`the server's busiest serving thread used ${percent(busy)} of a core`, busy, 'cores'),
        ...(atServer === null ? [] : [evidence(`${percent(1 - atServer)} of the requests in flight were at the client, not at the server`, 1 - atServer, 'share')]),
      ],
      culprit: null,
      advice: [
        'Use a lighter generator (--load wrk), or several, on other cores or another machine.',
        'Latencies include the time answers waited for the client to read them: do not quote them as the server\'s.',
        'Check: `top -H` while the load runs; the server\'s thread should be the one near 100%.',
      ],
    });
  },
};
