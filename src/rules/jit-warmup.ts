import { requestsFact } from '../facts/requests.js';
import { rateTrendFact } from '../facts/rate-trend.js';
import type { Rule } from '../types.js';
import { servingCpu } from './support/cpu.js';
import { count, percent } from './support/format.js';
import { absent, against, clamp, confidence, evidence, found, noData } from './support/finding.js';
import { meanLatencyMs } from './support/latency.js';

const id = 'jit-warmup';
const title = 'The server is still getting faster';

/** The last part of the measured time over the first: less is noise. */
const LEAST_CLIMB = 1.25;
/** Of the steps from part to part, those that go up. */
const MOSTLY_UP = 0.75;
/** From here on a step back or two on the way is the machine's; the spread around the climb still has to be small. */
const LARGE_CLIMB = 2;
const MORE_UP_THAN_DOWN = 0.55;
/** From here on three parts that rise are enough, however unsteady their halves. */
const CLIMB_IN_THIRDS = 1.6;
/** Of the climb in one step: more, and it is a jump, of the machine or of what the load meets; code warms up by and by. */
const MOST_IN_ONE_STEP = 0.65;
/** Spread of the rate around its own climb: more, and a few good moments look like one. */
const MOST_NOISE = 0.15;
/** Of the climb itself (over the mean): a server that doubles its rate may be as unsteady as this and still be seen to. */
const NOISE_OF_CLIMB = 0.3;
/** Of a core: whoever compiles or runs cold code is busy; who waits for something is not warming up. */
const LEAST_BUSY = 0.6;

/** The rate still climbs through the measured time: the figures are those of a cold server (a JIT, caches that fill). */
export const jitWarmup: Rule = {
  id, title,
  diagnose(read) {
    const [trend, requests, cpu] = [read(rateTrendFact), read(requestsFact), servingCpu(read)];
    if (!trend.ok) return noData(trend);
    if (!requests.ok) return noData(requests);
    if (!cpu.ok) return noData(cpu);
    const { per, first, last, upShare, thirds, largestStep, noise, parts, stillClimbing } = trend.value;
    const unit = per === 'cpu' ? 'requests for a second of its CPU' : 'requests a second';
    const climb = first > 0 ? last / first : 1;
    const from = `from ${count(first)} to ${count(last)} ${unit}`;
    if (climb < LEAST_CLIMB) return absent(`the rate went ${from} over the measured time`);
    const risesInThirds = thirds.every((part, i) => i === 0 || part > (thirds[i - 1] ?? part)) && (thirds[2] ?? 0) >= CLIMB_IN_THIRDS * (thirds[0] ?? Infinity);
    if (!risesInThirds && upShare < (climb >= LARGE_CLIMB ? MORE_UP_THAN_DOWN : MOSTLY_UP)) return absent(`the rate went ${from}, but up and down on the way (${percent(upShare)} of the steps up): noise`);
    if (largestStep > MOST_IN_ONE_STEP) return absent(`the rate went ${from}, ${percent(Math.min(largestStep, 1))} of it at once: a jump, not code that warms up`);
    const mean = parts.reduce((sum, part) => sum + part, 0) / parts.length;
    if (noise > Math.max(MOST_NOISE, NOISE_OF_CLIMB * (last - first) / mean)) return absent(`the rate went ${from}, but spreads by ${percent(noise)} around its own climb: noise`);
    if (!stillClimbing) return absent(`the rate went ${from}, and is steady by now`);
    if (cpu.value.busy < LEAST_BUSY) return absent(`the rate climbs, but the serving ${cpu.value.limit} used ${percent(cpu.value.cpuShare)} of a core: it is not the code that warms up`);
    const latencyMs = meanLatencyMs(requests.value);
    const share = clamp(1 - mean / last);
    return found({
      id, title, kind: 'cause',
      summary: `The rate climbed ${from} while it was measured (${percent(climb - 1)} more), and had not stopped: a server that is warm is faster than these figures.`,
      confidence: confidence(0.55, [[climb >= 1.5, 0.12], [upShare >= 0.9, 0.08], [noise <= MOST_NOISE / 2, 0.08], [cpu.value.busy >= 0.9, 0.05], [cpu.value.runQueueShare < 0.2 || null, 0.04]]),
      cost: { share, msPerRequest: latencyMs === null ? null : share * latencyMs },
      evidence: [
        evidence(`${parts.map((rps) => count(rps)).join(', ')} ${unit}, one part of the quiet time after the other`, climb, 'ratio'),
        evidence(`${percent(upShare)} of the steps go up; the rate spreads by ${percent(noise)} around its climb`, upShare, 'share'),
        evidence(`the serving ${cpu.value.limit} used ${percent(cpu.value.cpuShare)} of a core all the while`, cpu.value.cpuShare, 'cores'),
        against('a machine that others leave, or a cache that fills, looks alike', cpu.value.runQueueShare, 'share'),
      ],
      culprit: null,
      advice: [
        'Measure longer, and leave out the beginning (--warmup 30): the figures here are of a cold server.',
        'If restarts are frequent, run the usual requests against a new process before it takes traffic (a readiness check that waits for it), and start one process at a time.',
        'Fewer kinds of code to compile warm up sooner: a runtime with a JIT (PyPy, V8) compiles each hot loop once a process, and each worker process does so again.',
        'Check: run twice as long; the second half is steady, and faster than the first.',
      ],
    });
  },
};
