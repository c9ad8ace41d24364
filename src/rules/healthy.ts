import { eventLoopFact } from '../facts/event-loop.js';
import { hotFunctionsFact } from '../facts/hot-functions.js';
import { requestsFact } from '../facts/requests.js';
import { threadsFact } from '../facts/threads.js';
import type { FactReader, Rule, WindowLoad } from '../types.js';
import { gcPressureOf } from './support/collections.js';
import { isSaturated, servingCpu, type ServingCpu } from './support/cpu.js';
import { aboveFloor, FLOOR_OWN_SHARE, LIGHT_REQUEST_MS } from './support/floor.js';
import { count, ms, percent } from './support/format.js';
import { absent, clamp, confidence, evidence, found, noData, optional } from './support/finding.js';
import { hottestOwn, namesCode } from './support/hot-code.js';
import { inFlight, meanLatencyMs } from './support/latency.js';
import { findStalls } from './support/stalls.js';

const id = 'healthy';
const title = 'Nothing worth mending';

/** Of the requests: error pages and lost requests say nothing about health. */
const ERRORS_AT_MOST = { non2xx: 0.05, failed: 0.01 };
/** With CPU to spare, a mean and a p99 that nobody would call slow, ms. */
const QUICK = { mean: 5, p99: 10 };

/** Fast for what it is: the CPU goes into the runtime and the kernel, or there is room and answers come at once. */
export const healthy: Rule = {
  id, title,
  diagnose(read) {
    const [requests, gathered] = [read(requestsFact), servingCpu(read)];
    if (!requests.ok) return noData(requests);
    if (!gathered.ok) return noData(gathered);
    const { headline, connections } = requests.value;
    const cpu = gathered.value;
    const latencyMs = meanLatencyMs(requests.value);
    const not = whyNot(read, headline);
    if (not) return absent(not);
    const state = isSaturated(cpu) ? atFloor(read, cpu) : atEase(cpu, headline, latencyMs);
    if ('not' in state) return absent(state.not);
    return found({
      id, title, kind: 'state',
      summary: `${count(headline.rps)} requests a second${latencyMs === null ? '' : `, mean ${ms(latencyMs)}`}: ${state.limit}`,
      confidence: state.confidence,
      cost: { share: 0, msPerRequest: 0 },
      evidence: [
        evidence(`${count(headline.rps)} requests a second over ${count(connections)} connections${requests.value.tool === 'none' ? '' : `, ${count(inFlight(requests.value))} in flight`}`, headline.rps, 'requests/s'),
        ...(headline.latencyMs ? [evidence(`latency p50 ${ms(headline.latencyMs.p50)}, p99 ${ms(headline.latencyMs.p99)}`, headline.latencyMs.p99, 'ms')] : []),
        evidence(`the serving ${cpu.limit} used ${percent(cpu.cpuShare)} of a core`, cpu.cpuShare, 'cores'),
        ...(cpu.msPerRequest === null ? [] : [evidence(`${ms(cpu.msPerRequest)} of CPU a request`, cpu.msPerRequest, 'ms/request')]),
        ...(state.own === null ? [] : [evidence(`${percent(state.own)} of the CPU in what is not the runtime's floor`, state.own, 'share')]),
      ],
      culprit: null,
      advice: [state.advice, 'Check: a hello-world server of the same runtime on this machine should not be much faster.'],
    });
  },
};

type State = { limit: string; advice: string; confidence: number; own: number | null } | { not: string };

function whyNot(read: FactReader, headline: WindowLoad): string | null {
  if (headline.completed <= 0) return 'no response came back';
  const failed = Object.values(headline.errors).reduce((a, b) => a + b, 0) + headline.timeouts;
  if (headline.non2xx / headline.completed >= ERRORS_AT_MOST.non2xx) return 'many responses were errors';
  if (failed / (headline.completed + failed) >= ERRORS_AT_MOST.failed) return 'requests failed or timed out';
  const gc = gcPressureOf(read);
  if (gc && 'share' in gc) return `garbage collection takes ${percent(gc.share)}`;
  const loop = optional(read(eventLoopFact));
  if (loop && findStalls(loop, optional(read(requestsFact)), optional(read(threadsFact))).kind === 'stalls') return 'the event loop stalls now and then';
  return null;
}

/** Out of CPU, but on the runtime's own account. */
function atFloor(read: FactReader, cpu: ServingCpu): State {
  const hot = optional(read(hotFunctionsFact));
  const named = hot !== null && namesCode(hot);
  const idleCores = optional(read(threadsFact))?.idleCores ?? 0;
  if (!named) return cpu.msPerRequest !== null && cpu.msPerRequest <= LIGHT_REQUEST_MS ? nameless(cpu.msPerRequest) : { not: 'out of CPU, and no profile says in what' };
  const own = aboveFloor(hot, cpu.msPerRequest);
  if (hottestOwn(hot)) return { not: 'one function holds the CPU' };
  if (own >= FLOOR_OWN_SHARE && idleCores >= 0.5) return { not: `${percent(own)} of the CPU is the app's and its packages', and other cores are idle` };
  return {
    own,
    limit: own < FLOOR_OWN_SHARE ? `the limit is the runtime itself: ${percent(1 - own)} of the CPU is the floor, its own, its framework's and the kernel's.`
      : 'the limit is the machine: all cores are full, and no function stands out.',
    advice: 'To go faster: more processes on more cores, or fewer bytes and headers a response; the code has nothing left to give.',
    confidence: confidence(0.63, [[own < FLOOR_OWN_SHARE, 0.25], [cpu.busy >= 0.9, 0.05]]),
  };
}

const nameless = (cpuMs: number): State => ({
  own: null, confidence: 0.6,
  limit: `the limit is the CPU, and a request takes only ${ms(cpuMs)} of it.`,
  advice: 'To go faster: more processes on more cores, or fewer bytes and headers a response.',
});

/** CPU to spare and quick answers: the load sets the rate. */
function atEase(cpu: ServingCpu, headline: WindowLoad, latencyMs: number | null): State {
  if (latencyMs === null) return { not: 'no latency was measured' };
  const p99 = headline.latencyMs?.p99 ?? null;
  if (latencyMs > QUICK.mean || (p99 !== null && p99 > QUICK.p99)) {
    return { not: `CPU to spare (${percent(cpu.busy)} of a core used), but a mean of ${ms(latencyMs)}${p99 === null ? '' : ` and a p99 of ${ms(p99)}`}` };
  }
  // Most of the latency is work: nothing is being waited for.
  const worked = cpu.msPerRequest === null ? null : clamp(cpu.msPerRequest / latencyMs);
  return {
    own: null,
    limit: `the load sets the rate; the server has ${percent(1 - cpu.busy)} of its core to spare.`,
    advice: 'To find its limit, drive it harder: more connections (-c), no --rate, a lighter generator (--load wrk).',
    confidence: confidence(0.65, [[p99 === null ? null : true, 0.1], [worked === null ? null : worked >= 0.2, 0.08], [latencyMs <= 1, 0.05]]),
  };
}
