import { limitsFact } from '../facts/limits.js';
import { requestsFact } from '../facts/requests.js';
import type { Rule } from '../types.js';
import { servingCpu } from './support/cpu.js';
import { count, ms, percent } from './support/format.js';
import { absent, clamp, confidence, evidence, found, noData, optional } from './support/finding.js';
import { meanLatencyMs } from './support/latency.js';
import { tailCost } from './support/tail.js';

const id = 'cpu-throttled';
const title = 'Its CPU quota holds the server back';

/** Of the periods in which it ran: fewer are a burst. */
const LEAST_PERIODS = 0.05;
/** Of the wall time held back: less is lost in the noise of any scheduler. */
const LEAST_TIME = 0.02;

/** The cgroup has used up its quota: all its threads stop until the next period, whatever the machine has idle. */
export const cpuThrottled: Rule = {
  id, title,
  diagnose(read) {
    const limits = read(limitsFact);
    if (!limits.ok) return noData(limits);
    const { quota } = limits.value;
    if (!quota) return absent('no cgroup above the server has a CPU quota');
    if (quota.throttledPeriodShare < LEAST_PERIODS || quota.throttledShare < LEAST_TIME) {
      return absent(`a quota of ${cores(quota.cores)}, used up in ${percent(quota.throttledPeriodShare)} of the periods, ${percent(quota.throttledShare)} of the time`);
    }
    const requests = optional(read(requestsFact));
    const cpu = optional(servingCpu(read));
    // Summed over CPUs; the thread that serves waits no longer than it waited for a CPU at all.
    const heldBack = Math.min(clamp(quota.throttledShare), cpu ? Math.max(cpu.runQueueShare, LEAST_TIME) : 1);
    const latencyMs = requests && meanLatencyMs(requests);
    const share = heldBack * Math.max(cpu?.latencyShare ?? 1, heldBack);
    const pauseMs = quota.cores === null ? quota.periodMs : Math.max(0, quota.periodMs * (1 - Math.min(1, quota.cores)));
    return found({
      id, title, kind: 'cause',
      summary: `The server may use ${cores(quota.cores)}, and used it up in ${percent(quota.throttledPeriodShare)} of the periods of ${ms(quota.periodMs)}: ${percent(heldBack)} of the time it stood still${pauseMs > 0 ? `, for up to ${ms(pauseMs)} at a time` : ''}.`,
      confidence: confidence(0.75, [[quota.throttledPeriodShare >= 0.3, 0.1], [cpu ? cpu.runQueueShare >= heldBack / 2 : null, 0.08], [quota.cores !== null, 0.04]]),
      cost: { share, msPerRequest: latencyMs === null ? null : share * latencyMs, tail: tailCost(requests, quota.throttledShare, pauseMs) },
      evidence: [
        evidence(`quota ${cores(quota.cores)} (cgroup ${quota.path})`, quota.cores ?? 0, 'cores'),
        evidence(`throttled in ${percent(quota.throttledPeriodShare)} of the periods of ${ms(quota.periodMs)}`, quota.throttledPeriodShare, 'share'),
        evidence(`held back ${percent(quota.throttledShare)} of the time (summed over CPUs)`, quota.throttledShare, 'share'),
        ...(cpu ? [evidence(`the serving ${cpu.limit} ran ${percent(cpu.cpuShare)} of the time and wanted to for another ${percent(cpu.runQueueShare)}`, cpu.runQueueShare, 'share')] : []),
        ...(requests?.headline.latencyMs ? [evidence(`latency p50 ${ms(requests.headline.latencyMs.p50)}, p99 ${ms(requests.headline.latencyMs.p99)}`, requests.headline.latencyMs.p99, 'ms')] : []),
      ],
      culprit: { kind: 'path', name: quota.path },
      advice: [
        'Raise the quota (cpu.max, CPUQuota= of systemd, --cpus of docker, limits.cpu of Kubernetes), or lift it and keep a weight (cpu.weight, requests.cpu) instead.',
        'A runtime that starts as many threads as the machine has CPUs spends the quota on all of them at once: tell it how many it has (GOMAXPROCS, -XX:ActiveProcessorCount, workers).',
        `Check: nr_throttled in ${quota.path}/cpu.stat no longer grows, and the pauses of ${ms(pauseMs)} are gone from p99.`,
      ],
    });
  },
};

const cores = (n: number | null): string => (n === null ? 'a quota that was lifted meanwhile' : `${count(n)} ${n === 1 ? 'core' : 'cores'}`);
